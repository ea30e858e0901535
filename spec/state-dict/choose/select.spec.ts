import { expect } from 'chai';
import { selectNames } from '../../../src/state-dict/choose/select.js';
import { errorOf } from '../support.js';

const NAMES = ['encoder.gru.weight', 'encoder.gru2.weight', 'encoder.fc.bias', 'fc.bias', 'scale'];

describe('selectNames', () => {
  const select = (...paths: string[]) => selectNames('spec', NAMES, paths);

  it('takes what is at or below a path, in the order of the file', () => {
    expect(select('encoder.gru')).to.deep.equal(['encoder.gru.weight']);
    expect(select('scale', 'encoder.fc', 'fc.bias')).to.deep.equal(['encoder.fc.bias', 'fc.bias', 'scale']);
    expect(select('encoder', 'encoder.gru')).to.deep.equal(NAMES.slice(0, 3));
    expect(select('')).to.deep.equal(NAMES);
    expect(selectNames('spec', NAMES, undefined)).to.equal(NAMES);
  });

  it('names a path that nothing is below, and what comes near', () => {
    const fault = (...paths: string[]) => errorOf(() => select(...paths));
    expect(fault('scale', 'gru')).to.be.instanceOf(RangeError);
    expect(fault('scale', 'gru').message).to.equal(
      'spec: select: expected module paths of tensors, got "gru". There are "encoder.gru"',
    );
    expect(fault('module.fc').message).to.match(/got "module.fc". There are "encoder.fc", "fc"$/);
    expect(fault('encoder.g').message).to.match(/There are "encoder", "fc", "scale"$/);
    const many = Array.from({ length: 20 }, (_, i) => `layer${i}.w`);
    expect(errorOf(() => selectNames('spec', many, ['x'])).message).to.match(/"layer7", ... 20 in all$/);
    expect(errorOf(() => selectNames('spec', [], ['x'])).message).to.match(/got "x"$/);
  });
});

import { expect } from 'chai';
import { checkModulePath, joinPath, lastPart, parentPath } from '../../src/state-dict/keys.js';

describe('joinPath', () => {
  it('puts a dot between two paths, and none beside the root', () => {
    expect(joinPath('encoder', 'gru')).to.equal('encoder.gru');
    expect(joinPath('', 'gru')).to.equal('gru');
    expect(joinPath('gru', '')).to.equal('gru');
  });
});

describe('parentPath and lastPart', () => {
  it('take a key apart at its last dot', () => {
    const keys = ['encoder.0.weight', 'gru.weight_ih_l0', 'weight', '.weight', ''];
    expect(keys.map(parentPath)).to.deep.equal(['encoder.0', 'gru', '', '', '']);
    for (const key of keys) expect(joinPath(parentPath(key), lastPart(key))).to.equal(key);
    expect(keys.map(lastPart)).to.deep.equal(['weight', 'weight_ih_l0', 'weight', '.weight', '']);
  });
});

describe('checkModulePath', () => {
  it('accepts the root and dotted paths', () => {
    for (const path of ['', 'gru', 'encoder.0.gru'])
      expect(() => checkModulePath('f', 'prefix', path)).not.to.throw();
  });

  it('throws RangeError for a dot at either end', () => {
    for (const path of ['gru.', '.gru'])
      expect(() => checkModulePath('f', 'prefix', path)).to.throw(
        RangeError,
        `f: prefix: expected a module path without a dot at its end, such as "encoder.gru", got "${path}"`,
      );
  });

  it('throws TypeError for anything but a string', () => {
    expect(() => checkModulePath('f', 'prefix', 3)).to.throw(
      TypeError,
      'f: prefix: expected a module path, got 3',
    );
  });
});

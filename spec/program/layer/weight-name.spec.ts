import { expect } from 'chai';
import { weightName } from '../../../src/program/layer/weight-name.js';

describe('names of weights', () => {
  it('are those of torch, with what tfjs refuses as numbers', () => {
    expect(weightName('encoder.gru.weight_ih_l0')).to.equal('encoder.gru.weight_ih_l0');
    expect(weightName('_w')).to.equal('u5f-w');
    expect(weightName('a/b')).to.equal('au2f-b');
  });

  it('differ where those of torch differ', () => {
    const names = ['a/b', 'au2f-b', 'au75-2f-b', 'a\u2f00b', 'u2f-', '/', 'u/', 'uu2f-', 'u2/', 'u2u2f-'];
    expect(new Set(names.map(weightName)).size).to.equal(names.length);
  });
});

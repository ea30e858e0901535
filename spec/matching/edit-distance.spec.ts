import { expect } from 'chai';
import { isWithinEditDistance } from '../../src/matching/edit-distance.js';

describe('isWithinEditDistance', () => {
  it('counts characters inserted, deleted and replaced', () => {
    for (const [a, b, edits] of [
      ['', '', 0],
      ['gru', 'gru', 0],
      ['gru', 'gr', 1],
      ['gr', 'gru', 1],
      ['gru', 'gxu', 1],
      ['inspect', 'inpsect', 2],
      ['lstm', 'rnn', 4],
    ] as const) {
      expect(isWithinEditDistance(edits, a, b), `${a} ${b}`).to.equal(true);
      if (edits > 0) expect(isWithinEditDistance(edits - 1, a, b), `${a} ${b}`).to.equal(false);
    }
  });
});

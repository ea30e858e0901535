import { expect } from 'chai';
import { isWithin } from '../../src/matching/edits.js';

describe('isWithin', () => {
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
      expect(isWithin(edits, a, b), `${a} ${b}`).to.equal(true);
      if (edits > 0) expect(isWithin(edits - 1, a, b), `${a} ${b}`).to.equal(false);
    }
  });
});

import { expect } from 'chai';
import { worstError } from '../../../src/cli/verify/compare.js';

const f = (...values: number[]) => Float32Array.from(values);

describe('worstError', () => {
  it('is the largest difference, with its index and both numbers', () => {
    expect(worstError(f(1, 2, 3, 4, 5, 6), f(1, 2.5, 3, 4, 3, 6), [2, 3])).to.deep.equal({
      error: 2,
      index: [1, 1],
      actual: 5,
      expected: 3,
    });
    expect(worstError(f(1, -1), f(0, 0), [2]).index).to.deep.equal([0]);
    expect(worstError(f(1), f(0.5), []).index).to.deep.equal([]);
  });

  it('is infinite where one alone is NaN or infinite, and 0 where both are the same', () => {
    expect(worstError(f(0, NaN), f(9, 0), [2])).to.deep.include({ error: Infinity, index: [1] });
    expect(worstError(f(0), f(NaN), [1]).error).to.equal(Infinity);
    expect(worstError(f(Infinity), f(-Infinity), [1]).error).to.equal(Infinity);
    expect(worstError(f(NaN, Infinity, -0), f(NaN, Infinity, 0), [3]).error).to.equal(0);
  });

  it('is 0 of an empty shape', () => {
    expect(worstError(f(), f(), [0, 3])).to.deep.include({ error: 0, index: [] });
  });
});

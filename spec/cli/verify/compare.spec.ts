import { expect } from 'chai';
import { compare, type Steps } from '../../../src/cli/verify/compare.js';

const f = (...values: number[]) => Float32Array.from(values);

function compared(actual: Float32Array, expected: Float32Array, shape: number[], allowed = 0, steps?: Steps) {
  return compare(actual, expected, new Float64Array(actual.length).fill(allowed), shape, steps);
}

describe('compare', () => {
  it('tells the largest error, its index and both numbers', () => {
    const { worst } = compared(f(1, 2, 3, 4, 5, 6), f(1, 2.5, 3, 4, 3, 6), [2, 3], 3);
    expect(worst).to.deep.equal({ error: 2, allowed: 3, index: [1, 1], actual: 5, expected: 3 });
    expect(compared(f(1, -1), f(0, 0), [2]).worst.index).to.deep.equal([0]);
    expect(compared(f(1), f(0.5), []).worst.index).to.deep.equal([]);
  });

  it('counts the values beyond what is allowed of each, and tells the largest error of those', () => {
    const allowed = f(0.1, 0.1, 9, 0.1);
    const { count, exceeding, worst } = compare(f(0, 0.5, 7, 0.2), f(0, 0, 0, 0), allowed, [4], undefined);
    expect({ count, exceeding, index: worst.index }).to.deep.equal({ count: 4, exceeding: 2, index: [1] });
  });

  it('tells from which step on they are, wherever the steps lie', () => {
    const [actual, zeros] = [f(0, 0, 0, 0, 0, 1, 0, 1), new Float32Array(8)];
    const first = (axis: number) =>
      compared(actual, zeros, [2, 2, 2], 0.5, { axis, directions: 1 }).firstStep;
    expect([first(0), first(1)]).to.deep.equal([1, 0]);
    expect(compared(zeros, zeros, [2, 2, 2], 0, { axis: 0, directions: 1 })).to.not.have.property(
      'firstStep',
    );
    expect(compared(actual, zeros, [2, 2, 2])).to.not.have.property('firstStep');
  });

  it('has an infinite error where one alone is NaN or infinite, and none where both are the same', () => {
    expect(compared(f(0, NaN), f(9, 0), [2]).worst).to.deep.include({ error: Infinity, index: [1] });
    expect(compared(f(0), f(NaN), [1]).worst.error).to.equal(Infinity);
    expect(compared(f(Infinity), f(-Infinity), [1]).worst.error).to.equal(Infinity);
    expect(compared(f(NaN, Infinity, -0), f(NaN, Infinity, 0), [3])).to.deep.include({ exceeding: 0 });
  });
});

import { expect } from 'chai';
import { groupByBytes } from '../../../examples/language-id/web/file/reading/group.js';
import { describeValues } from '../../../examples/language-id/web/file/reading/values.js';

describe("examples/language-id: the page's values of tensors", () => {
  it('have a range, a mean, a deviation and bins of equal width', () => {
    const { bins, ...values } = describeValues(Float32Array.of(0, 1, 2, 3, 48));
    expect(values).to.deep.include({ count: 5, min: 0, max: 48, notFinite: 0, mean: 10.8 });
    expect(values.deviation).to.be.closeTo(18.627, 1e-3);
    expect(bins).to.have.length(48);
    expect(bins.slice(0, 5)).to.deep.equal([1, 1, 1, 1, 0]);
    expect(bins[47], 'the largest value is in the last bin').to.equal(1);
  });

  it('of one value alone are one bin', () => {
    expect(describeValues(Float32Array.of(2, 2)).bins).to.deep.equal([2]);
  });

  it('leave out what is not finite, and count it', () => {
    const values = describeValues(Float32Array.of(Number.NaN, 1, Infinity, 3));
    expect(values).to.include({ count: 4, min: 1, max: 3, mean: 2, deviation: 1, notFinite: 2 });
    expect(describeValues(Float32Array.of(Number.NaN))).to.deep.include({
      min: Number.NaN,
      notFinite: 1,
      bins: [],
    });
  });

  it('of no values are empty', () => {
    expect(describeValues(new Float32Array())).to.deep.include({ count: 0, bins: [] });
  });
});

describe('examples/language-id: tensors that the page reads together', () => {
  const grouped = (sizes: readonly number[]) => groupByBytes(sizes, (size) => size, 10);

  it('are as many as fit, in their order', () => {
    expect(grouped([4, 6, 1, 9, 10, 2])).to.deep.equal([[4, 6], [1, 9], [10], [2]]);
  });

  it('are one alone where it is larger', () => {
    expect(grouped([1, 30, 2, 3])).to.deep.equal([[1], [30], [2, 3]]);
  });

  it('are none of none', () => {
    expect(grouped([])).to.deep.equal([]);
  });
});

import { expect } from 'chai';
import { identical, permuted } from '../../src/matching/layout.js';

describe('permuted', () => {
  it('transposes a matrix and its shape', () => {
    const { torchShape, toLayer } = permuted([1, 0]);
    expect(torchShape([3, 2])).to.deep.equal([2, 3]);
    const values = Float32Array.of(11, 12, 13, 21, 22, 23);
    expect([...toLayer({ shape: [2, 3], values }, [3, 2])]).to.deep.equal([11, 21, 12, 22, 13, 23]);
  });

  it('moves every element of a rank-4 tensor to its place, and back', () => {
    const axes = [2, 3, 1, 0];
    const layout = permuted(axes);
    const shape = [2, 3, 4, 5];
    const layerShape = axes.map((axis) => shape[axis]);
    const values = Float32Array.from({ length: 120 }, (_, i) => i);
    const moved = layout.toLayer({ shape, values }, layerShape);
    const [h, w, c, o] = [3, 1, 2, 1];
    expect(moved[((h * 5 + w) * 3 + c) * 2 + o]).to.equal(((o * 3 + c) * 4 + h) * 5 + w);
    expect(layout.toTorch(moved, layerShape)).to.deep.equal({ shape, values });
  });

  it('keeps unknown sizes unknown', () => {
    expect(permuted([2, 1, 0]).torchShape([2, null, 5])).to.deep.equal([5, null, 2]);
  });

  it('takes empty tensors', () => {
    const values = new Float32Array(0);
    expect(permuted([1, 0]).toLayer({ shape: [0, 3], values }, [3, 0])).to.deep.equal(values);
  });
});

describe('identical', () => {
  it('copies, so that neither side sees what happens to the other', () => {
    const values = Float32Array.of(1, 2);
    const layer = identical.toLayer({ shape: [2], values }, [2]);
    const torch = identical.toTorch(values, [2]);
    values.fill(0);
    expect([...layer]).to.deep.equal([1, 2]);
    expect([...(torch?.values ?? [])]).to.deep.equal([1, 2]);
  });
});

import {
  expandDims,
  matMul,
  mul,
  reshape,
  squeeze,
  sum,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
} from '@tensorflow/tfjs-core';
import { constantOf } from './empty.js';
import { usingUp, usingUpAll } from './in-turn.js';
import { commonShape, expand } from './shape/expand.js';

/**
 * `torch.matmul`: the product of vectors, of matrices, or of batches of matrices, whose leading axes broadcast. Call inside `tidy`.
 *
 * @param a float32 or int32.
 * @param b of the dtype of a.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.matmul.html
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  if (a.rank === 1)
    return usingUp(
      a,
      (row) => expandDims(row, 0),
      (row) => matmul(row, b),
      (y) => squeeze(y, [b.rank === 1 ? 0 : b.rank - 2]),
    );
  if (b.rank === 1)
    return usingUp(
      b,
      (column) => expandDims(column, 1),
      (column) => matmul(a, column),
      (y) => squeeze(y, [a.rank - 1]),
    );
  const [rows, inner] = a.shape.slice(-2) as [number, number];
  const columns = b.shape.at(-1) as number;
  const batch = commonShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const shape = [...batch, rows, columns];
  if (a.size === 0 || b.size === 0) return constantOf(shape, [a, b], 0, a.dtype);
  if (a.dtype === 'int32') return productOfIntegers(a, b);
  if (b.size === inner * columns) {
    return usingUpAll(
      [a, b],
      (x) => reshape(x, [-1, x.shape.at(-1) as number]),
      (all, matrix) => matMul(all as Tensor2D, matrix as Tensor2D),
      (flat) => reshape(flat, shape),
    );
  }
  const matrices = (x: Tensor) =>
    usingUp(
      x,
      (value) => expand(value, [...batch, ...x.shape.slice(-2)]),
      (value) => reshape(value, [-1, ...x.shape.slice(-2)]),
    );
  return usingUpAll(
    [a, b],
    matrices,
    (left, right) => matMul(left as Tensor3D, right as Tensor3D),
    (product) => reshape(product, shape),
  );
}

/** Exact, which products of floats are not beyond 2^24; wasm has those of floats alone. */
function productOfIntegers(a: Tensor, b: Tensor): Tensor {
  return sum(mul(expandDims(a, -1), expandDims(b, -3)), -2);
}

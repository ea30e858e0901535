/**
 * Rows of a tensor `[N, B, H]`, differentiable and for any N and B. The cpu backend cannot slice an empty tensor that
 * another op made (tfjs 4.22), so an empty batch is only reshaped.
 */

import {
  reshape,
  slice,
  stack,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  unstack,
} from '@tensorflow/tfjs-core';

/** Rows `begin` to `begin + count`. */
export function sliceRows(x: Tensor3D, begin: number, count: number): Tensor3D {
  const [, batch, size] = x.shape;
  return batch === 0 ? reshape(x, [count, 0, size]) : slice(x, [begin, 0, 0], [count, batch, size]);
}

/** The matrices `x[0]`, `x[1]`, ... */
export function unstackRows(x: Tensor): Tensor2D[] {
  const [count, batch, size] = x.shape as [number, number, number];
  if (batch === 0) return Array.from({ length: count }, () => reshape(x, [0, size]));
  // tf.unstack's own gradient breaks at N = 1: the engine passes it the one gradient bare, where it stacks a list.
  return count === 1 ? [reshape(x, [batch, size])] : (unstack(x) as Tensor2D[]);
}

/** Stacks matrices into `[N, B, C]`. */
export function stackRows(rows: readonly Tensor2D[]): Tensor3D {
  // The gradient of tf.stack is tf.unstack: at N = 1 it would have no gradient of its own.
  const [first] = rows as [Tensor2D];
  return rows.length === 1 ? reshape(first, [1, ...first.shape]) : (stack([...rows]) as Tensor3D);
}

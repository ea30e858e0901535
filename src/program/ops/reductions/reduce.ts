/** What all reductions share: their axes, the shape of the result, and tensors without axes or elements. */

import { type DataType, reshape, type Tensor, util } from '@tensorflow/tfjs-core';
import { message, showShape } from '../../../check.js';
import { constantOf } from '../../../nn/empty.js';
import { reducedAxes } from '../shared/axes.js';
import type { Call } from '../types.js';

/** Axes as torch takes them: a number, several, or none, which are all. */
export type Dim = number | readonly number[] | null;

/** Of an input: the axes that are reduced, how many elements meet in one result, and the shape of the result. */
export function reductionOf(x: Tensor, dim: Dim, keepdim: boolean) {
  const axes = reducedAxes(typeof dim === 'number' ? [dim] : dim, x.rank);
  const count = util.sizeFromShape(axes.map((axis) => x.shape[axis] as number));
  const shape = x.shape.flatMap((size, i) => (!axes.includes(i) ? [size] : keepdim ? [1] : []));
  return { axes, count, shape };
}

/**
 * Reduces a tensor.
 *
 * @param compute gets a tensor with one axis at least, and what to reduce; it may leave sizes of 1 or not.
 * @param ofNothing the result where no element meets in it, or the call that then has none.
 * @param dtype that of such a result.
 */
export function reduce(
  x: Tensor,
  dim: Dim,
  keepdim: boolean,
  compute: (x: Tensor, axes: number[]) => Tensor,
  ofNothing: number | Call,
  dtype: DataType = x.dtype,
): Tensor {
  const { axes, count, shape } = reductionOf(x, dim, keepdim);
  if (x.size === 0) {
    if (typeof ofNothing === 'number') return constantOf(shape, [x], ofNothing, dtype);
    if (count > 0) return constantOf(shape, [x], 0, dtype);
    throw new RangeError(message(ofNothing.where, 'self', 'elements along the axes', showShape(x.shape)));
  }
  const y = x.rank === 0 ? compute(reshape(x, [1]), [0]) : compute(x, axes);
  return reshape(y, shape);
}

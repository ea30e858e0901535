/** A mask `[B, T]` of a sequence, as tf.layers passes it. */

import { less, ones, range, reshape, type Tensor, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';

export type Mask = Tensor | null | undefined;

/** The mask of the first input, x; masks of initial states have no meaning. */
export function firstMask(mask: Mask | Mask[]): Mask {
  return Array.isArray(mask) ? mask[0] : mask;
}

/**
 * Whether a mask fits a sequence `[B, T, ...]`. Each merge layer of tfjs 4.22 puts an axis of size 1 in front of it.
 * The executor of a nested model disposes its masks and still passes them on: a disposed one does not fit.
 */
export function maskFits(mask: Mask, [batch, steps]: Shape): mask is Tensor {
  if (!mask || mask.isDisposed) return false;
  const shape = mask.shape.slice(-2);
  const isFilled = mask.shape.slice(0, -2).every((size) => size === 1);
  return isFilled && shape.length === 2 && shape[0] === batch && shape[1] === steps;
}

/** A mask that fits, as `[B, T]`; the same tensor where it is that already. Call inside `tidy`. */
export function sequenceMask(mask: Tensor): Tensor2D {
  return (mask.rank === 2 ? mask : reshape(mask, mask.shape.slice(-2) as [number, number])) as Tensor2D;
}

/** The bool mask `[B, T]` of lengths `[B]`; of undefined, whose rows have all T steps. Call inside `tidy`. */
export function maskOfLengths(lengths: Tensor1D | undefined, batch: number, steps: number): Tensor2D {
  if (lengths === undefined) return ones([batch, steps], 'bool');
  return less(range(0, steps, 1, 'int32'), reshape(lengths, [batch, 1]));
}

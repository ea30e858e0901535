/** A mask `[B, T]` of a sequence, as tf.layers passes it. */

import { reshape, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';

export type Mask = Tensor | null | undefined;

/** The mask of the first input, x; masks of initial states have no meaning. */
export function firstMask(mask: Mask | Mask[]): Mask {
  return Array.isArray(mask) ? mask[0] : mask;
}

/**
 * Whether a mask fits a batch-first sequence `[B, T, I]`. The merge layers of tfjs 4.22 make it `[1, B, T]`.
 * The executor of a nested model disposes its masks and still passes them on: a disposed one does not fit.
 */
export function maskFits(mask: Mask, x: Tensor): mask is Tensor {
  if (!mask || mask.isDisposed) return false;
  const shape = mask.rank === 3 && mask.shape[0] === 1 ? mask.shape.slice(1) : mask.shape;
  return shape.length === 2 && shape[0] === x.shape[0] && shape[1] === x.shape[1];
}

/** A mask that fits, as `[B, T]`. Call inside `tidy`. */
export function sequenceMask(mask: Tensor, x: Tensor): Tensor2D {
  return reshape(mask, [x.shape[0], x.shape[1] as number]);
}

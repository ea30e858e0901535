/**
 * The lengths of a call, for cuDNN: each 1..T. A row of length 0 is computed as one of length 1, and what the call gives for it is
 * put in its place: zeros, and its initial states. The data stay on the device, so nothing tells of a length beyond 0..T there: one below
 * counts as 0, one above as T.
 */

import {
  clipByValue,
  fill,
  greater,
  less,
  range,
  reshape,
  type Tensor,
  type Tensor1D,
  type Tensor3D,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';

export interface Rows {
  /** `[B]`, each 1..T. */
  readonly lengths: Tensor1D;
  /** Zeros in the steps past each row's length, of a sequence `[B, T, ·]`: padding may hold anything, NaN included. */
  mask(sequence: Tensor3D): Tensor3D;
  /** `a` in the rows with steps and `b` in the others, of states `[L*D, B, H]`. */
  select(a: Tensor, b: Tensor): Tensor;
}

/** @param given undefined where every row has all steps. Call inside `tidy`. */
export function rowsOf(given: Tensor1D | undefined, batch: number, steps: number): Rows {
  if (given === undefined)
    return { lengths: fill([batch], steps, 'int32'), mask: (sequence) => sequence, select: (a) => a };
  const isStep = less(reshape(range(0, steps, 1, 'int32'), [1, steps, 1]), reshape(given, [batch, 1, 1]));
  const hasSteps = greater(reshape(given, [1, batch, 1]), 0);
  return {
    lengths: clipByValue(given, 1, steps),
    mask: (sequence) => where(isStep, sequence, zerosLike(sequence)),
    select: (a, b) => where(hasSteps, a, b),
  };
}

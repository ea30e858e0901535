/** Sequences as images of one row, over which tf's kernels slide. */

import { reshape, type Tensor, type Tensor3D, type Tensor4D } from '@tensorflow/tfjs-core';
import { usingUp } from '../in-turn.js';
import type { Windows } from './convolve.js';
import type { Window } from './window.js';

/** `[B, T, C]` as `[B, 1, T, C]`. */
function asRow(x: Tensor3D): Tensor4D {
  const [batch, steps, channels] = x.shape;
  return reshape(x, [batch, 1, steps, channels]);
}

/** `[B, 1, T, C]` as `[B, T, C]`. */
function stepsOf(row: Tensor4D): Tensor3D {
  const [batch, , steps, channels] = row.shape;
  return reshape(row, [batch, steps, channels]);
}

/** What images of one row compute for steps `[B, T, C]`, and a kernel `[k, ...]` as one of `[1, k, ...]`. */
export function inOneRow(
  steps: Tensor3D,
  kernel: Tensor3D,
  compute: (row: Tensor4D, taps: Tensor4D) => Tensor,
): Tensor3D {
  return usingUp(
    steps,
    (value) => asRow(value as Tensor3D),
    (row) =>
      usingUp(
        kernel,
        (taps) => reshape(taps, [1, ...kernel.shape]),
        (taps) => compute(row as Tensor4D, taps as Tensor4D),
      ),
    (row) => stepsOf(row as Tensor4D),
  ) as Tensor3D;
}

/** The window of T beside that of the one row, which has the same stride: some kernels take equal ones alone. */
export function rowOf(windows: readonly Window[]): Windows {
  const [window] = windows as [Window];
  return [{ size: 1, stride: window.stride, dilation: 1, before: 0, after: 0 }, window];
}

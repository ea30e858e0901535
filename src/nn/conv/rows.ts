/** Sequences as images of one row, over which tf's kernels slide. */

import { reshape, type Tensor3D, type Tensor4D } from '@tensorflow/tfjs-core';
import type { Windows } from './convolve.js';
import type { Window } from './window.js';

/** `[B, T, C]` as `[B, 1, T, C]`. */
export function asRow(x: Tensor3D): Tensor4D {
  const [batch, steps, channels] = x.shape;
  return reshape(x, [batch, 1, steps, channels]);
}

/** `[B, 1, T, C]` as `[B, T, C]`. */
export function stepsOf(row: Tensor4D): Tensor3D {
  const [batch, , steps, channels] = row.shape;
  return reshape(row, [batch, steps, channels]);
}

/** The window of T beside that of the one row, which has the same stride: some kernels take equal ones alone. */
export function rowOf(windows: readonly Window[]): Windows {
  const [window] = windows as [Window];
  return [{ size: 1, stride: window.stride, dilation: 1, before: 0, after: 0 }, window];
}

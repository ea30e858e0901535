import { type Tensor1D, type Tensor3D, tidy } from '@tensorflow/tfjs-core';
import { inChannelsLast } from '../data-format.js';
import type { ConvOptions } from './conv2d.js';
import { convolve } from './convolve.js';
import { inOneRow, rowOf } from './rows.js';
import { windowsOf } from './window.js';

/**
 * `torch.nn.functional.conv1d`: `y[b, t, o] = bias[o] + sum over u, c of x[b, t*s + u*d - p, c] * kernel[u, c, o]`, where c
 * counts the channels of o's group.
 *
 * @param x float32 `[B, T, I]`, or `[B, I, T]` with channelsFirst.
 * @param kernel `[k, I / groups, O]`: torch's weight `[O, I / groups, k]` with its axes in the order of tf.
 * @returns `[B, T', O]` or `[B, O, T']`; the caller disposes it.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv1d.html
 */
export function conv1d(
  x: Tensor3D,
  kernel: Tensor3D,
  bias: Tensor1D | undefined,
  { groups = 1, dataFormat = 'channelsLast', ...window }: ConvOptions = {},
): Tensor3D {
  const [size] = kernel.shape;
  const windows = rowOf(windowsOf('conv1d', [size], window));
  return tidy(() =>
    inChannelsLast(x, dataFormat, (steps) =>
      inOneRow(steps, kernel, (row, taps) => convolve(row, taps, bias, windows, groups)),
    ),
  );
}

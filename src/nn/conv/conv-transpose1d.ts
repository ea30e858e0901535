import { type Tensor1D, type Tensor3D, tidy } from '@tensorflow/tfjs-core';
import { inChannelsLast } from '../data-format.js';
import type { ConvTransposeOptions } from './conv-transpose2d.js';
import { convolveTransposed } from './convolve-transposed.js';
import { inOneRow, rowOf } from './rows.js';
import { perAxis, windowsOf } from './window.js';

/**
 * `torch.nn.functional.conv_transpose1d`: `y[b, t*s + u*d - p, o]` gets `x[b, t, c] * kernel[u, o, c]` of every t, u and c of
 * o's group; then `bias[o]` is added.
 *
 * @param x float32 `[B, T, I]`, or `[B, I, T]` with channelsFirst.
 * @param kernel `[k, O / groups, I]`: torch's weight `[I, O / groups, k]` with its axes in the order of tf.
 * @returns `[B, (T - 1)*s + d*(k - 1) + 1 - 2*p + outputPadding, O]`, or with O before it; the caller disposes it.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose1d.html
 */
export function convTranspose1d(
  x: Tensor3D,
  kernel: Tensor3D,
  bias: Tensor1D | undefined,
  { groups = 1, dataFormat = 'channelsLast', outputPadding = 0, ...window }: ConvTransposeOptions = {},
): Tensor3D {
  const [size] = kernel.shape;
  const windows = rowOf(windowsOf('convTranspose1d', [size], window));
  const beyond = [0, perAxis(outputPadding, 1)[0] as number] as const;
  return tidy(() =>
    inChannelsLast(x, dataFormat, (steps) =>
      inOneRow(steps, kernel, (row, taps) => convolveTransposed(row, taps, bias, windows, beyond, groups)),
    ),
  );
}

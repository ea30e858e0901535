import { type Tensor1D, type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import { inChannelsLast } from '../data-format.js';
import { usingUp } from '../in-turn.js';
import type { ConvOptions } from './conv2d.js';
import type { Windows } from './convolve.js';
import { convolveTransposed } from './convolve-transposed.js';
import { perAxis, windowsOf } from './window.js';

/** Arguments of a transposed convolution. */
export interface ConvTransposeOptions extends ConvOptions {
  /** Steps added at the end of the output, below the stride or the dilation. @default 0 */
  readonly outputPadding?: number | readonly number[] | undefined;
}

/**
 * `torch.nn.functional.conv_transpose2d`: `y[b, i*s + u*d - p, j*s + v*d - p, o]` gets `x[b, i, j, c] * kernel[u, v, o, c]`
 * of every i, j, u, v and c of o's group; then `bias[o]` is added.
 *
 * @param x float32 `[B, H, W, I]`, or `[B, I, H, W]` with channelsFirst.
 * @param kernel `[kh, kw, O / groups, I]`: torch's weight `[I, O / groups, kh, kw]` with its axes in the order of tf.
 * @returns `[B, (H - 1)*s + d*(kh - 1) + 1 - 2*p + outputPadding, ..., O]`, or with O before it; the caller disposes it.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose2d.html
 */
export function convTranspose2d(
  x: Tensor4D,
  kernel: Tensor4D,
  bias: Tensor1D | undefined,
  { groups = 1, dataFormat = 'channelsLast', outputPadding = 0, ...window }: ConvTransposeOptions = {},
): Tensor4D {
  const windows = windowsOf('convTranspose2d', kernel.shape.slice(0, 2), window) as unknown as Windows;
  const beyond = perAxis(outputPadding, 2) as [number, number];
  return tidy(() =>
    inChannelsLast(
      x,
      dataFormat,
      (images) =>
        usingUp(kernel, (taps) =>
          convolveTransposed(images, taps as Tensor4D, bias, windows, beyond, groups),
        ) as Tensor4D,
    ),
  );
}

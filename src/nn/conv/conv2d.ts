import { type Tensor1D, type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import { type DataFormat, inChannelsLast } from '../data-format.js';
import { usingUp } from '../in-turn.js';
import { convolve, type Windows } from './convolve.js';
import { type WindowOptions, windowsOf } from './window.js';

/** Arguments of a convolution. */
export interface ConvOptions extends WindowOptions {
  /** Blocks of channels, each of which sees its own alone. @default 1 */
  readonly groups?: number | undefined;
  /** @default 'channelsLast' */
  readonly dataFormat?: DataFormat | undefined;
}

/**
 * `torch.nn.functional.conv2d`: `y[b, i, j, o] = bias[o] + sum over u, v, c of x[b, i*s + u*d - p, j*s + v*d - p, c] *
 * kernel[u, v, c, o]`, where c counts the channels of o's group.
 *
 * @param x float32 `[B, H, W, I]`, or `[B, I, H, W]` with channelsFirst.
 * @param kernel `[kh, kw, I / groups, O]`: torch's weight `[O, I / groups, kh, kw]` with its axes in the order of tf.
 * @returns `[B, H', W', O]` or `[B, O, H', W']`; the caller disposes it.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html
 */
export function conv2d(
  x: Tensor4D,
  kernel: Tensor4D,
  bias: Tensor1D | undefined,
  { groups = 1, dataFormat = 'channelsLast', ...window }: ConvOptions = {},
): Tensor4D {
  const windows = windowsOf('conv2d', kernel.shape.slice(0, 2), window) as unknown as Windows;
  return tidy(() =>
    inChannelsLast(
      x,
      dataFormat,
      (images) =>
        usingUp(kernel, (taps) => convolve(images, taps as Tensor4D, bias, windows, groups)) as Tensor4D,
    ),
  );
}

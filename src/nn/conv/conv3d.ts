import { reshape, type Tensor, type Tensor1D, type Tensor4D, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { takeAlong } from '../indexing/along.js';
import { padWith } from '../pad.js';
import { permute } from '../shape/permute.js';
import type { ConvOptions } from './conv2d.js';
import { convolve, type Windows } from './convolve.js';
import { stepsAfter, tapPlaces, type Window, windowsOf } from './window.js';

/**
 * `torch.nn.functional.conv3d`, as conv2d over images whose channels are those of all taps along D: not every backend has tf.conv3d.
 *
 * @param x float32 `[B, I, D, H, W]`.
 * @param kernel torch's weight, `[O, I / groups, kd, kh, kw]`.
 * @returns `[B, O, D', H', W']`; the caller disposes it.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv3d.html
 */
export function conv3d(
  x: Tensor,
  kernel: Tensor,
  bias: Tensor1D | undefined,
  { groups = 1, ...window }: Omit<ConvOptions, 'dataFormat'> = {},
): Tensor {
  const windows = windowsOf('conv3d', kernel.shape.slice(2), window);
  const [along, ...plane] = windows as [Window, ...Window[]];
  return tidy(() => {
    const images = withTaps(permute(x, [0, 2, 3, 4, 1]), along);
    const [outputs, inputs, , ...sizes] = kernel.shape as [number, number, number, ...number[]];
    const taps = reshape(permute(kernel, [3, 4, 1, 2, 0]), [...sizes, inputs * along.size, outputs]);
    const y = convolve(images, taps as Tensor4D, bias, plane as unknown as Windows, groups);
    return permute(reshape(y, [x.shape[0] as number, -1, ...y.shape.slice(1)]), [0, 4, 1, 2, 3]);
  });
}

/** `[B, D, H, W, I]` as `[B * D', H, W, I * kd]`. */
function withTaps(x: Tensor, window: Window): Tensor4D {
  const { size, before, after } = window;
  const [batch, depth, height, width, inputs] = x.shape as [number, number, number, number, number];
  const lines = reshape(x, [batch, depth, height * width * inputs]);
  const padded = padWith(
    lines,
    [
      [0, 0],
      [before, after],
      [0, 0],
    ],
    0,
  );
  const steps = stepsAfter(depth, window);
  const taps = reshape(takeAlong(padded, 1, tensor1d(tapPlaces(steps, window), 'int32')), [
    batch * steps,
    size,
    -1,
  ]);
  return reshape(permute(taps, [0, 2, 1]), [batch * steps, height, width, inputs * size]);
}

import {
  add,
  reshape,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  tensor1d,
  tidy,
} from '@tensorflow/tfjs-core';
import { addAlong } from '../indexing/along.js';
import { permute } from '../shape/permute.js';
import { sliceAlong } from '../shape/slice.js';
import type { ConvTransposeOptions } from './conv-transpose2d.js';
import type { Windows } from './convolve.js';
import { convolveTransposed } from './convolve-transposed.js';
import { perAxis, reachOf, stepsAfterTransposed, tapPlaces, type Window, windowsOf } from './window.js';

/**
 * `torch.nn.functional.conv_transpose3d`, as conv_transpose2d of each image to the channels of all taps along D, which are added up.
 *
 * @param x float32 `[B, I, D, H, W]`.
 * @param kernel torch's weight, `[I, O / groups, kd, kh, kw]`.
 * @returns `[B, O, D', H', W']`; the caller disposes it.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose3d.html
 */
export function convTranspose3d(
  x: Tensor,
  kernel: Tensor,
  bias: Tensor1D | undefined,
  { groups = 1, outputPadding = 0, ...window }: Omit<ConvTransposeOptions, 'dataFormat'> = {},
): Tensor {
  const windows = windowsOf('convTranspose3d', kernel.shape.slice(2), window);
  const [along, ...plane] = windows as [Window, ...Window[]];
  const [beyond, ...planeBeyond] = perAxis(outputPadding, 3) as [number, number, number];
  return tidy(() => {
    const [batch, inputs, depth, height, width] = x.shape as [number, number, number, number, number];
    const images = reshape(permute(x, [0, 2, 3, 4, 1]), [batch * depth, height, width, inputs]) as Tensor4D;
    const [, outputs, , high, wide] = kernel.shape as [number, number, number, number, number];
    const turned = permute(kernel, [3, 4, 1, 2, 0]);
    const taps = reshape(turned, [high, wide, outputs * along.size, inputs]) as Tensor4D;
    const spread = convolveTransposed(
      images,
      taps,
      undefined,
      plane as unknown as Windows,
      planeBeyond,
      groups,
    );
    const y = sumOfTaps(spread, batch, outputs * groups, along, beyond);
    return permute(bias ? add(y, bias) : y, [0, 4, 1, 2, 3]);
  });
}

/** `[B * D, H', W', O * kd]` as `[B, D', H', W', O]`. */
function sumOfTaps(x: Tensor4D, batch: number, outputs: number, window: Window, beyond: number): Tensor {
  const { size, stride, before } = window;
  const [images, height, width] = x.shape;
  const depth = images / batch;
  const taps = permute(reshape(x, [images, height * width * outputs, size]), [0, 2, 1]);
  const steps = stepsAfterTransposed(depth, window, beyond);
  const whole = Math.max((depth - 1) * stride + reachOf(window), before + steps);
  const sum = addAlong(
    reshape(taps, [batch, depth * size, height, width, outputs]),
    1,
    tensor1d(tapPlaces(depth, window), 'int32'),
    whole,
  );
  return sliceAlong(sum, 1, before, steps);
}

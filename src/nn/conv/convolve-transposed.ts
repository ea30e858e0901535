/** The transposed convolution of images `[B, H, W, C]` that conv-transpose1d.ts and conv-transpose2d.ts are made of. */

import {
  add,
  concat,
  conv2dTranspose,
  depthwiseConv2d,
  pad,
  reverse,
  slice,
  split,
  type Tensor1D,
  type Tensor4D,
  transpose,
} from '@tensorflow/tfjs-core';
import { usingUp } from '../in-turn.js';
import type { Windows } from './convolve.js';
import { dilateKernel, spreadSteps } from './dilate.js';
import { reachOf, stepsAfterTransposed, type Window } from './window.js';

/**
 * The gradient of a convolution by its input, as torch's conv_transpose2d. Call inside `tidy`.
 *
 * @param x float32 `[B, H, W, I]`.
 * @param kernel `[kh, kw, O / groups, I]`.
 * @param outputPadding steps that the output has behind those that the input determines, along H and W.
 * @returns `[B, H', W', O]`.
 */
export function convolveTransposed(
  x: Tensor4D,
  kernel: Tensor4D,
  bias: Tensor1D | undefined,
  windows: Windows,
  outputPadding: readonly [number, number],
  groups: number,
): Tensor4D {
  const taps = dilateKernel(kernel, windows.map(({ dilation }) => dilation) as [number, number]);
  const isDepthwise = groups > 1 && groups === x.shape[3];
  const slide = isDepthwise ? spreadDepthwise : groups === 1 ? spread : undefined;
  if (slide !== undefined) {
    return usingUp(
      x,
      (images) => slide(images as Tensor4D, taps, windows, outputPadding),
      (y) => (bias ? add(y, bias) : y),
    ) as Tensor4D;
  }
  const kernels = split(taps, groups, 3) as Tensor4D[];
  const parts = split(x, groups, 3) as Tensor4D[];
  const y = concat(
    parts.map((part, i) => spread(part, kernels[i] as Tensor4D, windows, outputPadding)),
    3,
  );
  return bias ? add(y, bias) : y;
}

type Pair = [number, number];

function spread(x: Tensor4D, kernel: Tensor4D, windows: Windows, outputPadding: readonly [number, number]) {
  const strides = windows.map(({ stride }) => stride) as Pair;
  const sizes = sizesAfter(x, windows, outputPadding);
  const shapeOf = ([height, width]: Pair): [number, number, number, number] => [
    x.shape[0],
    height,
    width,
    kernel.shape[2],
  ];
  // Every backend takes tf's own paddings alone, so what torch's padding takes away is cut off the whole.
  const isSame = windows.every((window, i) => isSameAs(window, x.shape[i + 1] as number, sizes[i] as number));
  if (isSame) return conv2dTranspose(x, kernel, shapeOf(sizes), strides, 'same');
  const whole = windows.map((window, i) => {
    const { stride } = window;
    const beyond = Math.min(outputPadding[i] as number, stride - 1);
    return ((x.shape[i + 1] as number) - 1) * stride + reachOf(window) + beyond;
  }) as Pair;
  return usingUp(
    x,
    (images) => conv2dTranspose(images as Tensor4D, kernel, shapeOf(whole), strides, 'valid'),
    (y) => cut(y as Tensor4D, windows, sizes),
  ) as Tensor4D;
}

/** Each channel by itself: the input, with zeros between its steps, under the kernel turned round. */
function spreadDepthwise(
  x: Tensor4D,
  kernel: Tensor4D,
  windows: Windows,
  outputPadding: readonly [number, number],
) {
  const turned = transpose(reverse(kernel, [0, 1]), [0, 1, 3, 2]);
  const sparse = spreadSteps(x, windows.map(({ stride }) => stride) as Pair);
  const reaches = windows.map((window) => reachOf(window) - 1) as Pair;
  const wide = pad(sparse, [
    [0, 0],
    [reaches[0], reaches[0]],
    [reaches[1], reaches[1]],
    [0, 0],
  ]);
  return cut(
    depthwiseConv2d(wide, turned, 1, 'valid'),
    windows,
    sizesAfter(x, windows, outputPadding),
  ) as Tensor4D;
}

function sizesAfter(x: Tensor4D, windows: Windows, outputPadding: readonly [number, number]): Pair {
  return windows.map((window, i) =>
    stepsAfterTransposed(x.shape[i + 1] as number, window, outputPadding[i] as number),
  ) as Pair;
}

/**
 * Whether tf's padding 'same' turns so many steps into as many as torch's padding does, and the same ones. Where the taps end
 * before the size does, the gradient is a convolution under 'same' that the wasm backend of tfjs 4.22 takes for zeros.
 */
function isSameAs(window: Window, steps: number, size: number): boolean {
  const { stride, before } = window;
  const total = (steps - 1) * stride + reachOf(window) - size;
  return Math.ceil(size / stride) === steps && total === 2 * before;
}

/** The steps behind the padding; zeros where the output goes on beyond the last tap. */
function cut(y: Tensor4D, [rows, columns]: Windows, [height, width]: Pair): Tensor4D {
  const [batch, fullHeight, fullWidth, channels] = y.shape;
  const lacking = [rows.before + height - fullHeight, columns.before + width - fullWidth].map((steps) =>
    Math.max(steps, 0),
  ) as Pair;
  const isWhole = rows.before + columns.before === 0 && fullHeight === height && fullWidth === width;
  if (isWhole) return y;
  const whole = lacking.some((steps) => steps > 0)
    ? pad(y, [
        [0, 0],
        [0, lacking[0]],
        [0, lacking[1]],
        [0, 0],
      ])
    : y;
  return slice(whole, [0, rows.before, columns.before, 0], [batch, height, width, channels]);
}

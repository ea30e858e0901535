/** The convolution of images `[B, H, W, C]` that conv1d.ts and conv2d.ts are made of. */

import {
  add,
  avgPool,
  batchToSpaceND,
  concat,
  conv2d,
  depthwiseConv2d,
  engine,
  fused,
  getBackend,
  pad,
  reshape,
  spaceToBatchND,
  split,
  type Tensor1D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { dilateKernel } from './dilate.js';
import { reachOf, type Window } from './window.js';

/** Along H and W. */
export type Windows = readonly [Window, Window];

/** tf's ops for a kernel `[kh, kw, I, O]`. `fused` adds the bias in the same kernel, and has no gradient beside padding. */
interface Ops {
  readonly plain: typeof conv2d;
  readonly fused: typeof fused.conv2d;
}

const FULL: Ops = { plain: conv2d, fused: fused.conv2d };
const DEPTHWISE = { plain: depthwiseConv2d, fused: fused.depthwiseConv2d } as unknown as Ops;

/**
 * Slides a kernel over images, as torch's conv2d does (a cross-correlation). Call inside `tidy`.
 *
 * @param x float32 `[B, H, W, I]`.
 * @param kernel `[kh, kw, I / groups, O]`.
 * @returns `[B, H', W', O]`.
 */
export function convolve(
  x: Tensor4D,
  kernel: Tensor4D,
  bias: Tensor1D | undefined,
  windows: Windows,
  groups: number,
): Tensor4D {
  if (groups === 1) return slide(FULL, x, kernel, bias, windows);
  const [height, width, inputs, outputs] = kernel.shape;
  if (inputs === 1) {
    // The outputs of a group lie side by side in both orders, so this moves no value.
    const depthwise = reshape(kernel, [height, width, groups, outputs / groups]) as Tensor4D;
    return slideDepthwise(x, depthwise, bias, windows);
  }
  const kernels = split(kernel, groups, 3) as Tensor4D[];
  const parts = (split(x, groups, 3) as Tensor4D[]).map((part, i) =>
    slide(FULL, part, kernels[i] as Tensor4D, undefined, windows),
  );
  const y = concat(parts, 3) as Tensor4D;
  return bias ? add(y, bias) : y;
}

/** TensorFlow's depthwise kernel takes equal strides alone: others are those of the output, every so many steps of it. */
function slideDepthwise(
  x: Tensor4D,
  kernel: Tensor4D,
  bias: Tensor1D | undefined,
  windows: Windows,
): Tensor4D {
  const strides = stridesOf(windows);
  if (strides[0] === strides[1]) return slide(DEPTHWISE, x, kernel, bias, windows);
  const every = windows.map((window) => ({ ...window, stride: 1 })) as unknown as Windows;
  return avgPool(slide(DEPTHWISE, x, kernel, bias, every), 1, strides, 'valid');
}

function slide(
  ops: Ops,
  x: Tensor4D,
  kernel: Tensor4D,
  bias: Tensor1D | undefined,
  windows: Windows,
): Tensor4D {
  const strides = stridesOf(windows);
  const dilations = windows.map(({ dilation }) => dilation) as [number, number];
  const isDilated = dilations.some((dilation) => dilation > 1);
  if (isDilated && strides.some((stride) => stride > 1)) {
    // tf's ops take one or the other.
    const wide = windows.map((window) => ({ ...window, size: reachOf(window), dilation: 1 }));
    return slide(ops, x, dilateKernel(kernel, dilations), bias, wide as unknown as Windows);
  }
  // TensorFlow's depthwise kernel refuses a dilation.
  const isRefused = isDilated && ops === DEPTHWISE && getBackend() === 'tensorflow';
  if (!engine().isTapeOn() && !isRefused) {
    const padding = windows.map(({ before, after }) => [before, after]) as [number, number][];
    const explicit = [[0, 0], ...padding, [0, 0]] as [number, number][];
    const isPadded = padding.flat().some((zeros) => zeros > 0);
    return ops.fused({
      x,
      filter: kernel,
      strides,
      pad: (isPadded ? explicit : 'valid') as 'valid',
      dilations,
      ...(bias && { bias }),
    });
  }
  // No backend but cpu has all gradients with explicit padding, and none has those of a dilation.
  const y = isDilated
    ? slideDilated(ops, x, kernel, windows, dilations)
    : isSame(windows)
      ? ops.plain(x, kernel, strides, 'same')
      : ops.plain(padded(x, windows), kernel, strides, 'valid');
  return bias ? add(y, bias) : y;
}

function stridesOf(windows: Windows): [number, number] {
  return windows.map(({ stride }) => stride) as [number, number];
}

/** Whether tf's padding 'same' has these zeros for every input. */
function isSame(windows: Windows): boolean {
  return windows.every((window) => {
    const total = reachOf(window) - 1;
    const { before, after, stride } = window;
    return stride === 1 && before === Math.floor(total / 2) && after === total - before;
  });
}

function padded(x: Tensor4D, [rows, columns]: Windows): Tensor4D {
  if (rows.before + rows.after + columns.before + columns.after === 0) return x;
  return pad(x, [
    [0, 0],
    [rows.before, rows.after],
    [columns.before, columns.after],
    [0, 0],
  ]);
}

/** Every `dilation`th step makes an image of its own, over which the kernel slides without dilation. */
function slideDilated(
  { plain }: Ops,
  x: Tensor4D,
  kernel: Tensor4D,
  windows: Windows,
  dilations: [number, number],
): Tensor4D {
  const surplus = windows.map(({ before, after, dilation }, i) => {
    const steps = (x.shape[i + 1] as number) + before + after;
    return (dilation - (steps % dilation)) % dilation;
  });
  const paddings = windows.map(({ before, after }, i) => [before, after + (surplus[i] as number)]);
  const images = spaceToBatchND(x, dilations, paddings);
  return batchToSpaceND(
    plain(images, kernel, 1, 'valid'),
    dilations,
    surplus.map((steps) => [0, steps]),
  );
}

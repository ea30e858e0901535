/** Convolutions, and transposed ones. Torch has the channels first, and weights `[O, I / groups, ...]`. */

import {
  expandDims,
  squeeze,
  type Tensor,
  type Tensor1D,
  type Tensor3D,
  type Tensor4D,
  transpose,
} from '@tensorflow/tfjs-core';
import { message } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import { convTranspose1d } from '../../../nn/conv/conv-transpose1d.js';
import { convTranspose2d } from '../../../nn/conv/conv-transpose2d.js';
import { convTranspose3d } from '../../../nn/conv/conv-transpose3d.js';
import { conv1d } from '../../../nn/conv/conv1d.js';
import { conv2d } from '../../../nn/conv/conv2d.js';
import { conv3d } from '../../../nn/conv/conv3d.js';
import {
  type Padding,
  stepsAfter,
  stepsAfterTransposed,
  type Window,
  windowsOf,
} from '../../../nn/conv/window.js';
import { constantOf } from '../../../nn/empty.js';
import { usingUp } from '../../../nn/in-turn.js';
import type { Call, OpFunction } from '../types.js';

/** What a convolution has beside its tensors; a value for each axis. */
interface Arguments {
  readonly stride: readonly number[];
  readonly padding: Padding;
  readonly dilation: readonly number[];
  readonly groups: number;
  /** Of a transposed one. */
  readonly outputPadding?: readonly number[];
}

type Axes = 1 | 2 | 3;

/** Runs with a batch, which a single sample has not. */
function batched(input: Tensor, axes: Axes, run: (x: Tensor) => Tensor): Tensor {
  if (input.rank === axes + 2) return run(input);
  return usingUp(
    input,
    (x) => expandDims(x, 0),
    run,
    (y) => squeeze(y, [0]),
  );
}

/** What a convolution and a transposed one have of their own. */
interface Kind {
  readonly name: string;
  readonly run: readonly [typeof conv1d, typeof conv2d, typeof conv3d];
  readonly stepsAfter: (steps: number, window: Window, outputPadding: number) => number;
  readonly channels: (weight: Tensor, groups: number) => number;
}

const PLAIN: Kind = {
  name: 'conv',
  run: [conv1d, conv2d, conv3d],
  stepsAfter,
  channels: ({ shape }) => shape[0] as number,
};
const TRANSPOSED: Kind = {
  name: 'conv_transpose',
  run: [convTranspose1d, convTranspose2d, convTranspose3d],
  stepsAfter: stepsAfterTransposed,
  channels: ({ shape }, groups) => (shape[1] as number) * groups,
};

function convolve(
  { name, run, stepsAfter, channels }: Kind,
  axes: Axes,
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  args: Arguments,
): Tensor {
  const options = { ...args, dataFormat: 'channelsFirst' as const };
  const [run1d, run2d, run3d] = run;
  return batched(input, axes, (x) => {
    if (x.size === 0) {
      const steps = windowsOf(name, weight.shape.slice(2), args).map((window, i) =>
        stepsAfter(x.shape[i + 2] as number, window, args.outputPadding?.[i] ?? 0),
      );
      const shape = [x.shape[0] as number, channels(weight, args.groups), ...steps];
      return constantOf(shape, bias ? [x, weight, bias] : [x, weight], 0);
    }
    const affine = (bias ?? undefined) as Tensor1D | undefined;
    if (axes === 3) return run3d(x, weight, affine, args);
    return usingUp(
      weight,
      (taps) => transpose(taps, axes === 1 ? [2, 1, 0] : [2, 3, 1, 0]),
      (kernel) =>
        axes === 1
          ? run1d(x as Tensor3D, kernel as Tensor3D, affine, options)
          : run2d(x as Tensor4D, kernel as Tensor4D, affine, options),
    );
  });
}

const conv =
  (axes: Axes): OpFunction =>
  (
    input: Tensor,
    weight: Tensor,
    bias: Tensor | null,
    stride: readonly number[],
    padding: Padding,
    dilation: readonly number[],
    groups: number,
  ) =>
    convolve(PLAIN, axes, input, weight, bias, { stride, padding, dilation, groups });

const transposed =
  (axes: Axes): OpFunction =>
  (
    input: Tensor,
    weight: Tensor,
    bias: Tensor | null,
    stride: readonly number[],
    padding: readonly number[],
    outputPadding: readonly number[],
    groups: number,
    dilation: readonly number[],
  ) =>
    convolve(TRANSPOSED, axes, input, weight, bias, { stride, padding, dilation, groups, outputPadding });

/** The form of both that decompositions write. */
function convolution(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  stride: readonly number[],
  padding: readonly number[],
  dilation: readonly number[],
  isTransposed: boolean,
  outputPadding: readonly number[],
  groups: number,
  ...rest: unknown[]
): Tensor {
  const axes = weight.rank - 2;
  if (axes !== 1 && axes !== 2 && axes !== 3) {
    const { where } = rest.at(-1) as Call;
    throw new UnsupportedError(message(where, 'weight', '3 to 5 axes', String(weight.rank)));
  }
  const args = { stride, padding, dilation, groups, outputPadding };
  return convolve(isTransposed ? TRANSPOSED : PLAIN, axes, input, weight, bias, args);
}

export const CONV: Readonly<Record<string, OpFunction>> = {
  'aten::conv1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=[1], SymInt[1] padding=[0], SymInt[1] dilation=[1], SymInt groups=1) -> Tensor':
    conv(1),
  'aten::conv1d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=[1], str padding="valid", SymInt[1] dilation=[1], SymInt groups=1) -> Tensor':
    conv(1),
  'aten::conv2d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], SymInt[2] padding=[0, 0], SymInt[2] dilation=[1, 1], SymInt groups=1) -> Tensor':
    conv(2),
  'aten::conv2d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], str padding="valid", SymInt[2] dilation=[1, 1], SymInt groups=1) -> Tensor':
    conv(2),
  'aten::conv_transpose1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=[1], SymInt[1] padding=[0], SymInt[1] output_padding=[0], SymInt groups=1, SymInt[1] dilation=[1]) -> Tensor':
    transposed(1),
  'aten::conv_transpose2d.input(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], SymInt[2] padding=[0, 0], SymInt[2] output_padding=[0, 0], SymInt groups=1, SymInt[2] dilation=[1, 1]) -> Tensor':
    transposed(2),
  'aten::conv3d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], SymInt[3] padding=[0, 0, 0], SymInt[3] dilation=[1, 1, 1], SymInt groups=1) -> Tensor':
    conv(3),
  'aten::conv3d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], str padding="valid", SymInt[3] dilation=[1, 1, 1], SymInt groups=1) -> Tensor':
    conv(3),
  'aten::conv_transpose3d.input(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], SymInt[3] padding=[0, 0, 0], SymInt[3] output_padding=[0, 0, 0], SymInt groups=1, SymInt[3] dilation=[1, 1, 1]) -> Tensor':
    transposed(3),
  'aten::convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, bool transposed, SymInt[] output_padding, SymInt groups) -> Tensor':
    convolution,
  'aten::_convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, bool transposed, SymInt[] output_padding, SymInt groups, bool benchmark, bool deterministic, bool cudnn_enabled, bool allow_tf32) -> Tensor':
    convolution,
};

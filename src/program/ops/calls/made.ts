/**
 * How many elements a call makes: a few bytes of a file may ask for any number of them. The runner refuses a call by this number, before
 * it takes memory.
 *
 * A size of 0 counts as 1, since other axes may be long beside it. What an op makes on its way counts too, where that is more.
 */

import { Tensor, util } from '@tensorflow/tfjs-core';
import { type Padding, reachOf, stepsAfter, type Window, windowsOf } from '../../../nn/conv/window.js';
import { commonShape } from '../../../nn/shape/expand.js';
import { axisOf } from '../shared/axes.js';
import { readNow } from '../shared/read-now.js';
import type { Call } from '../types.js';
import type { Signature } from './schema.js';

/** From the arguments in the order of the signature, then the call. */
export type Count = (...args: never[]) => number;

type Sizes = readonly number[];

const of = (sizes: Sizes) => util.sizeFromShape(sizes.map((size) => Math.max(size, 1)));
const sum = (values: Iterable<number>) => Array.from(values).reduce((total, value) => total + value, 0);

const bySize: Count = (size: Sizes) => of(size);
const bySecondSize: Count = (_first: unknown, size: Sizes) => of(size);
const byThirdSize: Count = (_first: unknown, _second: unknown, size: Sizes) => of(size);
const byNumber: Count = (count: number) => count;

const range = (start: number, end: number, step: number) => Math.ceil((end - start) / step);

/** All tensors of a call are broadcast to one shape; most have it. */
export const broadcast: Count = (...args: readonly unknown[]) => {
  let largest: Tensor | undefined;
  for (const value of args) {
    if (!(value instanceof Tensor) || value.size === 1) continue;
    if (largest === undefined) largest = value;
    else if (!util.arraysEqual(value.shape, largest.shape)) return of(commonShape(...shapesOf(args)));
  }
  return largest?.size ?? 1;
};

function shapesOf(args: readonly unknown[]): number[][] {
  return args.filter((value) => value instanceof Tensor).map(({ shape }) => shape);
}

/** -1 is the size that the tensor has. */
const expanded: Count = (self: Tensor, size: Sizes) =>
  of(size.map((each, i) => (each === -1 ? (self.shape[i - size.length + self.rank] ?? 1) : each)));

const repeated: Count = (self: Tensor, repeats: Sizes) => self.size * of(repeats);

const repeatedBy: Count = (self: Tensor, repeats: Tensor, dim: number | null, _size: unknown, call: Call) => {
  const steps = dim === null ? self.size : (self.shape[axisOf(dim, self.rank)] ?? 1);
  const total = sum(readNow(call, repeats)) * (repeats.size === 1 ? steps : 1);
  return (self.size / Math.max(steps, 1)) * total;
};

/** Pairs of sizes from the last axis. */
const padded: Count = (self: Tensor, padding: Sizes) =>
  of(self.shape.map((size, axis) => size + pairAt(padding, self.rank - 1 - axis)));

function pairAt(padding: Sizes, i: number): number {
  return (padding[2 * i] ?? 0) + (padding[2 * i + 1] ?? 0);
}

/** The last axes have other sizes. */
const resized: Count = (self: Tensor, sizes: Sizes) => of([...self.shape.slice(0, -sizes.length), ...sizes]);

const scaled =
  (at: number): Count =>
  (self: Tensor, sizes: Sizes | null, ...rest: unknown[]) => {
    const factors = (rest[at] ?? []) as Sizes;
    return of([...self.shape.slice(0, 2), ...(sizes ?? factors.map((by, i) => by * sizeAt(self, i + 2)))]);
  };

function sizeAt({ shape }: Tensor, axis: number): number {
  return shape[axis] ?? 1;
}

/** What is left of the axes of a window and of those before them. */
function split(self: Tensor, axes: number): { readonly outer: number; readonly steps: Sizes } {
  return { outer: of(self.shape.slice(0, -axes)), steps: self.shape.slice(-axes) };
}

const outputsOf = (steps: number, window: Window) => Math.max(stepsAfter(steps, window), 1);
const paddedBy = (steps: number, { before, after }: Window) => steps + before + after;

const convolved: Count = (
  input: Tensor,
  weight: Tensor,
  _bias: Tensor | null,
  stride: Sizes,
  padding: Padding,
  dilation: Sizes,
) => {
  const isNamed = typeof padding === 'string';
  const windows = windowsOf('', weight.shape.slice(2), { stride, padding: isNamed ? 0 : padding, dilation });
  const { outer, steps } = split(input, windows.length);
  const [batch, channels] = [outer / sizeAt(weight, 1), sizeAt(weight, 0)];
  // 'same' has as many outputs as inputs at most.
  const outputs = isNamed ? steps : steps.map((size, i) => outputsOf(size, windows[i] as Window));
  const inputs = steps.map((size, i) => paddedBy(size, windows[i] as Window));
  return Math.max(outer * of(inputs), batch * channels * of(outputs));
};

/** Before its padding is cut. */
const transposed: Count = (
  input: Tensor,
  weight: Tensor,
  _bias: Tensor | null,
  stride: Sizes,
  _padding: Sizes,
  outputPadding: Sizes,
  groups: number,
  dilation: Sizes,
) => {
  const windows = windowsOf('', weight.shape.slice(2), { stride, dilation });
  const { outer, steps } = split(input, windows.length);
  const outputs = steps.map((size, i) => {
    const window = windows[i] as Window;
    return (size - 1) * window.stride + reachOf(window) + (outputPadding[i] ?? 0);
  });
  return (outer / sizeAt(weight, 0)) * sizeAt(weight, 1) * groups * of(outputs);
};

const eitherConvolved: Count = (...args: unknown[]) => {
  const [input, weight, bias, stride, padding, dilation, isTransposed, outputPadding, groups] = args;
  const run = (isTransposed ? transposed : convolved) as (...all: unknown[]) => number;
  return isTransposed
    ? run(input, weight, bias, stride, padding, outputPadding, groups, dilation)
    : run(input, weight, bias, stride, padding, dilation);
};

/** The padded input, or the places that a window looks at along an axis. */
const pooled: Count = (self: Tensor, size: Sizes, stride: Sizes, padding: Sizes) => {
  const { outer, steps } = split(self, size.length);
  const inputs = steps.map((each, i) => each + 2 * (padding[i] ?? 0));
  const places = inputs.map((each, i) => (each / (stride[i] ?? (size[i] as number))) * (size[i] as number));
  return Math.max(outer * of(inputs), ...places);
};

const columns: Count = (self: Tensor, size: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes) => {
  const { outer, steps } = split(self, size.length);
  const windows = windowsOf('', size, { stride, padding, dilation });
  return outer * of(size) * of(steps.map((each, i) => outputsOf(each, windows[i] as Window)));
};

const fromColumns: Count = (
  self: Tensor,
  sizes: Sizes,
  size: Sizes,
  _dilation: Sizes,
  padding: Sizes,
  stride: Sizes,
) => {
  const sides = sizes.map((each, i) => each + 2 * (padding[i] ?? 0) + (stride[i] ?? 0));
  return (split(self, 1).outer / of(size)) * of(sides);
};

const windows: Count = (self: Tensor, dim: number, size: number, step: number) => {
  const steps = self.shape[axisOf(dim, self.rank)] ?? 1;
  return (self.size / Math.max(steps, 1)) * size * ((steps - size) / step + 1);
};

const onDiagonal: Count = (self: Tensor, offset: number) => {
  const { outer, steps } = split(self, 1);
  return outer * ((steps[0] ?? 1) + Math.abs(offset)) ** 2;
};

/** Parts of a tensor without elements are many too. */
const parts: Count = (self: Tensor, count: number) => Math.max(of(self.shape), count);

const ofNumbers = (values: ArrayLike<number>) =>
  Array.from(values).reduce((most, value) => Math.max(most, value + 1), 0);

const outer: Count = (a: Tensor, b: Tensor) => a.size * b.size;
const grid: Count = (tensors: readonly Tensor[]) => tensors.length * of(tensors.map(({ size }) => size));

/** Batches are broadcast; a vector is a row or a column. */
function multiplied(a: Tensor, b: Tensor): number {
  const batch = commonShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const rows = a.rank > 1 ? sizeAt(a, a.rank - 2) : 1;
  return of([...batch, rows, b.rank > 1 ? sizeAt(b, b.rank - 1) : 1]);
}

/** Every row of the one with every row of the other. */
const rowsByRows: Count = (a: Tensor, b: Tensor) => split(a, 1).outer * split(b, 1).outer;

/** The channels of an image at the places of a grid. */
const sampled: Count = (input: Tensor, grid: Tensor) => split(input, 2).outer * of(grid.shape.slice(1, -1));

const rowsAt: Count = (weight: Tensor, indices: Tensor) => indices.size * of(weight.shape.slice(1));

const indexed: Count = (self: Tensor, dim: number, { size }: Tensor) =>
  (self.size / Math.max(self.shape[axisOf(dim, self.rank)] ?? 1, 1)) * size;

/** The differences of all pairs. */
const pairs: Count = (a: Tensor, b: Tensor) =>
  of([
    ...commonShape(a.shape.slice(0, -2), b.shape.slice(0, -2)),
    sizeAt(a, a.rank - 2),
    ...b.shape.slice(-2),
  ]);

const contracted: Count = (a: Tensor, b: Tensor, dims: Sizes) =>
  (a.size / of(dims.map((dim) => sizeAt(a, axisOf(dim, a.rank)))) ** 2) * b.size;

/** The sizes of the letters of the result, which without an arrow are those that occur once; an ellipsis stands for further axes. */
const summed: Count = (equation: string, tensors: readonly Tensor[]) => {
  const [inputs = '', written] = equation.replaceAll(' ', '').split('->');
  const outputs = written ?? `...${[...inputs].filter((letter, _, all) => once(letter, all)).join('')}`;
  const sizes = new Map<string, number>();
  const put = (letters: string, shape: Sizes) => {
    for (const [i, letter] of [...letters].entries())
      sizes.set(letter, Math.max(sizes.get(letter) ?? 1, shape[i] ?? 1));
  };
  let rest = 1;
  for (const [i, term] of inputs.split(',').entries()) {
    const shape = tensors[i]?.shape ?? [];
    const [before = '', after = ''] = term.split('...');
    put(before, shape);
    put(after, shape.slice(shape.length - after.length));
    rest = Math.max(rest, of(shape.slice(before.length, shape.length - after.length)));
  }
  const letters = of([...outputs].map((letter) => sizes.get(letter) ?? 1));
  return outputs.includes('...') ? rest * letters : letters;
};

const once = (letter: string, all: readonly string[]) => all.indexOf(letter) === all.lastIndexOf(letter);

/** By the op's name; where overloads differ, by theirs. */
const COUNTS: Readonly<Record<string, Count>> = {
  ...sharing(bySize, 'zeros', 'ones', 'empty', 'empty_strided', 'empty_permuted', 'full', 'rand', 'randn'),
  ...sharing(bySecondSize, 'new_zeros', 'new_ones', 'new_empty', 'new_empty_strided', 'new_full', 'randint'),
  ...sharing(byThirdSize, 'randint.low', 'normal.float_float'),
  ...sharing(byNumber, 'randperm', 'hann_window', 'hamming_window', 'blackman_window', 'bartlett_window'),
  ...sharing(byNumber, 'kaiser_window'),
  ...sharing(sampled, 'grid_sampler', 'grid_sampler_2d'),
  affine_grid_generator: (_theta: Tensor, [batch = 1, , ...sizes]: Sizes) => 2 * batch * of(sizes),
  ...sharing(broadcast, 'cross', 'linalg_cross'),
  ...sharing(expanded, 'expand', 'broadcast_to'),
  ...sharing(repeated, 'repeat', 'tile'),
  ...sharing(padded, 'pad', 'constant_pad_nd', '_pad_circular'),
  ...sharing(padded, ...axesOf('reflection_pad'), ...axesOf('replication_pad')),
  ...sharing(resized, ...axesOf('adaptive_avg_pool'), ...axesOf('adaptive_max_pool')),
  ...sharing(resized, ...axesOf('_adaptive_avg_pool'), ...axesOf('upsample_nearest')),
  ...sharing(resized, ...axesOf('_upsample_nearest_exact')),
  ...sharing(
    resized,
    'upsample_linear1d',
    'upsample_bilinear2d',
    'upsample_trilinear3d',
    'upsample_bicubic2d',
  ),
  ...sharing(scaled(0), ...axesOf('upsample_nearest', '.vec'), ...axesOf('_upsample_nearest_exact', '.vec')),
  ...sharing(scaled(1), 'upsample_linear1d.vec', 'upsample_bilinear2d.vec', 'upsample_trilinear3d.vec'),
  ...sharing(scaled(1), 'upsample_bicubic2d.vec'),
  ...sharing(convolved, ...axesOf('conv')),
  ...sharing(transposed, ...axesOf('conv_transpose')),
  ...sharing(eitherConvolved, 'convolution', '_convolution'),
  ...sharing(pooled, ...axesOf('max_pool'), ...axesOf('max_pool', '_with_indices'), ...axesOf('avg_pool')),
  ...sharing(onDiagonal, 'diag_embed'),
  ...sharing(parts, 'chunk', 'unsafe_chunk', 'tensor_split.sections'),
  ...sharing((self: Tensor) => of(self.shape), 'unbind', 'split', 'unsafe_split'),
  ...sharing(outer, 'outer', 'ger', 'kron', 'isin'),
  ...sharing(grid, 'meshgrid', 'cartesian_prod'),
  ...sharing(multiplied, 'matmul', 'linalg_matmul', 'mm', 'bmm'),
  ...sharing((_self: Tensor, a: Tensor, b: Tensor) => multiplied(a, b), 'addmm', 'baddbmm'),
  ...sharing((_self: Tensor, a: Tensor, b: Tensor) => a.size * b.size, 'addr'),
  ...sharing(rowsByRows, 'inner', 'linear'),
  ...sharing(rowsAt, 'embedding'),
  ...sharing(indexed, 'index_select'),
  ...sharing(pairs, 'cdist', '_cdist_forward'),
  ...sharing(contracted, 'tensordot'),
  ...sharing(summed, 'einsum'),
  arange: (end: number) => range(0, end, 1),
  'arange.start': (start: number, end: number) => range(start, end, 1),
  'arange.start_step': range,
  linspace: (_start: number, _end: number, steps: number) => steps,
  eye: (n: number) => n * n,
  'eye.m': (n: number, m: number) => n * m,
  one_hot: (self: Tensor, classes: number, call: Call) =>
    self.size * (classes < 0 ? ofNumbers(readNow(call, self)) : classes),
  'repeat_interleave.Tensor': (repeats: Tensor, _size: unknown, call: Call) => sum(readNow(call, repeats)),
  'repeat_interleave.self_Tensor': repeatedBy,
  'repeat_interleave.self_int': (self: Tensor, repeats: number) => self.size * repeats,
  diag: (self: Tensor, offset: number) => (self.rank === 1 ? (self.size + Math.abs(offset)) ** 2 : self.size),
  diagflat: (self: Tensor, offset: number) => (self.size + Math.abs(offset)) ** 2,
  'tensor_split.tensor_indices_or_sections': (self: Tensor, indices: Tensor, _dim: number, call: Call) =>
    Math.max(self.size, indices.rank === 0 ? (readNow(call, indices)[0] as number) : indices.size),
  im2col: columns,
  col2im: fromColumns,
  unfold: windows,
  // Each draw looks at all categories.
  multinomial: (self: Tensor, samples: number) => self.size * samples,
  bincount: (self: Tensor, _weights: unknown, least: number, call: Call) =>
    Math.max(least, ofNumbers(readNow(call, self))),
  histc: (_self: Tensor, bins: number) => bins,
};

/** The names of an op for sequences, images and volumes. */
function axesOf(name: string, rest = ''): string[] {
  return ['1d', '2d', '3d'].map((axes) => `${name}${axes}${rest}`);
}

function sharing(count: Count, ...names: readonly string[]): Record<string, Count> {
  return Object.fromEntries(names.map((name) => [name, count]));
}

/** Undefined for ops whose results are no larger than their arguments, and for those of libraries. */
export function countOf({ target }: Signature): Count | undefined {
  const [namespace, name, overload] = target.split('.') as [string, string, string];
  return namespace === 'aten' ? (COUNTS[`${name}.${overload}`] ?? COUNTS[name]) : undefined;
}

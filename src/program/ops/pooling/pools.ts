/** Greatest elements and means of windows. Torch has the channels first. */

import { expandDims, reshape, type Tensor, zeros } from '@tensorflow/tfjs-core';
import { emptyOf } from '../../../nn/empty.js';
import { usingUp } from '../../../nn/in-turn.js';
import { adaptiveAvgPool, avgPool } from '../../../nn/pooling/avg-pool.js';
import { maxPool, maxPoolWithIndices } from '../../../nn/pooling/max-pool.js';
import { adaptiveTaps, type PoolWindow, poolWindow, tapsOf } from '../../../nn/pooling/taps.js';
import type { OpFunction } from '../types.js';

type Numbers = readonly number[];

/** The windows along the last axes; torch's stride is the size of the window where none is given. */
function windowsOf(
  self: Tensor,
  size: Numbers,
  stride: Numbers,
  padding: Numbers,
  dilation: Numbers,
  ceilMode: boolean,
): PoolWindow[] {
  return size.map((taps, i) =>
    poolWindow(
      self.shape[self.rank - size.length + i] as number,
      taps,
      (stride.length === 0 ? size : stride)[i] as number,
      padding[i] as number,
      dilation[i] as number,
      ceilMode,
    ),
  );
}

/** A window of one step, which rows of a single line have beside their own. */
const LINE: PoolWindow = { size: 1, stride: 1, dilation: 1, before: 0, after: 0, outputs: 1 };

/** Pools images, or sequences as images of one line. */
function asImages(
  self: Tensor,
  windows: readonly PoolWindow[],
  pool: (x: Tensor, windows: readonly [PoolWindow, PoolWindow]) => Tensor,
): Tensor {
  const shape = [...self.shape.slice(0, -windows.length), ...windows.map(({ outputs }) => outputs)];
  if (self.size === 0) return emptyOf(shape, [self]);
  const [first, second] = windows as [PoolWindow, PoolWindow | undefined];
  if (second) return pool(self, [first, second]);
  return usingUp(
    self,
    (x) => expandDims(x, -2),
    (x) => pool(x, [LINE, first]),
    (y) => reshape(y, shape),
  );
}

type MaxArguments = [
  self: Tensor,
  size: Numbers,
  stride: Numbers,
  padding: Numbers,
  dilation: Numbers,
  ceilMode: boolean,
];

function maxOf(...[self, size, stride, padding, dilation, ceilMode]: MaxArguments): Tensor {
  const windows = windowsOf(self, size, stride, padding, dilation, ceilMode);
  const isPlain = self.dtype === 'float32' && size.length < 3 && dilation.every((steps) => steps === 1);
  if (isPlain) return asImages(self, windows, maxPool);
  return maxWithIndices(self, size, stride, padding, dilation, ceilMode)[0] as Tensor;
}

function maxWithIndices(...[self, size, stride, padding, dilation, ceilMode]: MaxArguments): Tensor[] {
  const windows = windowsOf(self, size, stride, padding, dilation, ceilMode);
  const steps = self.shape.slice(-windows.length);
  return maxOfTaps(
    self,
    windows.map((window, i) => tapsOf(window, steps[i] as number)),
  );
}

function maxOfTaps(self: Tensor, taps: Parameters<typeof maxPoolWithIndices>[1]): Tensor[] {
  const shape = [...self.shape.slice(0, -taps.length), ...taps.map(({ length }) => length)];
  if (self.size === 0) return [emptyOf(shape, [self]), zeros(shape, 'int32')];
  const { values, indices } = maxPoolWithIndices(self, taps);
  return [values, indices];
}

const adaptiveMax: OpFunction = (self: Tensor, outputs: Numbers) =>
  maxOfTaps(
    self,
    outputs.map((size, i) => adaptiveTaps(self.shape[self.rank - outputs.length + i] as number, size)),
  );

const avgOf: OpFunction = (
  self: Tensor,
  size: Numbers,
  stride: Numbers,
  padding: Numbers,
  ceilMode: boolean,
  countIncludePad: boolean,
  divisor: unknown,
) => {
  const ones = size.map(() => 1);
  const windows = windowsOf(self, size, stride, padding, ones, ceilMode);
  const given = typeof divisor === 'number' ? divisor : undefined;
  const averaged = (x: Tensor, along: PoolWindow[], by: number | undefined) =>
    asImages(x, along, (images, both) => avgPool(images, both, { countIncludePad, divisor: by }));
  if (windows.length < 3) return averaged(self, windows, given);
  // Means over H and W, or their sums, and of these over D, the rest being one axis.
  const y = averaged(self, windows.slice(1), given && 1);
  const lines = reshape(y, [...y.shape.slice(0, -2), -1]);
  const line = { ...LINE, outputs: lines.shape.at(-1) as number };
  const means = averaged(lines, [windows[0] as PoolWindow, line], given);
  return reshape(means, [...means.shape.slice(0, -1), ...y.shape.slice(-2)]);
};

const adaptiveAvg: OpFunction = (self: Tensor, outputs: Numbers) => {
  const shape = [...self.shape.slice(0, -outputs.length), ...outputs];
  return self.size === 0 || outputs.includes(0) ? emptyOf(shape, [self]) : adaptiveAvgPool(self, outputs);
};

const MAX_1D =
  'Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=[0], int[1] dilation=[1], bool ceil_mode=False';
const MAX_2D =
  'Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, int[2] dilation=1, bool ceil_mode=False';

const MAX_3D =
  'Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, int[3] dilation=1, bool ceil_mode=False';

export const POOLS: Readonly<Record<string, OpFunction>> = {
  [`aten::max_pool1d(${MAX_1D}) -> Tensor`]: maxOf,
  [`aten::max_pool2d(${MAX_2D}) -> Tensor`]: maxOf,
  [`aten::max_pool3d(${MAX_3D}) -> Tensor`]: maxOf,
  [`aten::max_pool1d_with_indices(${MAX_1D}) -> (Tensor, Tensor)`]: maxWithIndices,
  [`aten::max_pool2d_with_indices(${MAX_2D}) -> (Tensor, Tensor)`]: maxWithIndices,
  [`aten::max_pool3d_with_indices(${MAX_3D}) -> (Tensor, Tensor)`]: maxWithIndices,
  'aten::avg_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=[0], bool ceil_mode=False, bool count_include_pad=True) -> Tensor':
    avgOf,
  'aten::avg_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor':
    avgOf,
  'aten::avg_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor':
    avgOf,
  'aten::adaptive_avg_pool1d(Tensor self, int[1] output_size) -> Tensor': adaptiveAvg,
  'aten::adaptive_avg_pool2d(Tensor self, SymInt[2] output_size) -> Tensor': adaptiveAvg,
  'aten::_adaptive_avg_pool2d(Tensor self, SymInt[2] output_size) -> Tensor': adaptiveAvg,
  'aten::adaptive_avg_pool3d(Tensor self, SymInt[3] output_size) -> Tensor': adaptiveAvg,
  'aten::_adaptive_avg_pool3d(Tensor self, SymInt[3] output_size) -> Tensor': adaptiveAvg,
  'aten::adaptive_max_pool1d(Tensor self, int[1] output_size) -> (Tensor, Tensor)': adaptiveMax,
  'aten::adaptive_max_pool2d(Tensor self, int[2] output_size) -> (Tensor, Tensor)': adaptiveMax,
  'aten::adaptive_max_pool3d(Tensor self, int[3] output_size) -> (Tensor, Tensor)': adaptiveMax,
};

import {
  add,
  cast,
  engine,
  gather,
  getBackend,
  max,
  mul,
  pad,
  range,
  reshape,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  tensor1d,
  maxPool as tfMaxPool,
} from '@tensorflow/tfjs-core';
import { indexOfExtreme, isIndex, valuesAt } from '../extremes.js';
import { usingUp } from '../in-turn.js';
import { takeAlong } from '../indexing/along.js';
import { int } from '../indexing/int.js';
import { offTape } from '../off-tape.js';
import { withSize } from '../shape/slice.js';
import { type PoolWindow, type Taps, tapsOf } from './taps.js';

/**
 * `torch.nn.functional.max_pool2d`, whose gradient goes to the first of equal elements. Call inside `tidy`.
 *
 * @param x float32 `[..., H, W]`.
 * @param windows along H and W, without dilation.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html
 */
export function maxPool(x: Tensor, windows: readonly [PoolWindow, PoolWindow]): Tensor {
  const [height, width] = x.shape.slice(-2) as [number, number];
  // The gradient kernel of wasm takes no element below 0 for the greatest.
  if (getBackend() === 'wasm' && engine().isTapeOn())
    return maxPoolWithIndices(x, [tapsOf(windows[0], height), tapsOf(windows[1], width)]).values;
  // Channels are pooled each by itself: with one channel no axis moves.
  const padding = windows.map(({ before, after }) => [before, after] as [number, number]);
  const [sizes, strides] = [windows.map(({ size }) => size), windows.map(({ stride }) => stride)];
  return usingUp(
    x,
    (value) => reshape(value, [-1, height, width, 1]),
    (images) => pad(images, [[0, 0], ...padding, [0, 0]], Number.NEGATIVE_INFINITY),
    (images) =>
      tfMaxPool(images as Tensor4D, sizes as [number, number], strides as [number, number], 'valid'),
    (y) => reshape(y, [...x.shape.slice(0, -2), ...windows.map(({ outputs }) => outputs)]),
  );
}

/**
 * The same for any taps, with the place of each greatest element among those of its last axes. Call inside `tidy`.
 *
 * @param x `[..., H, W]`, or fewer or more axes at the end.
 * @param taps of each of the last axes.
 */
export function maxPoolWithIndices(
  x: Tensor,
  taps: readonly Taps[],
): { readonly values: Tensor; readonly indices: Tensor } {
  let values = x;
  let indices: Tensor | undefined;
  // The last axis first: of equal elements the first in the order of memory counts.
  let stride = 1;
  for (let i = taps.length - 1; i >= 0; i--) {
    const axis = x.rank - taps.length + i;
    const step = poolAlong(values, indices, axis, taps[i] as Taps, stride);
    values = step.values;
    indices = step.indices;
    stride *= x.shape[axis] as number;
  }
  return { values, indices: indices as Tensor };
}

function poolAlong(x: Tensor, places: Tensor | undefined, axis: number, taps: Taps, stride: number) {
  const [outputs, size] = [taps.length, taps[0]?.length ?? 0];
  const ids = tensor1d(taps.flat(), 'int32') as Tensor1D;
  const windowsOf = (each: Tensor) =>
    reshape(takeAlong(each, axis, ids), withSize(x.shape, axis, outputs, size));
  const windows = windowsOf(x);
  const [tap, greatest] = [
    offTape(() => indexOfExtreme(max, windows, axis + 1)),
    offTape(() => max(windows, axis + 1)),
  ];
  const values = x.dtype === 'float32' ? valuesAt(greatest, tap, windows, axis + 1) : greatest;
  const indices = offTape(() => {
    const firsts = reshape(
      mul(range(0, outputs, 1, 'int32'), int(size)),
      withSize(new Array(tap.rank).fill(1), axis, outputs),
    );
    const own = reshape(gather(ids, reshape(add(tap, firsts), [tap.size])), tap.shape);
    const place = mul(own, int(stride));
    if (!places) return place;
    const chosen = cast(isIndex(tap, size, axis + 1), 'int32');
    return add(place, sum(mul(windowsOf(places), chosen), axis + 1));
  });
  return { values, indices };
}

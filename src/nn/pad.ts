import { cast, pad, reshape, type Tensor, tensor1d, util } from '@tensorflow/tfjs-core';
import { constantOf } from './empty.js';
import { usingUp } from './in-turn.js';
import { takeAlong } from './indexing/along.js';
import { sliceAlong } from './shape/slice.js';

/** Elements to add before and after each axis of a tensor; fewer than 0 take some away. */
export type Paddings = readonly (readonly [before: number, after: number])[];

/** What stands in the padding: the elements next to it turned round, the outermost one again, or those of the other end. */
export type PaddingMode = 'reflect' | 'replicate' | 'circular';

/**
 * `torch.nn.functional.pad` with one value. Call inside `tidy`.
 *
 * @param paddings one for each axis of x.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
 */
export function padWith(x: Tensor, paddings: Paddings, value: number): Tensor {
  const shape = x.shape.map((size, axis) => size + (paddings[axis]?.[0] ?? 0) + (paddings[axis]?.[1] ?? 0));
  // A cast to bool keeps some numbers as they are on wasm.
  if (x.dtype === 'bool' && value !== 0 && value !== 1) return padWith(x, paddings, 1);
  if (x.size === 0 || shape.includes(0)) return constantOf(shape, [x], value, x.dtype);
  if (x.dtype === 'bool') return cast(padWith(cast(x, 'int32'), paddings, value), 'bool');
  return usingUp(
    x,
    (y) => cropped(y, paddings),
    (kept) => widened(kept, paddings, value, shape),
  );
}

function widened(kept: Tensor, paddings: Paddings, value: number, shape: number[]): Tensor {
  const added = paddings.map((each) => each.map((count) => Math.max(0, count)) as [number, number]);
  const first = added.findIndex(([before, after]) => before + after > 0);
  if (first < 0) return kept;
  // Kernels take few axes: those in front of the padding are one.
  const outer = util.sizeFromShape(kept.shape.slice(0, first));
  return usingUp(
    kept,
    (x) => reshape(x, [outer, ...kept.shape.slice(first)]),
    (x) => pad(x, [[0, 0], ...added.slice(first)], value),
    (y) => reshape(y, shape),
  );
}

/** `torch.nn.functional.pad` with elements of x itself. Call inside `tidy`. */
export function padFrom(x: Tensor, paddings: Paddings, mode: PaddingMode): Tensor {
  const steps = paddings.map((each, axis) => (y: Tensor) => {
    const [before, after] = each.map((count) => Math.max(0, count)) as [number, number];
    if (before === 0 && after === 0) return y;
    const size = y.shape[axis] as number;
    const ids = Array.from({ length: size + before + after }, (_, i) => PLACES[mode](i - before, size));
    return takeAlong(y, axis, tensor1d(ids, 'int32'));
  });
  return usingUp(x, (y) => cropped(y, paddings), ...steps);
}

/** Without the elements that paddings below 0 take away. */
function cropped(x: Tensor, paddings: Paddings): Tensor {
  const steps = paddings.map((each, axis) => (y: Tensor) => {
    const [before, after] = each.map((count) => Math.max(0, -count)) as [number, number];
    return sliceAlong(y, axis, before, (y.shape[axis] as number) - before - after);
  });
  return usingUp(x, ...steps);
}

const PLACES: Readonly<Record<PaddingMode, (place: number, size: number) => number>> = {
  reflect: (place, size) => size - 1 - Math.abs(size - 1 - Math.abs(place)),
  replicate: (place, size) => Math.min(Math.max(place, 0), size - 1),
  circular: (place, size) => ((place % size) + size) % size,
};

/** Indices of a call: checked, counted from the front, and brought to one list. */

import {
  add,
  less,
  mul,
  reshape,
  type Tensor,
  type Tensor1D,
  tensor1d,
  util,
  where,
} from '@tensorflow/tfjs-core';
import { message, showShape } from '../../../check.js';
import { stridesOf } from '../../../nn/indexing/along.js';
import { int } from '../../../nn/indexing/int.js';
import { offTape } from '../../../nn/off-tape.js';
import { commonShape, expand } from '../../../nn/shape/expand.js';
import { isOnHost } from '../../../tfjs-internals/backends.js';
import type { Call } from '../types.js';
import { readNow } from './read-now.js';

/** What indices may be, and what messages call them. */
export interface IndexOptions {
  /** Whether negative ones count from the end. @default false */
  readonly fromEnd?: boolean;
  /** The parameter. @default 'index' */
  readonly what?: string;
  /** An index that stands for none. */
  readonly except?: number;
}

/**
 * Indices into an axis, counted from the front.
 *
 * @throws RangeError for one outside of the axis, where the values can be read without waiting for a device.
 */
export function indicesInto(size: number, index: Tensor, call: Call, options: IndexOptions = {}): Tensor {
  if (isOnHost(index)) {
    const least = checkIndices(size, index.dataSync(), call, options);
    if (least >= 0) return index;
  }
  if (!options.fromEnd) return index;
  return offTape(() => where(less(index, int(0)), add(index, int(size)), index));
}

/** @returns the least index, 0 where there are none */
export function checkIndices(
  size: number,
  indices: ArrayLike<number>,
  call: Call,
  { fromEnd = false, what = 'index', except }: IndexOptions = {},
): number {
  const first = fromEnd ? -size : 0;
  let least = 0;
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] as number;
    if (index === except) continue;
    if (!(index >= first && index < size)) {
      const rule = size === 0 ? 'none' : `${first} to ${size - 1}`;
      throw new RangeError(message(call.where, what, `${rule} for a size of ${size}`, String(index)));
    }
    if (index < least) least = index;
  }
  return least;
}

/**
 * One index into an axis, counted from the front.
 *
 * @throws RangeError for one outside of the axis.
 */
export function indexInto(size: number, index: number, call: Call): number {
  return checkIndices(size, [index], call, { fromEnd: true }) < 0 ? index + size : index;
}

/** Flat indices as a tensor. */
export function idsOf(values: Iterable<number>): Tensor1D {
  return tensor1d(Int32Array.from(values), 'int32');
}

/** The places of the elements that are not zero, in the values of a tensor. */
export function placesOfNonzero(call: Call, tensor: Tensor): number[] {
  const places: number[] = [];
  for (const [place, value] of readNow(call, tensor).entries()) if (value !== 0) places.push(place);
  return places;
}

/** For each axis of a shape, the index along it of each place. */
export function coordinates(places: readonly number[], shape: readonly number[]): Int32Array[] {
  return stridesOf(shape).map((stride, axis) =>
    Int32Array.from(places, (place) => Math.floor(place / stride) % (shape[axis] as number)),
  );
}

/** Which elements `x[indices]` are: along some axes of x, which are indexed together. */
export interface Indexed {
  /** The axes of x that are indexed. */
  readonly axes: readonly number[];
  /** The shape of the index tensors, broadcast. */
  readonly shape: readonly number[];
  /** For each element of that shape, its place among the indexed axes. */
  readonly ids: Tensor1D;
}

/** Reads the list of `index.Tensor`, in which null leaves an axis as it is and a mask stands for all axes that it has. */
export function indexedBy(self: Tensor, indices: readonly (Tensor | null)[], call: Call): Indexed {
  const byAxis: (Tensor | null)[] = [];
  for (const index of indices) {
    if (index?.dtype !== 'bool') byAxis.push(index);
    else byAxis.push(...maskIndices(self, byAxis.length, index, call));
  }
  const axes = byAxis.flatMap((index, axis) => (index === null ? [] : [axis]));
  const tensors = byAxis.filter((index) => index !== null);
  const shape = commonShape(...tensors.map((index) => index.shape));
  const strides = stridesOf(axes.map((axis) => self.shape[axis] as number));
  const places = tensors.map((index, i) => {
    const checked = indicesInto(self.shape[axes[i] as number] as number, index, call, { fromEnd: true });
    const stride = strides[i] as number;
    return offTape(() => expand(stride === 1 ? checked : mul(checked, int(stride)), shape));
  });
  const size = util.sizeFromShape(shape);
  const ids =
    size === 0 || places.length === 0
      ? idsOf([])
      : offTape(() =>
          reshape(
            places.reduce((sum, place) => add(sum, place)),
            [size],
          ),
        );
  return { axes, shape, ids: ids as Tensor1D };
}

function maskIndices(self: Tensor, axis: number, mask: Tensor, call: Call): Tensor[] {
  const masked = self.shape.slice(axis, axis + mask.rank);
  if (mask.rank === 0 || mask.shape.some((size, i) => size !== masked[i]))
    throw new RangeError(message(call.where, 'mask', `shape ${showShape(masked)}`, showShape(mask.shape)));
  return coordinates(placesOfNonzero(call, mask), mask.shape).map(idsOf);
}

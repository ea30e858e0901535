/** Elements along one axis by their ids: `[outer, n, inner]` is read as `outer * n` rows. */

import { add, mul, range, reshape, type Tensor, type Tensor1D, tensor1d, util } from '@tensorflow/tfjs-core';
import { isEmpty } from '../empty.js';
import { usingUp } from '../in-turn.js';
import { offTape } from '../off-tape.js';
import { around, withSize } from '../shape/slice.js';
import { int } from './int.js';
import { addRows, putRows, takeRows } from './rows.js';

/** `y[o, i, :] = x[o, ids[i], :]` along an axis. */
export function takeAlong(x: Tensor, axis: number, ids: Tensor1D): Tensor {
  const [outer, size, inner] = around(x.shape, axis);
  const shape = withSize(x.shape, axis, ids.size);
  if (isEmpty(x.shape)) return reshape(x, shape);
  const take = (rows: Tensor) =>
    usingUp(
      ids,
      (value) => rowIds(value as Tensor1D, outer, size),
      (places) => takeRows(rows, places as Tensor1D),
    );
  return usingUp(
    x,
    (value) => reshape(value, [outer * size, inner]),
    take,
    (rows) => reshape(rows, shape),
  );
}

/** `y[o, ids[i], :] += rows[o, i, :]`, on a tensor of zeros with `size` elements along the axis. */
export function addAlong(rows: Tensor, axis: number, ids: Tensor1D, size: number): Tensor {
  const [outer, count, inner] = around(rows.shape, axis);
  const sum = addRows(reshape(rows, [outer * count, inner]), rowIds(ids, outer, size), outer * size);
  return reshape(sum, withSize(rows.shape, axis, size));
}

/** A copy of x in which `y[o, ids[i], :] = rows[o, i, :]`. */
export function putAlong(x: Tensor, axis: number, ids: Tensor1D, rows: Tensor): Tensor {
  const [outer, size, inner] = around(x.shape, axis);
  if (isEmpty(rows.shape)) return x;
  const flat = reshape(rows, [outer * ids.size, inner]);
  return reshape(putRows(reshape(x, [outer * size, inner]), rowIds(ids, outer, size), flat), x.shape);
}

/** The ids of rows in each of `outer` blocks of `size` rows. */
function rowIds(ids: Tensor1D, outer: number, size: number): Tensor1D {
  if (outer === 1) return ids;
  return offTape(() => {
    const starts = mul(range(0, outer, 1, 'int32'), int(size));
    const all = add(reshape(starts, [outer, 1]), reshape(ids, [1, ids.size]));
    return reshape(all, [outer * ids.size]) as Tensor1D;
  });
}

/**
 * The places of `x[i, index[i, j], k]` in the values of x, for an index along an axis: one for each element of `index`.
 *
 * @param shape of x; index is no larger along its other axes.
 */
export function placesOf(index: Tensor, axis: number, shape: readonly number[]): Tensor1D {
  const [outer, count, inner] = around(index.shape, axis);
  const strides = stridesOf(shape);
  const before = offsets(index.shape.slice(0, axis), strides);
  const behind = offsets(index.shape.slice(axis + 1), strides.slice(axis + 1));
  return offTape(() => {
    const steps = mul(reshape(index, [outer, count, inner]), int(strides[axis] as number));
    const starts = add(
      reshape(tensor1d(before, 'int32'), [outer, 1, 1]),
      reshape(tensor1d(behind, 'int32'), [1, 1, inner]),
    );
    return reshape(add(steps, starts), [index.size]) as Tensor1D;
  });
}

/** How far apart neighbours lie along each axis. */
export function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => util.sizeFromShape(shape.slice(axis + 1)));
}

/** The places of all elements of a shape, whose axes have these strides. */
export function offsets(shape: readonly number[], strides: readonly number[]): Int32Array {
  let places = Int32Array.of(0);
  for (const [axis, size] of shape.entries()) {
    const next = new Int32Array(places.length * size);
    for (const [i, place] of places.entries())
      for (let j = 0; j < size; j++) next[i * size + j] = place + j * (strides[axis] as number);
    places = next;
  }
  return places;
}

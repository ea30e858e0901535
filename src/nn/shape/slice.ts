import { cast, reshape, reverse, slice, split, type Tensor, util } from '@tensorflow/tfjs-core';
import { emptyLike, isEmpty } from '../empty.js';
import { inTurn, release, usingUp } from '../in-turn.js';

/** The sizes before an axis, at it and behind it. The kernels see these three axes, however many a tensor has. */
export function around(shape: readonly number[], axis: number): [outer: number, size: number, inner: number] {
  return [
    util.sizeFromShape(shape.slice(0, axis)),
    shape[axis] as number,
    util.sizeFromShape(shape.slice(axis + 1)),
  ];
}

/** A shape with another size at one axis. */
export function withSize(shape: readonly number[], axis: number, ...sizes: readonly number[]): number[] {
  return [...shape.slice(0, axis), ...sizes, ...shape.slice(axis + 1)];
}

/** Elements `start` to `start + length` along an axis: x itself where these are all. */
export function sliceAlong(x: Tensor, axis: number, start: number, length: number): Tensor {
  if (length === x.shape[axis]) return x;
  const shape = withSize(x.shape, axis, length);
  if (isEmpty(shape)) return emptyLike(shape, x);
  const [outer, size, inner] = around(x.shape, axis);
  return inTurn(
    x,
    (value) => reshape(value, [outer, size, inner]),
    (value) => slice(value, [0, start, 0], [outer, length, inner]),
    (part) => reshape(part, shape),
  );
}

/** Parts of these sizes, one behind the other along an axis. */
export function splitAlong(x: Tensor, axis: number, sizes: readonly number[]): Tensor[] {
  if (sizes.length === 1) return [x];
  if (isEmpty(x.shape) || sizes.includes(0)) {
    let start = 0;
    return sizes.map((length) => {
      const part = sliceAlong(x, axis, start, length);
      start += length;
      return part;
    });
  }
  // One op, whose gradient is one concat; that of a slice is as large as x.
  const whole = reshape(x, around(x.shape, axis));
  release(x);
  const parts = split(whole, [...sizes], 1);
  whole.dispose();
  return parts.map((part, i) => {
    const shaped = reshape(part, withSize(x.shape, axis, sizes[i] as number));
    part.dispose();
    return shaped;
  });
}

/** `y[i] = x[n - 1 - i]` along an axis. */
export function flipAlong(x: Tensor, axis: number): Tensor {
  if (isEmpty(x.shape) || x.shape[axis] === 1) return x;
  // wasm's kernel reads booleans as if they were four bytes each.
  if (x.dtype === 'bool') return cast(flipAlong(cast(x, 'int32'), axis), 'bool');
  return usingUp(
    x,
    (value) => reshape(value, around(x.shape, axis)),
    (value) => reverse(value, 1),
    (y) => reshape(y, x.shape),
  );
}

/** The order of the elements along an axis. */

import {
  cast,
  getBackend,
  isNaN as isNotANumber,
  neg,
  reshape,
  sub,
  type Tensor,
  tensor3d,
  topk,
  where,
} from '@tensorflow/tfjs-core';
import { isEmpty } from '../empty.js';
import { offTape } from '../off-tape.js';
import { moveAxis } from '../shape/permute.js';
import { around, withSize } from '../shape/slice.js';
import { int } from './int.js';

type Values = Float32Array | Int32Array | Uint8Array;

/** Up to so many are kept sorted while the others pass by; more are cut from all of them, sorted. */
const FEW = 64;

/**
 * Where the first `count` elements along an axis lie in the order of their values: int32, without a gradient. Equal ones stay in their
 * order, and NaN is greater than any number, as in torch.
 *
 * On webgpu, which has no synchronous read, by tf.topk: there NaN is as great as infinity.
 */
export function orderAlong(x: Tensor, axis: number, count: number, isDescending: boolean): Tensor {
  const shape = withSize(x.shape, axis, count);
  const [outer, size, inner] = around(x.shape, axis);
  if (isEmpty(shape)) return reshape(tensor3d([], [0, 1, 1], 'int32'), shape);
  if (getBackend() === 'webgpu') return offTape(() => topkAlong(x, axis, count, isDescending));
  const values = x.dataSync() as Values;
  const isBefore = isDescending ? isGreater : (a: number, b: number) => isGreater(b, a);
  const indices = new Int32Array(outer * count * inner);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      const at = (index: number) => values[(o * size + index) * inner + i] as number;
      const first = firstOf(size, count, at, isBefore);
      for (let k = 0; k < count; k++) indices[(o * count + k) * inner + i] = first[k] as number;
    }
  return reshape(tensor3d(indices, [outer, count, inner], 'int32'), shape);
}

function isGreater(a: number, b: number): boolean {
  return a > b || (Number.isNaN(a) && !Number.isNaN(b));
}

function firstOf(
  size: number,
  count: number,
  at: (index: number) => number,
  isBefore: (a: number, b: number) => boolean,
): ArrayLike<number> {
  if (count > FEW) {
    const compare = (a: number, b: number) =>
      isBefore(at(a), at(b)) ? -1 : isBefore(at(b), at(a)) ? 1 : a - b;
    return Int32Array.from({ length: size }, (_, i) => i).sort(compare);
  }
  const first: number[] = [];
  for (let index = 0; index < size; index++) {
    let place = first.length;
    while (place > 0 && isBefore(at(index), at(first[place - 1] as number))) place--;
    if (place === count) continue;
    first.splice(place, 0, index);
    if (first.length > count) first.pop();
  }
  return first;
}

function topkAlong(x: Tensor, axis: number, count: number, isDescending: boolean): Tensor {
  const last = x.rank - 1;
  const numbers = comparable(x);
  // -1 - x turns the order of all of int32: -x has no value for the least.
  const turned = numbers.dtype === 'int32' ? sub(int(-1), numbers) : neg(numbers);
  const { indices } = topk(moveAxis(isDescending ? numbers : turned, axis, last), count);
  return moveAxis(indices, last, axis);
}

/** tf.topk takes no bools, and leaves the place of NaN open. */
function comparable(x: Tensor): Tensor {
  if (x.dtype === 'float32') return where(isNotANumber(x), Number.POSITIVE_INFINITY, x);
  return x.dtype === 'bool' ? cast(x, 'int32') : x;
}

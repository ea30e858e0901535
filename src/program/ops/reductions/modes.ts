/** Elements at a place in the order of an axis: the most frequent one, and the middle of numbers beside NaN. */

import {
  add,
  argMax,
  cast,
  concat,
  div,
  equal,
  expandDims,
  floor,
  isNaN as isNotANumber,
  logicalAnd,
  logicalNot,
  logicalOr,
  maximum,
  mul,
  notEqual,
  onesLike,
  range,
  reshape,
  sub,
  sum,
  type Tensor,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { constantOf } from '../../../nn/empty.js';
import { orderAlong } from '../../../nn/indexing/order.js';
import { offTape } from '../../../nn/off-tape.js';
import { scan } from '../../../nn/scan.js';
import { moveAxis } from '../../../nn/shape/permute.js';
import { sliceAlong } from '../../../nn/shape/slice.js';
import { gatherAlong } from '../indexing/indexing.js';
import { axisOf } from '../shared/axes.js';
import { withGradient } from '../shared/gradients.js';
import type { OpFunction } from '../types.js';
import { reductionOf } from './reduce.js';

/** How many elements of a sorted last axis up to each one equal it; NaN equals none. */
function repeats(sorted: Tensor): Tensor {
  const last = sorted.rank - 1;
  const size = sorted.shape[last] as number;
  const [before, after] = [sliceAlong(sorted, last, 0, size - 1), sliceAlong(sorted, last, 1, size - 1)];
  const differs = notEqual(before, after);
  const isNew = sorted.dtype === 'float32' ? logicalOr(differs, isNotANumber(after)) : differs;
  const first = cast(onesLike(sliceAlong(sorted, last, 0, 1)), 'bool');
  const steps = add(cast(zerosLike(sorted), 'int32'), range(0, size, 1, 'int32'));
  const begins = where(size > 1 ? concat([first, isNew], last) : first, steps, zerosLike(steps));
  const [begin] = scan([begins], last, ([early], [late]) => [maximum(early as Tensor, late as Tensor)]);
  return sub(steps, begin as Tensor);
}

/** The least of the most frequent ones, at its last place, as torch finds it in a stable order; its place beside NaN is open there. */
const modeOf = (sorted: Tensor) => argMax(cast(repeats(sorted), 'float32'), -1);

/** The lower of the two in the middle of what is no NaN. */
function middleOf(sorted: Tensor): Tensor {
  const isNumber = sorted.dtype === 'float32' ? logicalNot(isNotANumber(sorted)) : onesLike(sorted);
  const last = sub(sum(cast(isNumber, 'int32'), -1), 1);
  return maximum(floor(div(cast(last, 'float32'), 2)), 0);
}

/** An element along an axis and its index, by its place in the order; the gradient goes to it alone. */
const inOrder =
  (placeOf: (sorted: Tensor) => Tensor) =>
  (self: Tensor, dim: number, keepdim: boolean): Tensor[] => {
    const { shape } = reductionOf(self, dim, keepdim);
    if (self.size === 0) {
      const nothing = self.dtype === 'float32' ? Number.NaN : 0;
      return [constantOf(shape, [self], nothing, self.dtype), constantOf(shape, [], 0, 'int32')];
    }
    const last = Math.max(self.rank - 1, 0);
    const x = self.rank === 0 ? reshape(self, [1]) : moveAxis(self, axisOf(dim, self.rank), last);
    const indices = offTape(() => {
      const numbers = x.dtype === 'bool' ? cast(x, 'int32') : x;
      const order = orderAlong(numbers, last, x.shape[last] as number, false);
      const place = cast(placeOf(gatherAlong(numbers, last, order)), 'int32');
      return gatherAlong(order, last, expandDims(place, last));
    });
    return [gatherAlong(x, last, indices), indices].map((each) => reshape(each, shape));
  };

/** A median of all elements, whose gradient all that are equal to it share, which it does not along an axis. */
export function ofAll(self: Tensor, along: (x: Tensor, dim: number, keepdim: boolean) => Tensor[]): Tensor {
  const middle = (x: Tensor) => along(reshape(x, [x.size]), 0, false)[0] as Tensor;
  if (self.dtype !== 'float32' || self.size === 0) return middle(self);
  return withGradient([self], middle, (dy, [x], y) => {
    const isMiddle = logicalOr(equal(x, y), logicalAnd(isNotANumber(x), isNotANumber(y)));
    const share = cast(isMiddle, 'float32');
    return [mul(share, div(dy, sum(share)))];
  });
}

export const MODES: Readonly<Record<string, OpFunction>> = {
  'aten::mode(Tensor self, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)':
    inOrder(modeOf),
  'aten::nanmedian(Tensor self) -> Tensor': (self: Tensor) => ofAll(self, inOrder(middleOf)),
  'aten::nanmedian.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)':
    inOrder(middleOf),
};

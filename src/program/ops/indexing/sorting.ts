/** Sorting and searching. */

import {
  add,
  greater,
  greaterEqual,
  lessEqual,
  logicalAnd,
  logicalNot,
  minimum,
  mul,
  reshape,
  sub,
  type Tensor,
  type Tensor1D,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import { inTurn } from '../../../nn/in-turn.js';
import { offsets, stridesOf } from '../../../nn/indexing/along.js';
import { int } from '../../../nn/indexing/int.js';
import { orderAlong } from '../../../nn/indexing/order.js';
import { takeRows } from '../../../nn/indexing/rows.js';
import { offTape } from '../../../nn/off-tape.js';
import { expand } from '../../../nn/shape/expand.js';
import { sliceAlong, withSize } from '../../../nn/shape/slice.js';
import { axisOf } from '../shared/axes.js';
import { as, commonDtype, type Operand } from '../shared/dtypes.js';
import { idsOf } from '../shared/indices.js';
import type { OpFunction } from '../types.js';
import { gatherAlong } from './indexing.js';

function sort(self: Tensor, dim: number, isDescending: boolean): [values: Tensor, indices: Tensor] {
  const axis = axisOf(dim, self.rank);
  return firstAlong(self, dim, self.shape[axis] ?? 1, isDescending);
}

function firstAlong(self: Tensor, dim: number, count: number, isDescending: boolean): [Tensor, Tensor] {
  if (self.rank === 0) return [self, zeros([], 'int32')];
  const axis = axisOf(dim, self.rank);
  const indices = orderAlong(self, axis, count, isDescending);
  return [gatherAlong(self, axis, indices), indices];
}

function kthvalue(self: Tensor, k: number, dim: number, keepdim: boolean): Tensor[] {
  if (self.rank === 0) return [self, zeros([], 'int32')];
  const axis = axisOf(dim, self.rank);
  return firstAlong(self, dim, k, false).map((result) => {
    const last = sliceAlong(result, axis, k - 1, 1);
    return keepdim ? last : reshape(last, withSize(self.shape, axis));
  });
}

/**
 * How many of the sorted numbers lie before each value, by halves. Sequences lie along the last axis, one for all values or one for
 * each row of values.
 */
function search(sorted: Tensor, values: Tensor, isRight: boolean): Tensor {
  const size = sorted.shape.at(-1) as number;
  if (values.size === 0 || size === 0) return zeros(values.shape, 'int32');
  const dtype = commonDtype(sorted, values);
  const numbers = as(reshape(sorted, [sorted.size]), dtype);
  const wanted = as(values, dtype);
  const starts = sorted.rank === 1 ? zeros(values.shape, 'int32') : startsOf(values, size);
  const further = (before: Tensor, step: number) => {
    const next = add(before, int(step));
    const isBefore = inTurn(
      next,
      (value) => minimum(value, int(size)),
      (value) => sub(value, int(1)),
      (value) => add(starts, value),
      (place) => reshape(place, [place.size]),
      (places) => takeRows(numbers, places as Tensor1D),
      (number) => reshape(number, values.shape),
      // No number is before NaN in these comparisons, and NaN lies behind all numbers.
      (number) => (isRight ? greater(number, wanted) : greaterEqual(number, wanted)),
      logicalNot,
    );
    return inTurn(
      next,
      (value) => lessEqual(value, int(size)),
      (isInside) => logicalAnd(isInside, isBefore),
      (isFurther) => mul(as(isFurther, 'int32'), int(step)),
      (added) => add(before, added),
    );
  };
  const rounds = Array.from({ length: Math.floor(Math.log2(size)) + 1 }, (_, i) => 2 ** i).reverse();
  const none: Tensor = zeros(values.shape, 'int32');
  return inTurn(none, ...rounds.map((step) => (found: Tensor) => tidy(() => further(found, step))));
}

/** Where the sequence of each value's row begins. */
function startsOf(values: Tensor, size: number): Tensor {
  const rows = values.shape.slice(0, -1);
  const starts = offsets(
    rows,
    stridesOf(rows).map((stride) => stride * size),
  );
  return expand(reshape(idsOf(starts), [...rows, 1]), values.shape);
}

function searchsorted(
  sorted: Tensor,
  values: Operand,
  _int32: boolean,
  right: boolean,
  side: string | null,
  sorter: Tensor | null,
): Tensor {
  return offTape(() => {
    const sequence = sorter ? gatherAlong(sorted, sorted.rank - 1, sorter) : sorted;
    return search(sequence, asTensor(values), side === null ? right : side === 'right');
  });
}

function bucketize(values: Operand, boundaries: Tensor, _int32: boolean, right: boolean): Tensor {
  return offTape(() => search(boundaries, asTensor(values), right));
}

const asTensor = (value: Operand) => as(value, commonDtype(value));

const SEARCH_OPTIONS = 'bool out_int32=False, bool right=False';
const SORTER = 'str? side=None, Tensor? sorter=None';

export const SORTING: Readonly<Record<string, OpFunction>> = {
  'aten::sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)': sort,
  'aten::sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)':
    (self: Tensor, _stable: boolean | null, dim: number, isDescending: boolean) =>
      sort(self, dim, isDescending),
  'aten::argsort(Tensor self, int dim=-1, bool descending=False) -> Tensor': (
    self: Tensor,
    dim: number,
    isDescending: boolean,
  ) => sort(self, dim, isDescending)[1],
  'aten::argsort.stable(Tensor self, *, bool stable, int dim=-1, bool descending=False) -> Tensor': (
    self: Tensor,
    _stable: boolean,
    dim: number,
    isDescending: boolean,
  ) => sort(self, dim, isDescending)[1],
  'aten::msort(Tensor self) -> Tensor': (self: Tensor) => sort(self, 0, false)[0],
  'aten::topk(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, Tensor indices)':
    (self: Tensor, k: number, dim: number, largest: boolean) => firstAlong(self, dim, k, largest),
  'aten::kthvalue(Tensor self, SymInt k, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)':
    kthvalue,
  [`aten::searchsorted.Tensor(Tensor sorted_sequence, Tensor self, *, ${SEARCH_OPTIONS}, ${SORTER}) -> Tensor`]:
    searchsorted,
  [`aten::searchsorted.Scalar(Tensor sorted_sequence, Scalar self, *, ${SEARCH_OPTIONS}, ${SORTER}) -> Tensor`]:
    searchsorted,
  [`aten::bucketize.Tensor(Tensor self, Tensor boundaries, *, ${SEARCH_OPTIONS}) -> Tensor`]: bucketize,
  [`aten::bucketize.Scalar(Scalar self, Tensor boundaries, *, ${SEARCH_OPTIONS}) -> Tensor`]: bucketize,
};

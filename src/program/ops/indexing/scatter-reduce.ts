/** `scatter_reduce`: the values that go to one place, brought to one. */

import {
  add,
  cast,
  customGrad,
  div,
  equal,
  type GradSaveFunc,
  logicalAnd,
  maximum,
  mul,
  ones,
  onesLike,
  type Tensor,
  type Tensor1D,
  tensor1d,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { message, show } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import { choose } from '../../../nn/indexing/choose.js';
import { addRows, putRows, takeRows } from '../../../nn/indexing/rows.js';
import { offTape } from '../../../nn/off-tape.js';
import { valueIn } from '../shared/dtypes.js';
import { readNow } from '../shared/read-now.js';
import type { Call } from '../types.js';

interface Options {
  readonly reduce: string;
  /** Whether the values that self has count. */
  readonly includeSelf: boolean;
  readonly call: Call;
}

/** All of one axis: `y[j]` of `self[j]` and all `rows[i]` with `places[i] = j`. */
export function scatterReduce(self: Tensor, places: Tensor1D, rows: Tensor, options: Options): Tensor {
  const { reduce, includeSelf, call } = options;
  if (reduce === 'sum' || reduce === 'mean') {
    const base = includeSelf ? self : putRows(self, places, zerosLike(rows));
    const sum = add(base, addRows(rows, places, self.size));
    return reduce === 'sum' ? sum : meanOf(sum, self, places, options);
  }
  const way = WAYS[reduce];
  if (way === undefined || self.dtype === 'bool') {
    const rule = self.dtype === 'bool' ? 'sum or mean for bools' : 'sum, mean, prod, amax or amin';
    throw new UnsupportedError(message(call.where, 'reduce', rule, show(reduce)));
  }
  if (self.dtype !== 'float32') return combined(self, rows, places, way, options);
  const op = customGrad((target, source, save) => {
    const value = combined(target as Tensor, source as Tensor, places, way, options);
    (save as GradSaveFunc)([target as Tensor, source as Tensor, value, places]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [x, y, result, at] = saved as [Tensor, Tensor, Tensor, Tensor1D];
      const again = (x: Tensor, y: Tensor) => combined(x, y, at, way, options);
      const [ofSelf, ofRows] = way.gradients(dy, [x, y], result, at, again);
      return [includeSelf ? ofSelf : putRows(ofSelf, at, zerosLike(y)), ofRows];
    };
    return { value, gradFunc };
  });
  return op(self, rows);
}

function meanOf(sum: Tensor, self: Tensor, places: Tensor1D, { includeSelf, call }: Options): Tensor {
  if (self.dtype !== 'float32') {
    const got = 'integers';
    throw new UnsupportedError(message(call.where, 'self', 'floats for a mean', got));
  }
  const counts = offTape(() => {
    const written = addRows(ones([places.size]), places, self.size);
    return includeSelf ? add(written, 1) : maximum(written, 1);
  });
  return div(sum, counts);
}

/** How values that meet become one. */
interface Way {
  /** What they start with where self is left out. */
  readonly start: number;
  combine(a: number, b: number): number;
  /** Of self and of the rows. */
  gradients(
    dy: Tensor,
    inputs: readonly [self: Tensor, rows: Tensor],
    value: Tensor,
    places: Tensor1D,
    compute: (self: Tensor, rows: Tensor) => Tensor,
  ): [Tensor, Tensor];
}

function combined(
  self: Tensor,
  rows: Tensor,
  places: Tensor1D,
  { start, combine }: Way,
  { includeSelf, call }: Options,
): Tensor {
  const [ids, values] = [readNow(call, places), readNow(call, rows)];
  const isFloat = self.dtype === 'float32';
  const result = (isFloat ? Float32Array : Int32Array).from(readNow(call, self));
  if (!includeSelf) for (const place of ids) result[place] = Number(valueIn(self.dtype, start));
  for (const [i, place] of ids.entries())
    result[place] = combine(result[place] as number, values[i] as number);
  return tensor1d(result, self.dtype);
}

/** Shared out evenly among equal ones. torch counts those of self also where they are left out. */
const ofExtreme: Way['gradients'] = (dy, [x, y], value, places) => {
  const isOfSelf = offTape(() => equal(x, value));
  const isOfRows = offTape(() => equal(y, takeRows(value, places)));
  const count = offTape(() => {
    const ofRows = addRows(cast(isOfRows, 'float32'), places, x.size);
    return maximum(add(ofRows, cast(isOfSelf, 'float32')), 1);
  });
  const share = div(dy, count);
  return [choose(isOfSelf, share, zerosLike(dy)), choose(isOfRows, takeRows(share, places), zerosLike(y))];
};

/** The product of the others: that of all divided by its own factor, and without it where it is the one zero. */
const ofProduct: Way['gradients'] = (dy, [x, y], value, places, compute) => {
  const unlessZero = (factor: Tensor) =>
    choose(
      offTape(() => equal(factor, 0)),
      onesLike(factor),
      factor,
    );
  const own = unlessZero(x);
  const ofSelf = mul(dy, div(compute(own, y), own));
  const isZero = offTape(() => equal(y, 0));
  const isOnlyZero = offTape(() => {
    const zerosAt = takeRows(addRows(cast(isZero, 'float32'), places, x.size), places);
    return logicalAnd(isZero, equal(zerosAt, 1));
  });
  const others = takeRows(mul(dy, compute(x, choose(isOnlyZero, onesLike(y), y))), places);
  const divided = div(takeRows(mul(dy, value), places), unlessZero(y));
  return [ofSelf, choose(isOnlyZero, others, divided)];
};

const WAYS: Readonly<Record<string, Way>> = {
  amax: {
    start: Number.NEGATIVE_INFINITY,
    combine: (a, b) => (b > a || Number.isNaN(b) ? b : a),
    gradients: ofExtreme,
  },
  amin: {
    start: Number.POSITIVE_INFINITY,
    combine: (a, b) => (b < a || Number.isNaN(b) ? b : a),
    gradients: ofExtreme,
  },
  prod: { start: 1, combine: (a, b) => a * b, gradients: ofProduct },
};

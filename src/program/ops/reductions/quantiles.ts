/** Quantiles: elements at a share of the way through their order, or between two of them. */

import {
  add,
  any,
  cast,
  ceil,
  floor,
  isNaN as isNotANumber,
  logicalNot,
  maximum,
  mul,
  reshape,
  round,
  scalar,
  sub,
  sum,
  Tensor,
  tensor1d,
} from '@tensorflow/tfjs-core';
import { message, show, showShape } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import { choose } from '../../../nn/indexing/choose.js';
import { orderAlong } from '../../../nn/indexing/order.js';
import { offTape } from '../../../nn/off-tape.js';
import { moveAxis } from '../../../nn/shape/permute.js';
import { gatherAlong } from '../indexing/indexing.js';
import { axisOf } from '../shared/axes.js';
import type { Call, OpFunction } from '../types.js';
import { reductionOf } from './reduce.js';

/** To which of its neighbours a place between two elements goes. */
const ROUNDINGS: Readonly<Record<string, (place: Tensor) => Tensor>> = {
  lower: floor,
  higher: ceil,
  nearest: round,
};

/** The places of the shares q along the last axis, which is sorted: `[..., Q]`. NaN, which lies last, is taken or passed over. */
function placesOf(sorted: Tensor, q: Tensor, ignoresNaN: boolean): Tensor {
  const last = (sorted.shape.at(-1) as number) - 1;
  if (ignoresNaN) {
    const counts = offTape(() => sum(cast(logicalNot(isNotANumber(sorted)), 'float32'), -1, true));
    return maximum(mul(sub(counts, 1), q), 0);
  }
  const hasNaN = offTape(() => any(isNotANumber(sorted), -1, true));
  return choose(hasNaN, scalar(last), mul(q, last));
}

function valuesAt(sorted: Tensor, places: Tensor, interpolation: string): Tensor {
  const at = (rank: (place: Tensor) => Tensor) =>
    gatherAlong(
      sorted,
      sorted.rank - 1,
      offTape(() => cast(rank(places), 'int32')),
    );
  const rounding = ROUNDINGS[interpolation];
  if (rounding) return at(rounding);
  const [below, above] = [at(floor), at(ceil)];
  const share =
    interpolation === 'midpoint'
      ? scalar(0.5)
      : sub(
          places,
          offTape(() => floor(places)),
        );
  return add(below, mul(share, sub(above, below)));
}

const quantileOf =
  (ignoresNaN: boolean): OpFunction =>
  (
    self: Tensor,
    q: Tensor | number,
    dim: number | null,
    keepdim: boolean,
    interpolation: string,
    call: Call,
  ) => {
    if (!(interpolation in ROUNDINGS) && interpolation !== 'linear' && interpolation !== 'midpoint') {
      const rule = 'linear, lower, higher, midpoint or nearest';
      throw new UnsupportedError(message(call.where, 'interpolation', rule, show(interpolation)));
    }
    if (self.size === 0) throw new RangeError(message(call.where, 'self', 'elements', showShape(self.shape)));
    const { shape } = reductionOf(self, dim, keepdim);
    const isFlat = dim === null || self.rank === 0;
    const x = isFlat ? reshape(self, [self.size]) : moveAxis(self, axisOf(dim, self.rank), self.rank - 1);
    const last = x.rank - 1;
    const sorted = gatherAlong(x, last, orderAlong(x, last, x.shape[last] as number, false));
    const shares = q instanceof Tensor ? reshape(q, [q.size]) : tensor1d([q]);
    const values = valuesAt(sorted, placesOf(sorted, shares, ignoresNaN), interpolation);
    const isList = q instanceof Tensor && q.rank === 1;
    return isList ? reshape(moveAxis(values, last, 0), [q.size, ...shape]) : reshape(values, shape);
  };

const OPTIONS = 'int? dim=None, bool keepdim=False, *, str interpolation="linear"';

export const QUANTILES: Readonly<Record<string, OpFunction>> = {
  [`aten::quantile(Tensor self, Tensor q, ${OPTIONS}) -> Tensor`]: quantileOf(false),
  [`aten::quantile.scalar(Tensor self, float q, ${OPTIONS}) -> Tensor`]: quantileOf(false),
  [`aten::nanquantile(Tensor self, Tensor q, ${OPTIONS}) -> Tensor`]: quantileOf(true),
  [`aten::nanquantile.scalar(Tensor self, float q, ${OPTIONS}) -> Tensor`]: quantileOf(true),
};

/** Running sums, products and extremes along an axis. */

import {
  add,
  cast,
  cumsum,
  customGrad,
  greaterEqual,
  isNaN as isNotANumber,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  mul,
  range,
  reshape,
  type Tensor,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { emptyOf } from '../../../nn/empty.js';
import { logAddExp } from '../../../nn/log-sum-exp.js';
import { offTape } from '../../../nn/off-tape.js';
import { scan } from '../../../nn/scan.js';
import { axisOf } from '../shared/axes.js';
import { as, resultDtype } from '../shared/dtypes.js';
import type { Call, OpFunction } from '../types.js';

/** The gradient of tf.cumsum has its axes in the wrong order where the axis is not the last. */
export function cumsumOf(x: Tensor, axis: number): Tensor {
  if (x.dtype !== 'float32') return cumsum(x, axis);
  const op = customGrad((input) => ({
    value: cumsum(input as Tensor, axis),
    gradFunc: (dy: Tensor) => cumsumBackwards(dy, axis),
  }));
  return op(x);
}

function cumsumBackwards(dy: Tensor, axis: number): Tensor {
  const op = customGrad((input) => ({
    value: cumsum(input as Tensor, axis, false, true),
    gradFunc: (dy2: Tensor) => cumsumOf(dy2, axis),
  }));
  return op(dy);
}

/** Runs along an axis of a tensor that has one, and elements. */
function along(x: Tensor, dim: number, run: (x: Tensor, axis: number) => Tensor): Tensor {
  if (x.size === 0) return x.dtype === 'float32' ? emptyOf(x.shape, [x]) : zerosLike(x);
  return x.rank === 0 ? reshape(run(reshape(x, [1]), 0), []) : run(x, axisOf(dim, x.rank));
}

/** In place, bools stay bools. */
const running =
  (run: (x: Tensor, axis: number) => Tensor): OpFunction =>
  (self: Tensor, dim: number, _dtype: null, call: Call) => {
    const dtype = resultDtype(call);
    return as(along(as(self, dtype === 'bool' ? 'int32' : dtype), dim, run), dtype);
  };

/** The later one counts where two are equal; NaN counts as the greatest and the least. */
const runningExtreme =
  (isAsGreat: typeof greaterEqual): OpFunction =>
  (self: Tensor, dim: number): Tensor[] => {
    const axis = axisOf(dim, self.rank);
    if (self.rank === 0 || self.size === 0) return [self, cast(zerosLike(self), 'int32')];
    const steps = self.shape.map((size, i) => (i === axis ? size : 1));
    const index = add(
      cast(zerosLike(self), 'int32'),
      reshape(range(0, self.shape[axis] as number, 1, 'int32'), steps),
    );
    const [values, indices] = scan([self, index], axis, ([early, earlyAt], [late, lateAt]) => {
      const isLater = offTape(() => takesLater(isAsGreat, early as Tensor, late as Tensor));
      return [
        where(isLater, late as Tensor, early as Tensor),
        where(isLater, lateAt as Tensor, earlyAt as Tensor),
      ];
    });
    return [values as Tensor, indices as Tensor];
  };

function takesLater(isAsGreat: typeof greaterEqual, early: Tensor, late: Tensor): Tensor {
  const isGreater = isAsGreat(late, early);
  if (late.dtype !== 'float32') return isGreater;
  return logicalOr(isNotANumber(late), logicalAnd(logicalNot(isNotANumber(early)), isGreater));
}

export const RUNNING: Readonly<Record<string, OpFunction>> = {
  'aten::cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor': running(cumsumOf),
  'aten::cumprod(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor': running(
    (x, axis) => scan([x], axis, ([a], [b]) => [mul(a as Tensor, b as Tensor)])[0] as Tensor,
  ),
  'aten::logcumsumexp(Tensor self, int dim) -> Tensor': (self: Tensor, dim: number) =>
    along(
      self,
      dim,
      (x, axis) => scan([x], axis, ([a], [b]) => [logAddExp(a as Tensor, b as Tensor)])[0] as Tensor,
    ),
  'aten::cummax(Tensor self, int dim) -> (Tensor values, Tensor indices)': runningExtreme(greaterEqual),
  'aten::cummin(Tensor self, int dim) -> (Tensor values, Tensor indices)': runningExtreme(lessEqual),
};

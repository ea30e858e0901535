/** Functions of two tensors that models need seldom, and differences of neighbours. */

import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { sliceAlong } from '../../../nn/shape/slice.js';
import { concatenate } from '../shapes/joining.js';
import { axisOf } from '../shared/axes.js';
import { as, computeDtype, resultDtype } from '../shared/dtypes.js';
import { gradientWhere, sumTo, withGradient } from '../shared/gradients.js';
import { elementwise, named, type Pointwise } from '../shared/pointwise.js';
import type { Call, OpFunction } from '../types.js';

type Binary = (a: Tensor, b: Tensor) => Tensor;

/** The larger or smaller of two numbers, and the number where the other is NaN. */
function extremeNumber(run: Binary, isChosen: Binary): Pointwise {
  return (a, b) => {
    if (a.dtype !== 'float32') return run(a, b);
    const takesFirst = (a: Tensor, b: Tensor) => tf.logicalOr(isChosen(a, b), tf.isNaN(b));
    return withGradient(
      [a, b],
      (a, b) => tf.where(takesFirst(a, b), a, b),
      (dy, [a, b]) => [
        sumTo(
          gradientWhere(() => takesFirst(a, b), dy),
          a,
        ),
        sumTo(
          gradientWhere(() => tf.logicalNot(takesFirst(a, b)), dy),
          b,
        ),
      ],
    );
  };
}

/** `sqrt(a^2 + b^2)` */
const hypot: Pointwise = (a, b) =>
  withGradient(
    [a, b],
    (a, b) => tf.sqrt(tf.add(tf.square(a), tf.square(b))),
    (dy, [a, b], y) => [sumTo(tf.mul(dy, tf.div(a, y)), a), sumTo(tf.mul(dy, tf.div(b, y)), b)],
  );

/** True for -0 too. */
function signbit(x: Tensor): Tensor {
  return tf.less(x.dtype === 'float32' ? tf.where(tf.equal(x, 0), tf.reciprocal(x), x) : x, as(0, x.dtype));
}

/** The magnitude of a with the sign of b, which has no gradient. */
const copysign: Pointwise = (a, b) => {
  const sign = (b: Tensor) => tf.sub(1, tf.mul(2, as(signbit(b), 'float32')));
  return withGradient(
    [a, b],
    (a, b) => tf.mul(tf.abs(a), sign(b)),
    (dy, [a, b]) => [sumTo(tf.mul(dy, tf.mul(tf.sign(a), sign(b))), a), tf.zerosLike(b)],
  );
};

/** `x * ln(y)`, 0 where x is 0 unless y is NaN. */
const xlogy: Pointwise = (x, y) =>
  withGradient(
    [x, y],
    (x, y) => {
      const product = tf.where(tf.equal(x, 0), tf.zerosLike(x), tf.mul(x, tf.log(y)));
      return tf.where(tf.isNaN(y), y, product);
    },
    (dy, [x, y]) => {
      const isNought = () => tf.logicalAnd(tf.equal(x, 0), tf.lessEqual(y, 0));
      const ofX = gradientWhere(() => tf.logicalNot(isNought()), tf.mul(dy, tf.log(y)));
      return [sumTo(ofX, x), sumTo(tf.mul(dy, tf.div(x, y)), y)];
    },
  );

/** `y[i] = x[i + 1] - x[i]` along an axis, n times; of truth values whether they differ. */
function diff(
  self: Tensor,
  n: number,
  dim: number,
  prepend: Tensor | null,
  append: Tensor | null,
  call: Call,
): Tensor {
  const axis = axisOf(dim, self.rank);
  const dtype = computeDtype(call);
  const parts = [prepend, self, append].filter((part) => part !== null).map((part) => as(part, dtype));
  let x = parts.length > 1 ? concatenate(parts, axis) : (parts[0] as Tensor);
  // Nothing is left after as many times as there are elements.
  for (let k = Math.min(n, x.shape[axis] as number); k > 0; k--) {
    const length = Math.max((x.shape[axis] as number) - 1, 0);
    const [next, each] = [
      sliceAlong(x, axis, Math.min(1, x.shape[axis] as number), length),
      sliceAlong(x, axis, 0, length),
    ];
    x = resultDtype(call) === 'bool' ? as(tf.notEqual(next, each), dtype) : tf.sub(next, each);
  }
  return as(x, resultDtype(call));
}

export const SPECIAL: Readonly<Record<string, OpFunction>> = {
  ...named(['fmax'], 'Tensor self, Tensor other', elementwise(2, extremeNumber(tf.maximum, tf.greaterEqual))),
  ...named(['fmin'], 'Tensor self, Tensor other', elementwise(2, extremeNumber(tf.minimum, tf.lessEqual))),
  ...named(['hypot'], 'Tensor self, Tensor other', elementwise(2, hypot)),
  ...named(['copysign.Tensor'], 'Tensor self, Tensor other', elementwise(2, copysign)),
  ...named(['copysign.Scalar'], 'Tensor self, Scalar other', elementwise(2, copysign)),
  ...named(['xlogy.Tensor', 'special_xlogy'], 'Tensor self, Tensor other', elementwise(2, xlogy)),
  ...named(
    ['xlogy.Scalar_Self', 'special_xlogy.self_scalar'],
    'Scalar self, Tensor other',
    elementwise(2, xlogy),
  ),
  ...named(
    ['xlogy.Scalar_Other', 'special_xlogy.other_scalar'],
    'Tensor self, Scalar other',
    elementwise(2, xlogy),
  ),
  ...named(['signbit'], 'Tensor self', (self: Tensor) =>
    signbit(self.dtype === 'bool' ? as(self, 'int32') : self),
  ),
  ...named(['diff'], 'Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None', diff),
};

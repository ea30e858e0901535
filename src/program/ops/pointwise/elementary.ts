/** Functions of one tensor, element by element. */

import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { offTape } from '../../../nn/off-tape.js';
import { as, type Operand, resultDtype } from '../shared/dtypes.js';
import { gradientWhere, withGradient } from '../shared/gradients.js';
import { elementwise, named, type Pointwise, pointwise } from '../shared/pointwise.js';
import type { Call, OpFunction } from '../types.js';
import { digamma, erfc, lgamma } from './gamma.js';

/** torch's names of a function, and the function. */
function unary(names: readonly string[], run: Pointwise): Record<string, OpFunction> {
  return named(names, 'Tensor self', elementwise(1, run));
}

/** tfjs rounds float32 alone; integers are round. */
function rounding(names: readonly string[], run: Pointwise): Record<string, OpFunction> {
  const op = elementwise(1, run);
  return named(names, 'Tensor self', (self: Tensor, call: Call) =>
    self.dtype === 'float32' ? (op as (...args: unknown[]) => Tensor)(self, call) : self,
  );
}

/** The cpu backend squares integers in float32. */
export const square: Pointwise = (x) => (x.dtype === 'int32' ? tf.mul(x, x) : tf.square(x));

/** wasm negates integers in float32. */
const neg: Pointwise = (x) => (x.dtype === 'int32' ? tf.sub(as(0, 'int32'), x) : tf.neg(x));

/** torch's is 0 at 0, where tfjs has -1. */
function abs(x: Tensor): Tensor {
  // The cpu backend and wasm compute it in float32.
  if (x.dtype !== 'float32') return tf.maximum(x, neg(x));
  return withGradient([x], tf.abs, (dy, [x]) => [tf.mul(dy, tf.sign(x))]);
}

/** Toward zero. */
export function trunc(x: Tensor): Tensor {
  return withGradient(
    [x],
    (x) => tf.mul(tf.sign(x), tf.floor(tf.abs(x))),
    (dy) => [tf.zerosLike(dy)],
  );
}

/** To a number of decimals, half to even. */
function round(self: Tensor, decimals: number, call: Call): Tensor {
  if (self.dtype !== 'float32') return self;
  const factor = 10 ** Math.abs(decimals);
  const run: Pointwise =
    decimals < 0
      ? (x) => tf.mul(tf.round(tf.div(x, factor)), factor)
      : (x) => tf.div(tf.round(tf.mul(x, factor)), factor);
  return as(pointwise(run, [self], 'float32'), resultDtype(call));
}

/** Finite numbers in the place of NaN and infinity; the default is the largest of float32. */
function nanToNum(x: Tensor, nan: number | null, positive: number | null, negative: number | null): Tensor {
  if (x.dtype !== 'float32') return x;
  const largest = 3.4028234663852886e38;
  return pointwise(
    (x) =>
      withGradient(
        [x],
        (x) => {
          const below = tf.where(tf.equal(x, -Infinity), negative ?? -largest, x);
          const finite = tf.where(tf.equal(x, Infinity), positive ?? largest, below);
          return tf.where(tf.isNaN(x), nan ?? 0, finite);
        },
        (dy, [x]) => [gradientWhere(() => tf.isFinite(x), dy)],
      ),
    [x],
    'float32',
  );
}

/** `ln(x / (1 - x))`, of x brought to eps..1-eps where eps is given. */
function logit(self: Operand, eps: number | null): Tensor {
  const run: Pointwise = (x) => {
    const inside =
      eps === null
        ? x
        : tf.where(
            offTape(() => tf.less(x, eps)),
            eps,
            x,
          );
    const bounded =
      eps === null
        ? inside
        : tf.where(
            offTape(() => tf.greater(inside, 1 - eps)),
            1 - eps,
            inside,
          );
    return tf.log(tf.div(bounded, tf.sub(1, bounded)));
  };
  return pointwise(run, [self], 'float32');
}

export const ELEMENTARY: Readonly<Record<string, OpFunction>> = {
  ...unary(['square'], square),
  ...unary(['sqrt'], (x) => tf.sqrt(x)),
  ...unary(['rsqrt'], (x) => tf.rsqrt(x)),
  ...unary(['reciprocal'], (x) => tf.reciprocal(x)),
  ...unary(['exp'], (x) => tf.exp(x)),
  ...unary(['exp2', 'special_exp2'], (x) => tf.exp(tf.mul(x, Math.LN2))),
  ...unary(['expm1', 'special_expm1'], (x) => tf.expm1(x)),
  ...unary(['log'], (x) => tf.log(x)),
  ...unary(['log1p', 'special_log1p'], (x) => tf.log1p(x)),
  ...unary(['log2'], (x) => tf.div(tf.log(x), Math.LN2)),
  ...unary(['log10'], (x) => tf.div(tf.log(x), Math.LN10)),
  ...unary(['sin'], (x) => tf.sin(x)),
  ...unary(['cos'], (x) => tf.cos(x)),
  ...unary(['tan'], (x) => tf.tan(x)),
  ...unary(['asin', 'arcsin'], (x) => tf.asin(x)),
  ...unary(['acos', 'arccos'], (x) => tf.acos(x)),
  ...unary(['atan', 'arctan'], (x) => tf.atan(x)),
  ...unary(['sinh'], (x) => tf.sinh(x)),
  ...unary(['cosh'], (x) => tf.cosh(x)),
  ...unary(['tanh'], (x) => tf.tanh(x)),
  ...unary(['asinh', 'arcsinh'], (x) => tf.asinh(x)),
  ...unary(['acosh', 'arccosh'], (x) => tf.acosh(x)),
  ...unary(['atanh', 'arctanh'], (x) => tf.atanh(x)),
  ...unary(['sigmoid', 'special_expit'], (x) => tf.sigmoid(x)),
  ...unary(['erf', 'special_erf'], (x) => tf.erf(x)),
  ...unary(['erfc', 'special_erfc'], erfc),
  ...unary(['lgamma', 'special_gammaln'], lgamma),
  ...unary(['digamma', 'special_digamma', 'special_psi'], digamma),
  ...unary(['abs', 'absolute'], abs),
  ...unary(['neg', 'negative'], neg),
  ...unary(['sign', 'sgn'], (x) => tf.sign(x)),
  ...unary(['deg2rad'], (x) => tf.mul(x, Math.PI / 180)),
  ...unary(['rad2deg'], (x) => tf.mul(x, 180 / Math.PI)),
  ...rounding(['ceil'], (x) => tf.ceil(x)),
  ...rounding(['floor'], (x) => tf.floor(x)),
  ...rounding(['round'], (x) => tf.round(x)),
  ...rounding(['trunc', 'fix'], trunc),
  ...unary(['frac'], (x) => tf.sub(x, trunc(x))),
  ...named(['logit', 'special_logit'], 'Tensor self, float? eps=None', logit),
  'aten::positive(Tensor(a) self) -> Tensor(a)': (self: Tensor) => self,
  'aten::round.decimals(Tensor self, *, int decimals) -> Tensor': round,
  'aten::nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor':
    nanToNum,
};

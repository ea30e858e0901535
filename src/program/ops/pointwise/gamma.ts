/** The complement of the error function, the logarithm of the gamma function and its derivatives, of float32. */

import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { withGradient } from '../shared/gradients.js';
import type { Pointwise } from '../shared/pointwise.js';

/** `c[0] + c[1] * x + ...` */
function polynomial(x: Tensor, coefficients: readonly number[]): Tensor {
  const last = tf.fill(x.shape, coefficients.at(-1) as number);
  return coefficients
    .slice(0, -1)
    .reduceRight((sum, coefficient) => tf.add(tf.mul(sum, x), coefficient), last);
}

/** Of Chebyshev's fit in Numerical Recipes (erfcc): relative errors below 1.2e-7 everywhere. */
const ERFC = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
];

/** `1 - erf(x)`, also where that rounds to 0. */
export const erfc: Pointwise = (x) =>
  withGradient(
    [x],
    (x) => {
      const t = tf.reciprocal(tf.add(1, tf.mul(0.5, tf.abs(x))));
      const tail = tf.mul(t, tf.exp(tf.sub(polynomial(t, ERFC), tf.square(x))));
      return tf.where(tf.greaterEqual(x, 0), tail, tf.sub(2, tail));
    },
    (dy, [x]) => [tf.mul(dy, tf.mul(-2 / Math.sqrt(Math.PI), tf.exp(tf.neg(tf.square(x)))))],
  );

/** From here on the series at infinity hold, to float32; smaller numbers are moved by as much. */
const LARGE = 4;

/** What a function is of numbers above 0: its series at x, or at x + 4 with what the steps in between change. */
function aboveZero(
  x: Tensor,
  series: (x: Tensor) => Tensor,
  steps: (x: Tensor, value: Tensor) => Tensor,
): Tensor {
  const isLarge = tf.greaterEqual(x, LARGE);
  const value = series(tf.where(isLarge, x, tf.add(x, LARGE)));
  return tf.where(isLarge, value, steps(x, value));
}

const stepsOf = (x: Tensor) => Array.from({ length: LARGE }, (_, i) => tf.add(x, i));

/** How far x lies above an integer: sin(pi * x) and such of large numbers depend on it alone. */
const fraction = (x: Tensor) => tf.sub(x, tf.floor(x));

/** `ln |gamma(x)|`, by the reflection `gamma(x) * gamma(1 - x) = pi / sin(pi * x)` below 0. */
export const lgamma: Pointwise = (x) =>
  withGradient(
    [x],
    (x) => {
      const isNegative = tf.less(x, 0);
      const positive = logGammaAboveZero(tf.where(isNegative, tf.sub(1, x), x));
      const sine = tf.abs(tf.sin(tf.mul(Math.PI, fraction(x))));
      const reflected = tf.sub(Math.log(Math.PI), tf.add(tf.log(sine), positive));
      const value = tf.where(isNegative, reflected, positive);
      // The logarithm of 0 is finite on some GPUs.
      const isPole = tf.logicalAnd(tf.lessEqual(x, 0), tf.equal(x, tf.floor(x)));
      return tf.where(tf.logicalOr(tf.isInf(x), isPole), Number.POSITIVE_INFINITY, value);
    },
    (dy, [x]) => [tf.mul(dy, digamma(x))],
  );

function logGammaAboveZero(x: Tensor): Tensor {
  const series = (x: Tensor) => {
    const inverse = tf.reciprocal(x);
    const rest = tf.mul(inverse, polynomial(tf.square(inverse), [1 / 12, -1 / 360, 1 / 1260, -1 / 1680]));
    const main = tf.add(tf.sub(tf.mul(tf.sub(x, 0.5), tf.log(x)), x), Math.log(2 * Math.PI) / 2);
    return tf.add(main, rest);
  };
  return aboveZero(x, series, (x, value) => tf.sub(value, tf.log(stepsOf(x).reduce((a, b) => tf.mul(a, b)))));
}

/** The derivative of lgamma. */
export const digamma: Pointwise = (x) =>
  withGradient(
    [x],
    (x) => {
      const isNegative = tf.less(x, 0);
      const positive = digammaAboveZero(tf.where(isNegative, tf.sub(1, x), x));
      const angle = tf.mul(Math.PI, fraction(x));
      const reflected = tf.sub(positive, tf.div(tf.mul(Math.PI, tf.cos(angle)), tf.sin(angle)));
      // It has a pole at each integer below 0, from minus to plus infinity.
      const isPole = tf.logicalAnd(isNegative, tf.equal(x, tf.floor(x)));
      return tf.where(isPole, Number.NaN, tf.where(isNegative, reflected, positive));
    },
    (dy, [x]) => [tf.mul(dy, trigamma(x))],
  );

function digammaAboveZero(x: Tensor): Tensor {
  const series = (x: Tensor) => {
    const square = tf.square(tf.reciprocal(x));
    const rest = tf.mul(square, polynomial(square, [1 / 12, -1 / 120, 1 / 252, -1 / 240]));
    return tf.sub(tf.sub(tf.log(x), tf.div(0.5, x)), rest);
  };
  return aboveZero(x, series, (x, value) =>
    stepsOf(x).reduce((sum, step) => tf.sub(sum, tf.reciprocal(step)), value),
  );
}

/** The derivative of digamma. */
function trigamma(x: Tensor): Tensor {
  const isNegative = tf.less(x, 0);
  const positive = trigammaAboveZero(tf.where(isNegative, tf.sub(1, x), x));
  const sine = tf.sin(tf.mul(Math.PI, fraction(x)));
  return tf.where(isNegative, tf.sub(tf.square(tf.div(Math.PI, sine)), positive), positive);
}

function trigammaAboveZero(x: Tensor): Tensor {
  const series = (x: Tensor) => {
    const inverse = tf.reciprocal(x);
    const rest = polynomial(tf.square(inverse), [1, 1 / 6, -1 / 30, 1 / 42, -1 / 30]);
    return tf.mul(inverse, tf.add(rest, tf.mul(0.5, inverse)));
  };
  return aboveZero(x, series, (x, value) =>
    stepsOf(x).reduce((sum, step) => tf.add(sum, tf.square(tf.reciprocal(step))), value),
  );
}

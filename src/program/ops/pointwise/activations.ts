/** Activation functions. */

import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { message, show } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import { inTurn, usingUp } from '../../../nn/in-turn.js';
import { offTape } from '../../../nn/off-tape.js';
import { axisOf } from '../shared/axes.js';
import { as, computeDtype, resultDtype } from '../shared/dtypes.js';
import { gradientWhere, sumTo, withGradient } from '../shared/gradients.js';
import { elementwise, named, type Pointwise, pointwise } from '../shared/pointwise.js';
import type { Call, OpFunction } from '../types.js';

/** An activation of a tensor, in the dtype of the result. */
function activation(name: string, run: Pointwise): Record<string, OpFunction> {
  return named([name], 'Tensor self', elementwise(1, run));
}

const inFloat = (run: Pointwise, x: Tensor) => pointwise(run, [x], 'float32');

/** Brought to min..max. At the bounds the gradient is 0, unlike that of a clamp. */
function boundedBy(x: Tensor, min: number, max: number): Tensor {
  const bound = (x: Tensor) => tf.minimum(tf.maximum(x, as(min, x.dtype)), as(max, x.dtype));
  if (x.dtype !== 'float32') return bound(x);
  return withGradient([x], bound, (dy, [x]) => [
    gradientWhere(() => tf.logicalAnd(tf.greater(x, min), tf.less(x, max)), dy),
  ]);
}

function hardtanh(self: Tensor, min: number, max: number, call: Call): Tensor {
  return as(
    pointwise((x) => boundedBy(x, min, max), [self], computeDtype(call)),
    resultDtype(call),
  );
}

/** `scale * x` above 0, and `scale * alpha * (e^(inputScale * x) - 1)` below. */
function elu(self: Tensor, alpha: number, scale: number, inputScale: number): Tensor {
  const below = (x: Tensor) =>
    inTurn(
      x,
      (value) => tf.mul(value, inputScale),
      tf.expm1,
      (value) => tf.mul(value, alpha * scale),
    );
  const compute = (x: Tensor) => {
    const [isAbove, otherwise] = [tf.greater(x, 0), below(x)];
    return usingUp(
      x,
      (value) => tf.mul(value, scale),
      (above) => tf.where(isAbove, above, otherwise),
    );
  };
  return inFloat(
    (x) =>
      withGradient([x], compute, (dy, [x]) => {
        const slope = tf.mul(tf.exp(tf.mul(x, inputScale)), alpha * scale * inputScale);
        return [gradientWhere(() => tf.greater(x, 0), tf.mul(dy, scale), tf.mul(dy, slope))];
      }),
    self,
  );
}

const celu = (self: Tensor, alpha: number) => elu(self, alpha, 1, 1 / alpha);

/** x times the normal distribution function of x, or its approximation by tanh. */
function gelu(self: Tensor, approximate: string, call: Call): Tensor {
  if (approximate !== 'none' && approximate !== 'tanh')
    throw new UnsupportedError(message(call.where, 'approximate', '"none" or "tanh"', show(approximate)));
  const curve = (x: Tensor) =>
    approximate === 'none'
      ? inTurn(x, (value) => tf.mul(value, Math.SQRT1_2), tf.erf)
      : inTurn(
          x,
          tf.square,
          (square) => tf.mul(square, x),
          (cube) => tf.mul(cube, 0.044715),
          (cube) => tf.add(x, cube),
          (sum) => tf.mul(sum, Math.sqrt(2 / Math.PI)),
          tf.tanh,
        );
  return inFloat((x) => {
    const twice = inTurn(x, curve, (value) => tf.add(value, 1));
    return usingUp(
      x,
      (value) => tf.mul(value, 0.5),
      (half) => tf.mul(half, twice),
    );
  }, self);
}

/** `x * min(max(x + 3, 0), 6) / 6`. torch's gradient is that of the parabola up to 3, and 1 above. */
const hardswish: Pointwise = (x) =>
  withGradient(
    [x],
    (x) => tf.div(tf.mul(x, boundedBy(tf.add(x, 3), 0, 6)), 6),
    (dy, [x]) => [
      gradientWhere(
        () => tf.logicalAnd(tf.greater(x, -3), tf.less(x, 3)),
        tf.mul(dy, tf.add(tf.div(x, 3), 0.5)),
        gradientWhere(() => tf.greaterEqual(x, 3), dy),
      ),
    ],
  );

/** `ln(1 + e^(beta * x)) / beta`, and x where beta * x is above the threshold. */
function softplus(self: Tensor, beta: number, threshold: number): Tensor {
  return inFloat((x) => {
    const scaled = tf.mul(x, beta);
    return tf.where(
      offTape(() => tf.greater(scaled, threshold)),
      x,
      tf.div(tf.softplus(scaled), beta),
    );
  }, self);
}

/** x where it is above the threshold, a value elsewhere; NaN stays. */
function threshold(self: Tensor, limit: number, value: number, call: Call): Tensor {
  const run: Pointwise = (x) =>
    tf.where(
      offTape(() => tf.lessEqual(x, as(limit, x.dtype))),
      as(value, x.dtype),
      x,
    );
  return as(pointwise(run, [self], computeDtype(call)), resultDtype(call));
}

/** Moved toward 0, or 0 within the limit on both sides; hardshrink leaves x as it is elsewhere. */
function shrink(bySubtraction: boolean): OpFunction {
  return (self: Tensor, limit: number) => {
    const isInside = (x: Tensor) => tf.lessEqual(tf.abs(x), limit);
    const moved = (x: Tensor) => (bySubtraction ? tf.sub(x, tf.mul(tf.sign(x), limit)) : x);
    return inFloat(
      (x) =>
        withGradient(
          [x],
          (x) => tf.where(isInside(x), tf.zerosLike(x), moved(x)),
          (dy, [x]) => [gradientWhere(() => isInside(x), tf.zerosLike(dy), dy)],
        ),
      self,
    );
  };
}

/** x above 0, and weight * x below. */
const prelu: Pointwise = (x, weight) =>
  withGradient(
    [x, weight],
    (x, weight) => tf.where(tf.greater(x, 0), x, tf.mul(x, weight)),
    (dy, [x, weight]) => {
      const isAbove = () => tf.greater(x, 0);
      return [
        gradientWhere(isAbove, dy, tf.mul(dy, weight)),
        sumTo(gradientWhere(isAbove, tf.zerosLike(dy), tf.mul(dy, x)), weight),
      ];
    },
  );

/** One weight for each channel, which is axis 1. */
function preluOfChannels(self: Tensor, weight: Tensor): Tensor {
  const channels = [weight.size, ...new Array<number>(Math.max(self.rank - 2, 0)).fill(1)];
  const ofChannels = tf.reshape(weight, self.rank < 2 ? [] : channels);
  return tf.reshape(pointwise(prelu, [self, ofChannels], 'float32'), self.shape);
}

/** Slopes below 0 that are drawn in training, and the mean of their bounds elsewhere. */
function rrelu(
  self: Tensor,
  lower: number,
  upper: number,
  training: boolean,
  _generator: null,
  call: Call,
): Tensor {
  if (!training || !call.isTraining) return inFloat((x) => tf.leakyRelu(x, (lower + upper) / 2), self);
  const slopes = offTape(() => tf.randomUniform(self.shape, lower, upper));
  return pointwise(prelu, [self, slopes], 'float32');
}

/** The first half along an axis times the sigmoid of the second. */
function glu(self: Tensor, dim: number): Tensor {
  const [a, b] = tf.split(self, 2, axisOf(dim, self.rank)) as [Tensor, Tensor];
  return pointwise((a, b) => tf.mul(a, tf.sigmoid(b)), [a, b], 'float32');
}

/** tfjs has softmax along the last axis alone. */
function softmax(self: Tensor, dim: number): Tensor {
  const axis = axisOf(dim, self.rank);
  if (self.rank === 0) return inFloat((x) => tf.reshape(softmax(tf.reshape(x, [1]), 0), []), self);
  return inFloat((x) => {
    if (axis === x.rank - 1) return tf.softmax(x);
    const compute = (x: Tensor) =>
      usingUp(
        x,
        (value) => tf.sub(value, tf.max(value, axis, true)),
        tf.exp,
        (shares) => tf.div(shares, tf.sum(shares, axis, true)),
      );
    return withGradient([x], compute, (dy, _, y) => {
      const weighted = tf.mul(dy, y);
      return [tf.sub(weighted, tf.mul(tf.sum(weighted, axis, true), y))];
    });
  }, self);
}

function logSoftmax(self: Tensor, dim: number): Tensor {
  const axis = axisOf(dim, self.rank);
  if (self.rank === 0) return inFloat((x) => tf.reshape(logSoftmax(tf.reshape(x, [1]), 0), []), self);
  const total = (shifted: Tensor) => inTurn(shifted, tf.exp, (shares) => tf.sum(shares, axis, true), tf.log);
  const compute = (x: Tensor) =>
    usingUp(
      x,
      (value) => tf.sub(value, tf.max(value, axis, true)),
      (shifted) => tf.sub(shifted, total(shifted)),
    );
  return inFloat(
    (x) => withGradient([x], compute, (dy, _, y) => [tf.sub(dy, tf.mul(tf.exp(y), tf.sum(dy, axis, true)))]),
    self,
  );
}

export const ACTIVATIONS: Readonly<Record<string, OpFunction>> = {
  ...activation('relu', tf.relu),
  ...activation('relu6', (x) => boundedBy(x, 0, 6)),
  ...activation('selu', tf.selu),
  ...activation('silu', (x) => tf.mul(x, tf.sigmoid(x))),
  ...activation('mish', (x) => tf.mul(x, tf.tanh(tf.softplus(x)))),
  ...activation('hardsigmoid', (x) => tf.div(boundedBy(tf.add(x, 3), 0, 6), 6)),
  ...activation('hardswish', hardswish),
  // Not tf.logSigmoid, whose gradient reads an argument that it has not saved.
  ...activation('log_sigmoid', (x) => tf.neg(tf.softplus(tf.neg(x)))),
  'aten::leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor': (self: Tensor, slope: number) =>
    inFloat((x) => tf.leakyRelu(x, slope), self),
  'aten::elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor': elu,
  'aten::celu(Tensor self, Scalar alpha=1.) -> Tensor': celu,
  'aten::gelu(Tensor self, *, str approximate="none") -> Tensor': gelu,
  'aten::hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor': hardtanh,
  'aten::softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor': softplus,
  'aten::threshold(Tensor self, Scalar threshold, Scalar value) -> Tensor': threshold,
  'aten::softshrink(Tensor self, Scalar lambd=0.5) -> Tensor': shrink(true),
  'aten::hardshrink(Tensor self, Scalar lambd=0.5) -> Tensor': shrink(false),
  'aten::prelu(Tensor self, Tensor weight) -> Tensor': preluOfChannels,
  'aten::_prelu_kernel(Tensor self, Tensor weight) -> Tensor': elementwise(2, prelu),
  'aten::rrelu(Tensor self, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool training=False, Generator? generator=None) -> Tensor':
    rrelu,
  'aten::glu(Tensor self, int dim=-1) -> Tensor': glu,
  'aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor': softmax,
  'aten::_softmax(Tensor self, int dim, bool half_to_float) -> Tensor': softmax,
  'aten::log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor': logSoftmax,
  'aten::_log_softmax(Tensor self, int dim, bool half_to_float) -> Tensor': logSoftmax,
};

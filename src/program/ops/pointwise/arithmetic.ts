/** Arithmetic and logic of two or three tensors, element by element. A number may stand for a tensor. */

import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { message, show } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import { commonShape, expand } from '../../../nn/shape/expand.js';
import { checkElement } from '../calls/int64.js';
import { as, computeDtype, type Operand, resultDtype } from '../shared/dtypes.js';
import { gradientWhere, sumTo, withGradient } from '../shared/gradients.js';
import { elementwise, named, type Pointwise, pointwise } from '../shared/pointwise.js';
import { readNow } from '../shared/read-now.js';
import type { Call, OpFunction } from '../types.js';
import { square, trunc } from './elementary.js';

type Binary = (a: Tensor, b: Tensor) => Tensor;

/** The forms of an op whose second operand is a tensor or a number. */
function forms(names: readonly string[], run: OpFunction, more = ''): Record<string, OpFunction> {
  return Object.assign(
    {},
    ...names.map((name) => ({
      ...named([`${name}.Tensor`], `Tensor self, Tensor other${more && `, *${more}`}`, run),
      ...named([`${name}.Scalar`], `Tensor self, Scalar other${more}`, run),
    })),
  );
}

/** Those that torch also has with a number before the tensor. */
function bothSides(name: string, run: OpFunction): Record<string, OpFunction> {
  return { ...forms([name], run), ...named([`${name}.Scalar_Tensor`], 'Scalar self, Tensor other', run) };
}

/** `a + alpha * b`, and such. */
function scaled(run: Pointwise) {
  return (self: Operand, other: Operand, alpha: number, call: Call) => {
    const scaleOther: Pointwise = (a, b) => run(a, alpha === 1 ? b : tf.mul(b, as(alpha, b.dtype)));
    return as(pointwise(scaleOther, [self, other], computeDtype(call)), resultDtype(call));
  };
}

const sub = scaled(tf.sub);
const rsub = (self: Operand, other: Operand, alpha: number, call: Call) => sub(other, self, alpha, call);

/** `a / b` of integers where b divides a, exact where float32 is not. */
function exactQuotient(a: Tensor, b: Tensor): Tensor {
  const near = (rest: Tensor) => as(tf.round(tf.div(as(rest, 'float32'), as(b, 'float32'))), 'int32');
  const first = near(a);
  return tf.add(first, near(tf.sub(a, tf.mul(first, b))));
}

const zeroGradients = (dy: Tensor, inputs: readonly Tensor[]) =>
  inputs.map((input) => sumTo(tf.zerosLike(dy), input));

/** Toward negative infinity. tfjs's floorDiv is wrong for floats whose quotient is rounded up, and on wasm for large integers. */
const floorDivide: Pointwise = (x, y) => {
  if (x.dtype === 'int32') {
    const rest = exactRemainder(x, y);
    const toZero = exactQuotient(tf.sub(x, rest), y);
    return tf.sub(toZero, as(tf.notEqual(rest, tf.mod(x, y)), 'int32'));
  }
  const compute = (x: Tensor, y: Tensor) =>
    tf.where(tf.equal(y, 0), tf.div(x, y), tf.round(tf.div(tf.sub(x, tf.mod(x, y)), y)));
  return withGradient([x, y], compute, zeroGradients);
};

/** Toward zero. */
const truncDivide: Pointwise = (x, y) => {
  if (x.dtype === 'int32') return exactQuotient(tf.sub(x, exactRemainder(x, y)), y);
  return withGradient([x, y], (x, y) => trunc(tf.div(x, y)), zeroGradients);
};

function divideWithMode(self: Operand, other: Operand, mode: string | null, call: Call): Tensor {
  const modes: Readonly<Record<string, Pointwise>> = { none: tf.div, floor: floorDivide, trunc: truncDivide };
  const run = modes[mode ?? 'none'];
  if (run === undefined)
    throw new UnsupportedError(message(call.where, 'rounding_mode', '"floor", "trunc" or none', show(mode)));
  return as(pointwise(run, [self, other], computeDtype(call)), resultDtype(call));
}

const fmodOf = (x: Tensor, y: Tensor) => tf.mul(tf.sign(x), tf.mod(tf.abs(x), tf.abs(y)));

const isBelowZero = (x: Tensor) => tf.less(x, as(0, 'int32'));

/** Of integers: that of `tf.mod` has the sign of y. */
function exactRemainder(x: Tensor, y: Tensor): Tensor {
  const rest = tf.mod(x, y);
  const isOther = tf.logicalAnd(
    tf.notEqual(rest, as(0, 'int32')),
    tf.notEqual(isBelowZero(x), isBelowZero(y)),
  );
  return tf.where(isOther, tf.sub(rest, y), rest);
}

/** The remainder with the sign of the dividend. */
const fmod: Pointwise = (x, y) => {
  if (x.dtype === 'int32') return exactRemainder(x, y);
  return withGradient([x, y], fmodOf, (dy, [x, y]) => [
    sumTo(dy, x),
    sumTo(tf.neg(tf.mul(dy, trunc(tf.div(x, y)))), y),
  ]);
};

/** tfjs has NaN for the gradient of x^0 at 0, and 0 for that of the exponent where the base is negative. */
const pow: Pointwise = (x, y) => {
  if (x.dtype === 'int32') return tf.pow(x, y);
  return withGradient([x, y], tf.pow, (dy, [x, y], value) => {
    const ofBase = gradientWhere(() => tf.notEqual(y, 0), tf.mul(dy, tf.mul(y, tf.pow(x, tf.sub(y, 1)))));
    const isNought = () => tf.logicalAnd(tf.equal(x, 0), tf.greaterEqual(y, 0));
    const ofExponent = gradientWhere(() => tf.logicalNot(isNought()), tf.mul(dy, tf.mul(value, tf.log(x))));
    return [sumTo(ofBase, x), sumTo(ofExponent, y)];
  });
};

/** A whole number as exponent costs one product for 2, and has no logarithm in its gradient. */
function powScalar(self: Tensor, exponent: number, call: Call): Tensor {
  const dtype = computeDtype(call);
  const run: Pointwise = (x) => {
    if (exponent === 2) return square(x);
    if (dtype === 'int32') return tf.pow(x, as(exponent, 'int32'));
    return withGradient(
      [x],
      (x) => tf.pow(x, exponent),
      (dy, [x]) => [
        exponent === 0 ? tf.zerosLike(dy) : tf.mul(dy, tf.mul(exponent, tf.pow(x, exponent - 1))),
      ],
    );
  };
  return as(pointwise(run, [self], dtype), resultDtype(call));
}

/** The larger one. Where both are equal each has half of the gradient, beside NaN all of it. */
export const maximum: Binary = (a, b) => extreme(tf.maximum, tf.less, a, b);
export const minimum: Binary = (a, b) => extreme(tf.minimum, tf.greater, a, b);

function extreme(run: Binary, isBeaten: Binary, a: Tensor, b: Tensor): Tensor {
  if (a.dtype !== 'float32') return run(a, b);
  const share = (dy: Tensor, one: Tensor, other: Tensor) => {
    const shared = gradientWhere(() => tf.equal(one, other), tf.mul(dy, 0.5), dy);
    return sumTo(
      gradientWhere(() => isBeaten(one, other), tf.zerosLike(dy), shared),
      one,
    );
  };
  return withGradient(
    [a, b],
    (a, b) => withNaNOf(b, run(a, b)),
    (dy, [a, b]) => [share(dy, a, b), share(dy, b, a)],
  );
}

/** On wasm a minimum or maximum keeps NaN of its first operand alone. */
function withNaNOf(b: Tensor, value: Tensor): Tensor {
  return b.dtype === 'float32' && tf.getBackend() === 'wasm' ? tf.where(tf.isNaN(b), b, value) : value;
}

/** At the bounds the gradient goes to x. */
function clamp(self: Tensor, min: number | null, max: number | null, call: Call): Tensor {
  const bound = (x: Tensor) => {
    const above = min === null ? x : tf.maximum(x, as(min, x.dtype));
    return max === null ? above : tf.minimum(above, as(max, x.dtype));
  };
  const isInside = (x: Tensor) =>
    tf.logicalAnd(
      tf.greaterEqual(x, min ?? Number.NEGATIVE_INFINITY),
      tf.lessEqual(x, max ?? Number.POSITIVE_INFINITY),
    );
  const run: Pointwise = (x) =>
    x.dtype === 'float32'
      ? withGradient([x], bound, (dy, [x]) => [gradientWhere(() => isInside(x), dy)])
      : bound(x);
  return as(pointwise(run, [self], computeDtype(call)), resultDtype(call));
}

/** The same with bounds that get the gradient elsewhere; a lower bound above the upper one gives way to it. */
function clampByTensors(self: Operand, min: Operand | null, max: Operand | null, call: Call): Tensor {
  const bound = (x: Tensor, low: Tensor, high: Tensor) =>
    withNaNOf(high, tf.minimum(withNaNOf(low, tf.maximum(x, low)), high));
  const run: Pointwise = (x, low, high) => {
    if (x.dtype !== 'float32') return bound(x, low, high);
    return withGradient([x, low, high], bound, (dy, [x, low, high]) => [
      sumTo(
        gradientWhere(() => tf.logicalAnd(tf.greaterEqual(x, low), tf.lessEqual(x, high)), dy),
        x,
      ),
      sumTo(
        gradientWhere(() => tf.logicalAnd(tf.less(low, high), tf.less(x, low)), dy),
        low,
      ),
      sumTo(
        gradientWhere(() => tf.logicalOr(tf.greater(x, high), tf.less(high, low)), dy),
        high,
      ),
    ]);
  };
  const operands = [self, min ?? Number.NEGATIVE_INFINITY, max ?? Number.POSITIVE_INFINITY];
  return as(pointwise(run, operands, computeDtype(call)), resultDtype(call));
}

const clampMin = (self: Tensor, min: number, call: Call) => clamp(self, min, null, call);
const clampMax = (self: Tensor, max: number, call: Call) => clamp(self, null, max, call);
const clampMinByTensor = (self: Operand, min: Operand, call: Call) => clampByTensors(self, min, null, call);
const clampMaxByTensor = (self: Operand, max: Operand, call: Call) => clampByTensors(self, null, max, call);

/** `a + weight * (b - a)` */
const lerp: Pointwise = (a, b, weight) => tf.add(a, tf.mul(weight, tf.sub(b, a)));

/** `self + value * (a op b)` */
function addScaled(run: Binary): OpFunction {
  return (self: Operand, a: Operand, b: Operand, value: number, call: Call) => {
    const sum: Pointwise = (x, a, b) => {
      const term = run(a, b);
      return tf.add(x, value === 1 ? term : tf.mul(term, as(value, term.dtype)));
    };
    return as(pointwise(sum, [self, a, b], computeDtype(call)), resultDtype(call));
  };
}

/** `ln(e^a + e^b)` */
const logAddExp: Pointwise = (a, b) => {
  const compute = (a: Tensor, b: Tensor) => {
    const sum = tf.add(tf.maximum(a, b), tf.log1p(tf.exp(tf.neg(tf.abs(tf.sub(a, b))))));
    // Of two infinities the difference is NaN.
    return tf.where(tf.equal(a, b), tf.add(a, Math.LN2), sum);
  };
  return withGradient([a, b], compute, (dy, [a, b]) => [
    sumTo(tf.mul(dy, tf.sigmoid(tf.sub(a, b))), a),
    sumTo(tf.mul(dy, tf.sigmoid(tf.sub(b, a))), b),
  ]);
};

/** An op of truth values, whatever the dtypes of the operands. */
function logical(run: Binary): OpFunction {
  return (self: Operand, other: Operand) => run(as(self, 'bool'), as(other, 'bool'));
}

const xor: Binary = (a, b) => tf.notEqual(as(a, 'int32'), as(b, 'int32'));

/** Of integers by their bits, and of truth values. */
function bitwise(ofBits: BitOp, ofTruth: Binary): OpFunction {
  return (self: Operand, other: Operand, call: Call) => {
    const dtype = resultDtype(call);
    const [a, b] = [as(self, dtype), as(other, dtype)];
    if (dtype === 'bool') return ofTruth(a, b);
    const shape = commonShape(a.shape, b.shape);
    const [x, y] = [readNow(call, expand(a, shape)), readNow(call, expand(b, shape))];
    return tf.tensor(
      Int32Array.from(x, (value, i) => ofBits(value, y[i] as number)),
      shape,
      'int32',
    );
  };
}

type BitOp = (a: number, b: number) => number;

/** tfjs has `and` alone, and not on every backend: integers are read, and computed here. */
const andOfOperands = bitwise((a, b) => a & b, tf.logicalAnd);

/** A mask of int64 beyond int32 leaves of a number of 0 or more what its lowest 32 bits leave. */
const and: OpFunction = (self: Operand, other: Operand, call: Call) => {
  const run = andOfOperands as (...args: unknown[]) => Tensor;
  const [x, mask] = typeof self === 'number' ? [other, self] : [self, other];
  if (!(x instanceof tf.Tensor) || typeof mask !== 'number' || mask < 2 ** 31) return run(self, other, call);
  for (const value of readNow(call, x)) if (value < 0) checkElement(2 ** 32 + value, call);
  return run(x, mask | 0, call);
};
const or = bitwise((a, b) => a | b, tf.logicalOr);
const exclusiveOr = bitwise((a, b) => a ^ b, xor);

function bitwiseNot(self: Tensor): Tensor {
  return self.dtype === 'bool' ? tf.logicalNot(self) : tf.sub(as(-1, 'int32'), self);
}

/**
 * By powers of two, in two steps: 2^31 is no int32. Negative counts move out all bits, as torch has it.
 *
 * @param most the count by which all bits are moved out.
 */
function shift(step: Binary, most: number): OpFunction {
  const twoTo = (n: Tensor) => tf.pow(as(2, 'int32'), n);
  return elementwise(2, (a, n) => {
    const all = tf.fill(n.shape, most, 'int32');
    const count = tf.where(tf.less(n, as(0, 'int32')), all, tf.minimum(n, all));
    const half = floorDivide(count, as(2, 'int32'));
    return step(step(a, twoTo(half)), twoTo(tf.sub(count, half)));
  });
}

const shiftLeft = shift(tf.mul, 32);
const shiftRight = shift(floorDivide, 31);

function shifts(name: string, run: OpFunction): Record<string, OpFunction> {
  return {
    ...named([`${name}.Tensor`], 'Tensor self, Tensor other', run),
    ...named([`${name}.Tensor_Scalar`], 'Tensor self, Scalar other', run),
    ...named([`${name}.Scalar_Tensor`], 'Scalar self, Tensor other', run),
  };
}

export const ARITHMETIC: Readonly<Record<string, OpFunction>> = {
  ...forms(['add'], scaled(tf.add), ', Scalar alpha=1'),
  ...forms(['sub', 'subtract'], sub, ', Scalar alpha=1'),
  ...forms(['rsub'], rsub, ', Scalar alpha=1'),
  ...forms(['mul', 'multiply'], elementwise(2, tf.mul)),
  ...forms(['div', 'divide', 'true_divide'], elementwise(2, tf.div)),
  ...named(
    ['div.Tensor_mode', 'divide.Tensor_mode'],
    'Tensor self, Tensor other, *, str? rounding_mode',
    divideWithMode,
  ),
  ...named(
    ['div.Scalar_mode', 'divide.Scalar_mode'],
    'Tensor self, Scalar other, *, str? rounding_mode',
    divideWithMode,
  ),
  ...named(['floor_divide'], 'Tensor self, Tensor other', elementwise(2, floorDivide)),
  ...named(['floor_divide.Scalar'], 'Tensor self, Scalar other', elementwise(2, floorDivide)),
  ...bothSides('remainder', elementwise(2, tf.mod)),
  ...forms(['fmod'], elementwise(2, fmod)),
  ...named(['pow.Tensor_Tensor'], 'Tensor self, Tensor exponent', elementwise(2, pow)),
  ...named(['pow.Scalar'], 'Scalar self, Tensor exponent', elementwise(2, pow)),
  ...named(['pow.Tensor_Scalar'], 'Tensor self, Scalar exponent', powScalar),
  ...named(['atan2', 'arctan2'], 'Tensor self, Tensor other', elementwise(2, tf.atan2)),
  ...named(['maximum', 'max.other'], 'Tensor self, Tensor other', elementwise(2, maximum)),
  ...named(['minimum', 'min.other'], 'Tensor self, Tensor other', elementwise(2, minimum)),
  ...named(['clamp', 'clip'], 'Tensor self, Scalar? min=None, Scalar? max=None', clamp),
  ...named(
    ['clamp.Tensor', 'clip.Tensor'],
    'Tensor self, Tensor? min=None, Tensor? max=None',
    clampByTensors,
  ),
  ...named(['clamp_min'], 'Tensor self, Scalar min', clampMin),
  ...named(['clamp_min.Tensor'], 'Tensor self, Tensor min', clampMinByTensor),
  ...named(['clamp_max'], 'Tensor self, Scalar max', clampMax),
  ...named(['clamp_max.Tensor'], 'Tensor self, Tensor max', clampMaxByTensor),
  ...named(['lerp.Scalar'], 'Tensor self, Tensor end, Scalar weight', elementwise(3, lerp)),
  ...named(['lerp.Tensor'], 'Tensor self, Tensor end, Tensor weight', elementwise(3, lerp)),
  ...named(['addcmul'], 'Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1', addScaled(tf.mul)),
  ...named(['addcdiv'], 'Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1', addScaled(tf.div)),
  ...named(['logaddexp'], 'Tensor self, Tensor other', elementwise(2, logAddExp)),
  ...named(['logical_and'], 'Tensor self, Tensor other', logical(tf.logicalAnd)),
  ...named(['logical_or'], 'Tensor self, Tensor other', logical(tf.logicalOr)),
  ...named(['logical_xor'], 'Tensor self, Tensor other', logical(xor)),
  ...named(['logical_not'], 'Tensor self', (self: Tensor) => tf.logicalNot(as(self, 'bool'))),
  ...bothSides('bitwise_and', and),
  ...bothSides('bitwise_or', or),
  ...bothSides('bitwise_xor', exclusiveOr),
  ...named(['bitwise_not'], 'Tensor self', bitwiseNot),
  ...shifts('bitwise_left_shift', shiftLeft),
  ...shifts('bitwise_right_shift', shiftRight),
  ...forms(['__and__'], and),
  ...forms(['__or__'], or),
  ...forms(['__xor__'], exclusiveOr),
  ...forms(['__lshift__'], shiftLeft),
  ...forms(['__rshift__'], shiftRight),
};

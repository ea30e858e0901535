/** Comparisons, and choices by them. */

import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { as, commonDtype, type Operand, resultDtype } from '../shared/dtypes.js';
import { choose, named } from '../shared/pointwise.js';
import type { Call, OpFunction } from '../types.js';

type Comparison = (a: Tensor, b: Tensor) => Tensor;

/** A comparison under its names, of two tensors and of a tensor and a number. */
function comparison(names: readonly string[], run: Comparison): Record<string, OpFunction> {
  const op = (self: Operand, other: Operand) => {
    const dtype = commonDtype(self, other);
    return run(as(self, dtype), as(other, dtype));
  };
  return Object.assign(
    {},
    ...names.map((name) => ({
      ...named([`${name}.Tensor`], 'Tensor self, Tensor other', op),
      ...named([`${name}.Scalar`], 'Tensor self, Scalar other', op),
    })),
  );
}

/** A test of floats; integers have its answer for every finite number. */
function test(run: (x: Tensor) => Tensor, ofFinite: boolean): OpFunction {
  return (self: Tensor) => {
    if (self.dtype === 'float32') return run(self);
    return tf.fill(self.shape, ofFinite ? 1 : 0, 'bool');
  };
}

/** `|a - b| <= atol + rtol * |b|`; infinities are close to themselves alone. */
function isClose(self: Operand, other: Operand, rtol: number, atol: number, equalNaN: boolean): Tensor {
  const [a, b] = [as(self, 'float32'), as(other, 'float32')];
  const difference = tf.abs(tf.sub(a, b));
  const within = tf.lessEqual(difference, tf.add(atol, tf.mul(rtol, tf.abs(b))));
  const close = tf.logicalOr(tf.equal(a, b), tf.logicalAnd(tf.isFinite(difference), within));
  return equalNaN ? tf.logicalOr(close, tf.logicalAnd(tf.isNaN(a), tf.isNaN(b))) : close;
}

/** Whether each element is among others. */
function isIn(elements: Operand, others: Operand, _unique: boolean, isInverted: boolean): Tensor {
  const dtype = commonDtype(elements, others);
  const [x, set] = [as(elements, dtype), as(others, dtype)];
  if (x.size === 0 || set.size === 0) return tf.fill(x.shape, isInverted ? 1 : 0, 'bool');
  const found = tf.any(tf.equal(tf.reshape(x, [...x.shape, 1]), tf.reshape(set, [set.size])), -1);
  return isInverted ? tf.logicalNot(found) : found;
}

function where(condition: Tensor, self: Operand, other: Operand, call: Call): Tensor {
  return choose(as(condition, 'bool'), self, other, resultDtype(call));
}

const IN = '*, bool assume_unique=False, bool invert=False';

export const COMPARISONS: Readonly<Record<string, OpFunction>> = {
  ...comparison(['eq'], tf.equal),
  ...comparison(['ne', 'not_equal'], tf.notEqual),
  ...comparison(['lt', 'less'], tf.less),
  ...comparison(['le', 'less_equal'], tf.lessEqual),
  ...comparison(['gt', 'greater'], tf.greater),
  ...comparison(['ge', 'greater_equal'], tf.greaterEqual),
  ...named(['isnan'], 'Tensor self', test(tf.isNaN, false)),
  ...named(['isinf'], 'Tensor self', test(tf.isInf, false)),
  ...named(['isfinite'], 'Tensor self', test(tf.isFinite, true)),
  ...named(
    ['isclose'],
    'Tensor self, Tensor other, float rtol=1.0000000000000001e-05, float atol=1e-08, bool equal_nan=False',
    isClose,
  ),
  ...named(['isin.Tensor_Tensor'], `Tensor elements, Tensor test_elements, ${IN}`, isIn),
  ...named(['isin.Tensor_Scalar'], `Tensor elements, Scalar test_element, ${IN}`, isIn),
  ...named(['isin.Scalar_Tensor'], `Scalar element, Tensor test_elements, ${IN}`, isIn),
  ...named(['where.self'], 'Tensor condition, Tensor self, Tensor other', where),
  ...named(['where.ScalarOther'], 'Tensor condition, Tensor self, Scalar other', where),
  ...named(['where.ScalarSelf'], 'Tensor condition, Scalar self, Tensor other', where),
  ...named(['where.Scalar'], 'Tensor condition, Scalar self, Scalar other', where),
};

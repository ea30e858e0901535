/** Tensors of given values: zeros, ranges, and such of another tensor's shape. */

import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { message } from '../../../check.js';
import { offTape } from '../../../nn/off-tape.js';
import { expand } from '../../../nn/shape/expand.js';
import { checkElement } from '../calls/int64.js';
import { as, type Operand, resultDtype, valueIn } from '../shared/dtypes.js';
import { indicesInto } from '../shared/indices.js';
import { choose, named } from '../shared/pointwise.js';
import { readNow } from '../shared/read-now.js';
import type { Call, OpFunction } from '../types.js';

const OPTIONS = 'ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None';
const FORMAT = 'MemoryFormat? memory_format=None';

type Sizes = readonly number[];
type Scalar = number | boolean;

/** The call is the last argument: options lie before it. */
const callOf = (rest: readonly unknown[]) => rest.at(-1) as Call;

/** A tensor of one value, in the dtype of a call's result. */
export function filled(shape: Sizes, value: Scalar, call: Call): Tensor {
  const dtype = resultDtype(call);
  return tf.fill([...shape], Number(valueIn(dtype, Number(value))), dtype);
}

const ofSize =
  (value: Scalar): OpFunction =>
  (size: Sizes, ...rest: unknown[]) =>
    filled(size, value, callOf(rest));

const like =
  (value: Scalar): OpFunction =>
  (self: Tensor, ...rest: unknown[]) =>
    filled(self.shape, value, callOf(rest));

const sized =
  (value: Scalar): OpFunction =>
  (_self: Tensor, size: Sizes, ...rest: unknown[]) =>
    filled(size, value, callOf(rest));

/** Elements that are computed here one by one: tfjs adds up the steps of a range, and with them the rounding. */
export function fromIndices(shape: Sizes, valueAt: (i: number) => number, call: Call): Tensor {
  const values = Float64Array.from({ length: tf.util.sizeFromShape([...shape]) }, (_, i) => valueAt(i));
  for (const value of values) checkElement(value, call);
  const dtype = resultDtype(call);
  const inner = dtype === 'bool' ? 'int32' : dtype;
  const data = inner === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
  return as(tf.tensor(data, [...shape], inner), dtype);
}

/** start, start + step, ... before end. In integers the steps are integers, and torch counts them by integers for int64 alone. */
function arange(start: number, end: number, step: number, call: Call): Tensor {
  const whole = resultDtype(call) === 'int32' ? Math.trunc : (value: number) => value;
  const [first, by] = [whole(start), whole(step)];
  const length = call.dtype === 'I64' ? (whole(end) - first) / by : (end - start) / step;
  return fromIndices([Math.max(Math.ceil(length), 0)], (i) => first + i * by, call);
}

/** From both ends, as torch does it, so that the last element is `end`. */
function linspace(start: number, end: number, steps: number, ...rest: unknown[]): Tensor {
  const step = steps > 1 ? (end - start) / (steps - 1) : 0;
  const valueAt = (i: number) => (i < steps / 2 ? start + i * step : end - (steps - 1 - i) * step);
  return fromIndices([steps], valueAt, callOf(rest));
}

function eye(rows: number, columns: number, call: Call): Tensor {
  return fromIndices([rows, columns], (i) => Number(Math.floor(i / columns) === i % columns), call);
}

/** Keeps the elements of each matrix on one side of a diagonal, and has 0 elsewhere: also for NaN. */
function triangle(keeps: (offset: Tensor, diagonal: number) => Tensor): OpFunction {
  return (self: Tensor, diagonal: number, call: Call) => {
    const [rows, columns] = self.shape.slice(-2) as [number, number];
    if (self.size === 0) return self;
    const mask = offTape(() => {
      const [row, column] = [
        tf.expandDims(tf.range(0, rows, 1, 'int32'), 1),
        tf.range(0, columns, 1, 'int32'),
      ];
      return keeps(tf.sub(column, row), diagonal);
    });
    return choose(mask, self, 0, resultDtype(call));
  };
}

/** A new last axis; the number of classes is one more than the largest index where it is not given. */
function oneHot(self: Tensor, classes: number, call: Call): Tensor {
  const depth =
    classes >= 0 ? classes : Array.from(readNow(call, self)).reduce((most, id) => Math.max(most, id + 1), 0);
  if (depth === 0 && self.size === 0)
    throw new RangeError(message(call.where, 'self', 'elements, whose classes are counted', 'none'));
  const ids = indicesInto(depth, self, call, { what: 'self' });
  // tf.oneHot takes no single class.
  return tf.cast(tf.equal(tf.expandDims(ids, -1), tf.range(0, depth, 1, 'int32')), 'int32');
}

/** `value` is a scalar of the dtype of self. */
const fill = (self: Tensor, value: Operand, call: Call) =>
  typeof value === 'object'
    ? expand(as(value, resultDtype(call)), self.shape)
    : filled(self.shape, value, call);

export const CREATION: Readonly<Record<string, OpFunction>> = {
  ...named(['zeros'], `SymInt[] size, *, ${OPTIONS}`, ofSize(0)),
  ...named(['ones'], `SymInt[] size, *, ${OPTIONS}`, ofSize(1)),
  // Elements of an empty tensor may have any value.
  ...named(['empty.memory_format'], `SymInt[] size, *, ${OPTIONS}, ${FORMAT}`, ofSize(0)),
  ...named(['empty_strided'], `SymInt[] size, SymInt[] stride, *, ${OPTIONS}`, ofSize(0)),
  ...named(['empty_permuted'], `SymInt[] size, int[] physical_layout, *, ${OPTIONS}`, ofSize(0)),
  ...named(
    ['full'],
    `SymInt[] size, Scalar fill_value, *, ${OPTIONS}`,
    (size: Sizes, value: Scalar, ...rest) => filled(size, value, callOf(rest)),
  ),
  ...named(['zeros_like'], `Tensor self, *, ${OPTIONS}, ${FORMAT}`, like(0)),
  ...named(['ones_like'], `Tensor self, *, ${OPTIONS}, ${FORMAT}`, like(1)),
  ...named(['empty_like'], `Tensor self, *, ${OPTIONS}, ${FORMAT}`, like(0)),
  ...named(
    ['full_like'],
    `Tensor self, Scalar fill_value, *, ${OPTIONS}, ${FORMAT}`,
    (self: Tensor, value: Scalar, ...rest) => filled(self.shape, value, callOf(rest)),
  ),
  ...named(['new_zeros'], `Tensor self, SymInt[] size, *, ${OPTIONS}`, sized(0)),
  ...named(['new_ones'], `Tensor self, SymInt[] size, *, ${OPTIONS}`, sized(1)),
  ...named(['new_empty'], `Tensor self, SymInt[] size, *, ${OPTIONS}`, sized(0)),
  ...named(['new_empty_strided'], `Tensor self, SymInt[] size, SymInt[] stride, *, ${OPTIONS}`, sized(0)),
  ...named(
    ['new_full'],
    `Tensor self, SymInt[] size, Scalar fill_value, *, ${OPTIONS}`,
    (_self: Tensor, size: Sizes, value: Scalar, ...rest) => filled(size, value, callOf(rest)),
  ),
  ...named(['arange'], `Scalar end, *, ${OPTIONS}`, (end: number, ...rest) =>
    arange(0, end, 1, callOf(rest)),
  ),
  ...named(
    ['arange.start'],
    `Scalar start, Scalar end, *, ${OPTIONS}`,
    (start: number, end: number, ...rest) => arange(start, end, 1, callOf(rest)),
  ),
  ...named(
    ['arange.start_step'],
    `Scalar start, Scalar end, Scalar step=1, *, ${OPTIONS}`,
    (start: number, end: number, step: number, ...rest) => arange(start, end, step, callOf(rest)),
  ),
  ...named(['linspace'], `Scalar start, Scalar end, int steps, *, ${OPTIONS}`, linspace),
  ...named(['eye'], `SymInt n, *, ${OPTIONS}`, (n: number, ...rest) => eye(n, n, callOf(rest))),
  ...named(['eye.m'], `SymInt n, SymInt m, *, ${OPTIONS}`, (n: number, m: number, ...rest) =>
    eye(n, m, callOf(rest)),
  ),
  ...named(['scalar_tensor'], `Scalar s, *, ${OPTIONS}`, (value: Scalar, ...rest) =>
    filled([], value, callOf(rest)),
  ),
  ...named(
    ['tril'],
    'Tensor self, SymInt diagonal=0',
    triangle((offset, diagonal) => tf.lessEqual(offset, diagonal)),
  ),
  ...named(
    ['triu'],
    'Tensor self, SymInt diagonal=0',
    triangle((offset, diagonal) => tf.greaterEqual(offset, diagonal)),
  ),
  ...named(['fill.Scalar'], 'Tensor self, Scalar value', fill),
  ...named(['fill.Tensor'], 'Tensor self, Tensor value', fill),
  ...named(['zero'], 'Tensor self', (self: Tensor, call: Call) => filled(self.shape, 0, call)),
  ...named(['one_hot'], 'Tensor self, int num_classes=-1', oneHot),
};

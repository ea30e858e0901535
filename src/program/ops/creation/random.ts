/** Dropout, and tensors of random values, of torch's distributions. */

import type { DataType, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { message } from '../../../check.js';
import { orderAlong } from '../../../nn/indexing/order.js';
import { offTape } from '../../../nn/off-tape.js';
import { expand } from '../../../nn/shape/expand.js';
import { isOnHost } from '../../../tfjs-internals/backends.js';
import { as, computeDtype, type Operand, resultDtype, tfDtype } from '../shared/dtypes.js';
import { named, pointwise } from '../shared/pointwise.js';
import type { Call, OpFunction } from '../types.js';

const OPTIONS = 'ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None';
const FORMAT = 'MemoryFormat? memory_format=None';
const GENERATOR = '*, Generator? generator=None';

type Sizes = readonly number[];
const callOf = (rest: readonly unknown[]) => rest.at(-1) as Call;

/** The float32 before 1: tfjs draws in float64, and rounds. */
const LARGEST = 1 - 2 ** -24;

/** In 0..1, 1 excluded. */
const uniform = (shape: Sizes) => tf.minimum(tf.randomUniform([...shape]), LARGEST);
const normal = (shape: Sizes) => tf.randomNormal([...shape]);

/** 1 with probability p, and else 0. */
function bernoulli(shape: Sizes, p: Tensor | number): Tensor {
  return offTape(() => tf.cast(tf.less(uniform(shape), p), 'float32'));
}

/** Each element, or each of `shape` to which it is broadcast, is 0 with probability p; the rest is scaled by 1 / (1 - p). */
function drop(x: Tensor, shape: Sizes, p: number): Tensor {
  const scale = p === 1 ? 0 : 1 / (1 - p);
  return pointwise(
    (x) =>
      tf.mul(
        x,
        offTape(() => tf.mul(bernoulli(shape, 1 - p), scale)),
      ),
    [x],
    'float32',
  );
}

/** A dropout, which returns its input but in training, and its form in place, whose argument has another name. */
function dropout(name: string, run: (x: Tensor, p: number) => Tensor): Record<string, OpFunction> {
  const op = (input: Tensor, p: number, train: boolean, call: Call) =>
    train && call.isTraining && p > 0 ? run(input, p) : input;
  return {
    [`aten::${name}(Tensor input, float p, bool train) -> Tensor`]: op,
    [`aten::${name}_(Tensor(a!) self, float p, bool train) -> Tensor(a!)`]: op,
  };
}

/** One value for each row and channel. */
const channels = ({ shape }: Tensor) => [...shape.slice(0, 2), ...shape.slice(2).map(() => 1)];

/** Where elements are dropped alpha dropout has the value of SELU at minus infinity, and then keeps mean and variance. */
function dropAlpha(x: Tensor, shape: Sizes, p: number): Tensor {
  if (p === 1) return tf.mul(x, 0);
  const alpha = 1.7580993408473766;
  const scale = 1 / Math.sqrt((alpha * alpha * p + 1) * (1 - p));
  const kept = bernoulli(shape, 1 - p);
  const shift = tf.add(tf.mul(tf.sub(kept, 1), alpha * scale), alpha * scale * p);
  return pointwise((x) => tf.add(tf.mul(x, tf.mul(kept, scale)), shift), [x], 'float32');
}

/** The result and what was kept; `train` is true where it is not given. */
function nativeDropout(input: Tensor, p: number, train: boolean | null, call: Call): Tensor[] {
  if (train === false || !call.isTraining) {
    // torch's mask is a float where the input is empty.
    const [, dtype = 'BOOL'] = call.dtypes;
    return [input, as(tf.ones(input.shape), tfDtype(dtype) as DataType)];
  }
  const kept = bernoulli(input.shape, 1 - p);
  return [tf.mul(input, tf.mul(kept, p === 1 ? 0 : 1 / (1 - p))), as(kept, 'bool')];
}

/** In the dtype of the result. */
const inDtype = (values: Tensor, call: Call) => as(values, resultDtype(call));

/** Integers of low..high, high excluded. */
function integers(shape: Sizes, low: number, high: number, call: Call): Tensor {
  // A product that is rounded up would be the number of integers.
  const offsets = tf.minimum(tf.floor(tf.mul(uniform(shape), high - low)), high - low - 1);
  const values = tf.add(as(offsets, 'int32'), as(low, 'int32'));
  return as(values, computeDtype(call));
}

/** `mean + std * z`, which has a gradient in neither. */
const normalOf = (shape: Sizes, mean: Operand, std: Operand) =>
  offTape(() => tf.add(as(mean, 'float32'), tf.mul(as(std, 'float32'), normal(shape))));

const broadcast = (a: Tensor, b: Tensor) => tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);

const uniformLike = (self: Tensor, from: number, to: number) =>
  tf.add(tf.mul(uniform(self.shape), to - from), from);
const normalLike = (self: Tensor, mean: number, std: number) => normalOf(self.shape, mean, std);

/** Of 1 - u, which is never 0. */
const exponential = (self: Tensor, lambda: number) =>
  tf.div(tf.neg(tf.log(tf.sub(1, uniform(self.shape)))), lambda);

/**
 * Categories by their weights: those whose weights, divided by exponential numbers, are the greatest. Each of a row once, or a draw
 * for each of the samples.
 *
 * @throws RangeError for a weight below 0 or not finite, or too few above 0, where the values can be read without waiting for a device.
 */
function multinomial(self: Tensor, samples: number, hasReplacement: boolean, _: null, call: Call): Tensor {
  if (isOnHost(self)) checkWeights(self, hasReplacement ? 1 : samples, call);
  return offTape(() => {
    const last = self.rank - 1;
    const keyed = (weights: Tensor) => tf.div(weights, exponential(weights, 1));
    if (!hasReplacement) return orderAlong(keyed(self), last, samples, true);
    return tf.argMax(
      keyed(
        expand(tf.expandDims(self, last), [...self.shape.slice(0, -1), samples, self.shape[last] as number]),
      ),
      -1,
    );
  });
}

function checkWeights(weights: Tensor, least: number, call: Call): void {
  const values = weights.dataSync();
  const categories = weights.shape.at(-1) as number;
  const wrong = values.find((weight) => !(weight >= 0 && Number.isFinite(weight)));
  if (wrong !== undefined)
    throw new RangeError(message(call.where, 'self', 'finite weights of 0 or more', String(wrong)));
  for (let row = 0; row < values.length; row += categories) {
    const count = values.subarray(row, row + categories).filter((weight) => weight > 0).length;
    if (count < least)
      throw new RangeError(
        message(call.where, 'self', `${least} or more weights above 0 in a row`, String(count)),
      );
  }
}

function permutation(n: number, ...rest: unknown[]): Tensor {
  return inDtype(tf.tensor1d(Int32Array.from(tf.util.createShuffledIndices(n)), 'int32'), callOf(rest));
}

export const RANDOM: Readonly<Record<string, OpFunction>> = {
  ...dropout('dropout', (x, p) => drop(x, x.shape, p)),
  ...dropout('feature_dropout', (x, p) => drop(x, channels(x), p)),
  ...dropout('alpha_dropout', (x, p) => dropAlpha(x, x.shape, p)),
  ...dropout('feature_alpha_dropout', (x, p) => dropAlpha(x, channels(x), p)),
  'aten::native_dropout(Tensor input, float p, bool? train) -> (Tensor, Tensor)': nativeDropout,
  ...named(['bernoulli'], `Tensor self, ${GENERATOR}`, (self: Tensor, _: null, call: Call) =>
    inDtype(bernoulli(self.shape, self), call),
  ),
  ...named(
    ['bernoulli.p'],
    `Tensor self, float p, ${GENERATOR}`,
    (self: Tensor, p: number, _: null, call: Call) => inDtype(bernoulli(self.shape, p), call),
  ),
  ...named(
    ['bernoulli.Tensor'],
    `Tensor self, Tensor p, ${GENERATOR}`,
    (self: Tensor, p: Tensor, _: null, call: Call) => inDtype(bernoulli(self.shape, p), call),
  ),
  'aten::bernoulli_.float(Tensor(a!) self, float p=0.5, *, Generator? generator=None) -> Tensor(a!)': (
    self: Tensor,
    p: number,
    _: null,
    call: Call,
  ) => inDtype(bernoulli(self.shape, p), call),
  ...named(['rand'], `SymInt[] size, *, ${OPTIONS}`, uniform),
  ...named(['randn'], `SymInt[] size, *, ${OPTIONS}`, normal),
  ...named(['rand_like'], `Tensor self, *, ${OPTIONS}, ${FORMAT}`, (self: Tensor) => uniform(self.shape)),
  ...named(['randn_like'], `Tensor self, *, ${OPTIONS}, ${FORMAT}`, (self: Tensor) => normal(self.shape)),
  ...named(
    ['randint'],
    `SymInt high, SymInt[] size, *, ${OPTIONS.replace('None', '4')}`,
    (high: number, size: Sizes, ...rest) => integers(size, 0, high, callOf(rest)),
  ),
  ...named(
    ['randint.low'],
    `SymInt low, SymInt high, SymInt[] size, *, ${OPTIONS.replace('None', '4')}`,
    (low: number, high: number, size: Sizes, ...rest) => integers(size, low, high, callOf(rest)),
  ),
  ...named(
    ['randint_like'],
    `Tensor self, SymInt high, *, ${OPTIONS}, ${FORMAT}`,
    (self: Tensor, high: number, ...rest) => integers(self.shape, 0, high, callOf(rest)),
  ),
  ...named(
    ['randint_like.low_dtype'],
    `Tensor self, SymInt low, SymInt high, *, ${OPTIONS}, ${FORMAT}`,
    (self: Tensor, low: number, high: number, ...rest) => integers(self.shape, low, high, callOf(rest)),
  ),
  ...named(['randperm'], `SymInt n, *, ${OPTIONS.replace('None', '4')}`, permutation),
  ...named(
    ['multinomial'],
    `Tensor self, SymInt num_samples, bool replacement=False, ${GENERATOR}`,
    multinomial,
  ),
  ...named(['normal.Tensor_float'], `Tensor mean, float std=1., ${GENERATOR}`, (mean: Tensor, std: number) =>
    normalOf(mean.shape, mean, std),
  ),
  ...named(['normal.float_Tensor'], `float mean, Tensor std, ${GENERATOR}`, (mean: number, std: Tensor) =>
    normalOf(std.shape, mean, std),
  ),
  ...named(['normal.Tensor_Tensor'], `Tensor mean, Tensor std, ${GENERATOR}`, (mean: Tensor, std: Tensor) =>
    normalOf(broadcast(mean, std), mean, std),
  ),
  ...named(
    ['normal.float_float'],
    `float mean, float std, SymInt[] size, ${GENERATOR}, ${OPTIONS}`,
    (mean: number, std: number, size: Sizes) => normalOf(size, mean, std),
  ),
  ...named(['normal_functional'], `Tensor self, float mean=0., float std=1., ${GENERATOR}`, normalLike),
  'aten::normal_(Tensor(a!) self, float mean=0., float std=1., *, Generator? generator=None) -> Tensor(a!)':
    normalLike,
  ...named(['uniform'], `Tensor self, float from=0., float to=1., ${GENERATOR}`, uniformLike),
  ...named(['exponential'], `Tensor self, float lambd=1., ${GENERATOR}`, exponential),
};

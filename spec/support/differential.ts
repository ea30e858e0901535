/** The fused kernel against the reference: one random combination of everything that shapes a call, forward and backward. */

import * as tf from '@tensorflow/tfjs';
import type { Random } from '../../scripts/test-torch/random.js';
import { gru, lstm, rnn, setThreads } from '../../src/index.js';
import type { Implementation } from '../../src/ops/implementation.js';
import { maxAbs, maxDifference } from './parity.js';

const CELLS = ['GRU', 'LSTM', 'LSTM projected', 'RNN tanh', 'RNN relu'] as const;

/** Every width of a tile's tail, and those around powers of two. */
const SIZES = [...Array.from({ length: 40 }, (_, i) => i + 1), 63, 64, 65, 127, 128, 129, 256];

export interface Combination {
  readonly cell: (typeof CELLS)[number];
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly batch: number;
  readonly steps: number;
  readonly numLayers: number;
  readonly bidirectional: boolean;
  readonly bias: boolean;
  readonly batchFirst: boolean;
  readonly hasStates: boolean;
  readonly hasLengths: boolean;
  readonly threads: number;
  /** Of weights and inputs. */
  readonly seed: number;
}

/** Mostly small ones: `maxProduct` bounds T * B * H * (I + H). */
export function randomCombination(random: Random, seed: number, maxProduct = 2e5): Combination {
  const combination = {
    cell: random.pick(CELLS),
    inputSize: random.pick(SIZES),
    hiddenSize: random.pick(SIZES),
    batch: random.integer(1, 9),
    steps: random.pick([1, 2, 3, 5, 7, 11, 1000]),
    numLayers: random.integer(1, 3),
    bidirectional: random.chance(0.5),
    bias: random.chance(0.7),
    batchFirst: random.chance(0.5),
    hasStates: random.chance(0.6),
    hasLengths: random.chance(0.5),
    threads: random.integer(1, 3),
    seed,
  };
  const { batch, steps, hiddenSize, inputSize } = combination;
  const fits = batch * steps * hiddenSize * (inputSize + hiddenSize) <= maxProduct;
  return fits ? combination : randomCombination(random, seed, maxProduct);
}

function makeLayer({ cell, ...args }: Combination, implementation: Implementation) {
  const { hiddenSize, numLayers, bidirectional, bias, batchFirst, seed } = args;
  const common = { hiddenSize, numLayers, bidirectional, bias, batchFirst, seed, implementation };
  if (cell === 'GRU') return gru(common);
  if (cell === 'LSTM') return lstm(common);
  if (cell === 'LSTM projected') return lstm({ ...common, projSize: Math.floor(hiddenSize / 2) });
  return rnn({ ...common, nonlinearity: cell === 'RNN tanh' ? 'tanh' : 'relu' });
}

/** Outputs, states and every gradient, by name. */
function results(combination: Combination, implementation: Implementation): Map<string, Float32Array> {
  const { inputSize, hiddenSize, batch, steps, batchFirst, hasStates, hasLengths, seed } = combination;
  const layer = makeLayer(combination, implementation);
  layer.ensureBuilt(inputSize);
  const found = new Map<string, Float32Array>();
  tf.tidy(() => {
    const normal = (shape: number[], i: number) => tf.randomNormal(shape, 0, 1, 'float32', seed * 10 + i + 1);
    const stack = layer.numLayers * layer.numDirections;
    const outSize = ('projSize' in layer ? layer.projSize : 0) || hiddenSize;
    const x = tf.variable(normal(batchFirst ? [batch, steps, inputSize] : [steps, batch, inputSize], 0));
    const isLstm = combination.cell.startsWith('LSTM');
    const states = [
      tf.variable(normal([stack, batch, outSize], 1)),
      ...(isLstm ? [tf.variable(normal([stack, batch, hiddenSize], 2))] : []),
    ];
    const lengths = hasLengths
      ? Array.from({ length: batch }, (_, b) => 1 + ((b * 7 + seed) % steps))
      : undefined;
    const [h0, c0] = hasStates ? states : [];
    const run = () => {
      const called = layer.forward(x, { lengths, h0, ...(isLstm ? { c0 } : {}) } as object);
      return Object.entries(called) as [string, tf.Tensor][];
    };
    const loss = () => {
      const terms = run().map(([, tensor], i) => tf.sum(tf.mul(tensor, normal(tensor.shape, 3 + i))));
      return tf.addN(terms) as tf.Scalar;
    };
    const weights = layer.weights.map((weight) => weight.read() as tf.Variable);
    const variables = [x, ...(hasStates ? states : []), ...weights];
    const { grads } = tf.variableGrads(loss, variables);
    for (const [name, tensor] of run()) found.set(name, tensor.dataSync<'float32'>().slice());
    for (const [i, variable] of variables.entries())
      found.set(`gradient ${i}`, (grads[variable.name] as tf.Tensor).dataSync<'float32'>().slice());
    for (const variable of [x, ...states]) variable.dispose();
  });
  layer.dispose();
  return found;
}

/** A gradient or an output below this is the rounding of larger terms that have cancelled. */
const FLOOR = 1e-2;

/** The largest difference of any result, relative to its largest value. */
export function differenceFromReference(combination: Combination): number {
  setThreads(combination.threads);
  const expected = results(combination, 'reference');
  const actual = results(combination, 'fused');
  let worst = 0;
  for (const [name, values] of expected) {
    const difference = maxDifference(actual.get(name) as Float32Array, values);
    worst = Math.max(worst, difference / Math.max(FLOOR, maxAbs(values)));
  }
  return worst;
}

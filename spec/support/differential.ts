/** The fused kernel against the reference: combinations of everything that shapes a call, forward and backward. */

import * as tf from '@tensorflow/tfjs';
import { gru, lstm, rnn, setThreads } from '../../src/index.js';
import { host, type RunningEngine } from '../../src/kernels/host/host.js';
import type { Implementation } from '../../src/ops/implementation.js';
import { allPairs, pairCount, pairsIn, type Row } from './all-pairs.js';
import { maxAbs, maxDifference } from './parity.js';
import { Random } from './random.js';

const CELLS = ['RNN tanh', 'RNN relu', 'GRU', 'LSTM', 'LSTM projected'] as const;

/** Every width of a tile's tail, and those around powers of two. */
const SIZES = [...Array.from({ length: 40 }, (_, i) => i + 1), 63, 64, 65, 127, 128, 129, 256];

const STEPS = [1, 2, 3, 5, 7, 11, 1000];

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
  /** Seed of weights and inputs. */
  readonly seed: number;
}

/** Mostly small ones: `maxProduct` bounds T * B * H * (I + H). */
export function randomCombination(random: Random, seed: number, maxProduct = 2e5): Combination {
  const combination = {
    cell: random.pick(CELLS),
    inputSize: random.pick(SIZES),
    hiddenSize: random.pick(SIZES),
    batch: random.integer(1, 9),
    steps: random.pick(STEPS),
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

/**
 * The first value of each is the cheapest. Steps come first, so that each row of 1,000, the dear ones, has a size of both kinds
 * that has not met them yet; then those with the most values, whose pairs need the most rows.
 */
const FACTORS = {
  steps: STEPS,
  inputSize: SIZES,
  hiddenSize: SIZES,
  batch: [1, 2, 3, 4, 5, 6, 7, 8, 9],
  cell: CELLS,
  numLayers: [1, 2, 3],
  threads: [1, 2, 3],
  bidirectional: [false, true],
  bias: [false, true],
  batchFirst: [false, true],
  hasStates: [false, true],
  hasLengths: [false, true],
} as const;

const FACTOR_NAMES = Object.keys(FACTORS) as (keyof typeof FACTORS)[];

/** T * B * L * D * H * (I + H) of a combination of all pairs: 1,000 steps of 256 units must be among them. */
const MOST_PRODUCTS = 1e8;

/** T * L * D of a combination of all pairs: a step takes the reference half a millisecond however small it is. */
const MOST_STEPS = 3000;

/** The number of pairs of values that combinations can have. */
export function countOfPairs(): number {
  return pairCount(FACTOR_NAMES.map((name) => FACTORS[name].length));
}

/** The number of pairs that the combinations have. */
export function pairsAmong(combinations: readonly Combination[]): number {
  return pairsIn(combinations.map((combination) => FACTOR_NAMES.map((name) => combination[name])));
}

/** Combinations in which every two values of two factors meet. */
export function pairedCombinations(seed: number): Combination[] {
  const combinationOf = (row: Row, i: number) => {
    const values = FACTOR_NAMES.map((name, f) => [name, FACTORS[name][row[f] as number]]);
    return { ...Object.fromEntries(values), seed: seed + i } as Combination;
  };
  const isTooDear = (row: Row) => {
    const { hiddenSize, inputSize, batch, steps, numLayers, bidirectional } = combinationOf(row, 0);
    const allSteps = steps * numLayers * (bidirectional ? 2 : 1);
    return allSteps > MOST_STEPS || allSteps * batch * hiddenSize * (inputSize + hiddenSize) > MOST_PRODUCTS;
  };
  const sizes = FACTOR_NAMES.map((name) => FACTORS[name].length);
  return allPairs(sizes, new Random(seed), isTooDear).map(combinationOf);
}

function makeLayer({ cell, ...args }: Combination, implementation: Implementation) {
  const { hiddenSize, numLayers, bidirectional, bias, batchFirst, seed } = args;
  const common = { hiddenSize, numLayers, bidirectional, bias, batchFirst, seed, implementation };
  if (cell === 'GRU') return gru(common);
  if (cell === 'LSTM') return lstm(common);
  if (cell === 'LSTM projected') return lstm({ ...common, projSize: Math.floor(hiddenSize / 2) });
  return rnn({ ...common, nonlinearity: cell === 'RNN tanh' ? 'tanh' : 'relu' });
}

/** One row of all steps, one of a single step, others between. */
function lengthsOf({ batch, steps, seed }: Combination): number[] {
  return Array.from({ length: batch }, (_, b) => {
    const place = (b + seed) % batch;
    if (batch > 1 && place < 2) return [steps, 1][place] as number;
    return 1 + ((b * 7 + seed) % steps);
  });
}

/** Outputs and states with and without a tape that records them, and every gradient, by name. The caller disposes them. */
function tensorsOf(combination: Combination, implementation: Implementation): Map<string, tf.Tensor> {
  const { inputSize, hiddenSize, batch, steps, batchFirst, hasStates, hasLengths, seed } = combination;
  const layer = makeLayer(combination, implementation);
  layer.ensureBuilt(inputSize);
  const found = new Map<string, tf.Tensor>();
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
    const lengths = hasLengths ? lengthsOf(combination) : undefined;
    const [h0, c0] = hasStates ? states : [];
    const run = () => {
      const called = layer.forward(x, { lengths, h0, ...(isLstm ? { c0 } : {}) } as object);
      return Object.entries(called) as [string, tf.Tensor][];
    };
    const record = (kind: string, outputs: readonly [string, tf.Tensor][]) => {
      for (const [name, tensor] of outputs) found.set(`${kind} ${name}`, tf.keep(tf.clone(tensor)));
    };
    const loss = () => {
      const outputs = run();
      record('training', outputs);
      // Without a tape the reference computes the same once more; the fused kernel runs other code.
      if (implementation === 'reference') record('inference', outputs);
      const terms = outputs.map(([, tensor], i) => tf.sum(tf.mul(tensor, normal(tensor.shape, 3 + i))));
      return tf.addN(terms) as tf.Scalar;
    };
    const weights = layer.weights.map((weight) => weight.read() as tf.Variable);
    const variables = [x, ...(hasStates ? states : []), ...weights];
    const { grads } = tf.variableGrads(loss, variables);
    record(
      'gradient of',
      variables.map((variable, i) => [String(i), grads[variable.name] as tf.Tensor]),
    );
    if (implementation === 'fused') record('inference', run());
    for (const variable of [x, ...states]) variable.dispose();
  });
  layer.dispose();
  return found;
}

/** A smaller gradient or output is the rounding of larger terms that cancelled. */
const FLOOR = 1e-2;

/** Runs `body` on all threads, in teams of all threads, even where there is little work to share. */
function sharingAll<T>(body: () => T): T {
  const { threads } = host.run(({ engine }) => engine);
  const { thresholds } = threads;
  threads.thresholds = { call: 0, groups: 0, teamStep: 0, waking: 0 };
  try {
    return body();
  } finally {
    threads.thresholds = thresholds;
  }
}

function results(combination: Combination, implementation: Implementation): Map<string, Float32Array> {
  const tensors = [...tensorsOf(combination, implementation)];
  const values = tensors.map(([name, tensor]) => [name, tensor.dataSync<'float32'>()] as const);
  tf.dispose(tensors.map(([, tensor]) => tensor));
  return new Map(values);
}

/** The largest difference of any result, relative to its largest value. */
export function differenceFromReference(combination: Combination): number {
  setThreads(combination.threads);
  const expected = results(combination, 'reference');
  return largestDifference(
    sharingAll(() => results(combination, 'fused')),
    expected,
  );
}

/** That of one engine from another. */
export function differenceOfEngines(
  combination: Combination,
  actual: RunningEngine,
  expected: RunningEngine,
): number {
  const [mine, theirs] = [actual, expected].map((running) =>
    onEngine(running, () => {
      setThreads(combination.threads);
      return sharingAll(() => results(combination, 'fused'));
    }),
  ) as [Map<string, Float32Array>, Map<string, Float32Array>];
  return largestDifference(mine, theirs);
}

/** Runs `body` with an engine in the place of the one that runs here. */
function onEngine<T>(running: RunningEngine, body: () => T): T {
  const place = host as unknown as { running: RunningEngine | undefined };
  const before = place.running;
  place.running = running;
  try {
    return body();
  } finally {
    place.running = before;
  }
}

/** The names of results that differ in a bit from those on one thread: `inference output`, `gradient of 3`. */
export function changedByThreads(combination: Combination): string[] {
  const resultsOn = (threads: number) => {
    setThreads(threads);
    return sharingAll(() => results(combination, 'fused'));
  };
  const alone = resultsOn(1);
  const shared = resultsOn(combination.threads);
  return [...alone.keys()].filter((name) => !isSame(alone.get(name), shared.get(name)));
}

/** Whether both have the same bits. */
function isSame(a: Float32Array | undefined, b: Float32Array | undefined): boolean {
  const bits = (values: Float32Array = new Float32Array()) =>
    new Uint32Array(values.buffer, values.byteOffset, values.length);
  const [left, right] = [bits(a), bits(b)];
  return left.length === right.length && left.every((value, i) => value === right[i]);
}

/** That of a backend whose tensors cannot be read at once, from the reference on cpu. It leaves the backend the active one. */
export async function differenceFromCpu(combination: Combination, backend: string): Promise<number> {
  await tf.setBackend('cpu');
  const expected = results(combination, 'reference');
  await tf.setBackend(backend);
  const actual = new Map<string, Float32Array>();
  for (const [name, tensor] of tensorsOf(combination, 'fused')) {
    actual.set(name, await tensor.data<'float32'>());
    tensor.dispose();
  }
  return largestDifference(actual, expected);
}

function largestDifference(actual: Map<string, Float32Array>, expected: Map<string, Float32Array>): number {
  let worst = 0;
  for (const [name, values] of expected) {
    const difference = maxDifference(actual.get(name) as Float32Array, values);
    worst = Math.max(worst, difference / Math.max(FLOOR, maxAbs(values)));
  }
  return worst;
}

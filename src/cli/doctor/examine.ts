/** What `doctor` asks of one backend. It needs tfjs: it is imported when it runs, so that the other commands work without. */

import * as tf from '@tensorflow/tfjs-core';
import { describeKernels, gru, lstm, rnn } from '../../index.js';
import { type Implementation, kernelsFor } from '../../ops/implementation.js';

/** Kinds of code, as they are called here. */
const KINDS = {
  engine: 'engine',
  cuDNN: 'cudnn',
  'tf ops': 'reference',
} as const satisfies Record<string, Implementation>;

export type Kind = keyof typeof KINDS;

/** A number for each kind of code that runs here. */
export type OfEach = Partial<Record<Kind, number>>;

export interface Timing {
  readonly case: string;
  readonly milliseconds: OfEach;
  /** What `implementation: 'auto'` takes, and why. */
  readonly auto: string;
}

export interface BackendReport {
  readonly backend: string;
  /** The version of TensorFlow's library, on tfjs-node. */
  readonly tensorflow: string | undefined;
  /** What `describeKernels` says. */
  readonly kernels: string;
  /** The largest difference of outputs and gradients from the engine's on cpu, relative to the largest value of each, by cell. */
  readonly differences: Readonly<Record<string, OfEach>>;
  readonly timings: readonly Timing[];
}

/** @param backend one whose package is imported. */
export async function examine(backend: string): Promise<BackendReport> {
  // Otherwise tfjs recommends tfjs-node in a banner.
  tf.enableProdMode();
  const differences = await differencesOn(backend);
  const timings = await timingsHere();
  const { binding } = tf.backend() as { readonly binding?: { readonly TF_Version: string } };
  const { reason } = describeKernels().find(({ isActive }) => isActive) ?? {};
  return { backend, tensorflow: binding?.TF_Version, kernels: reason ?? 'none', differences, timings };
}

function kindsHere(): Kind[] {
  const isHere = ([, implementation]: [string, Implementation]) =>
    implementation === 'reference' ||
    kernelsFor(implementation, tf.getBackend()).some((kernels) => kernels.supports() === undefined);
  return Object.entries(KINDS)
    .filter(isHere)
    .map(([kind]) => kind as Kind);
}

const LAYERS = {
  GRU: gru,
  LSTM: lstm,
  'RNN tanh': rnn,
  'RNN relu': (args: Parameters<typeof rnn>[0]) => rnn({ ...args, nonlinearity: 'relu' }),
};

type Cell = keyof typeof LAYERS;

/** Outputs and gradients of two layers in both directions, over rows of several lengths. */
async function resultsOf(cell: Cell, implementation: Implementation): Promise<Float32Array[]> {
  const layer = LAYERS[cell]({ hiddenSize: 32, numLayers: 2, bidirectional: true, seed: 1, implementation });
  layer.ensureBuilt(16);
  const x = tf.tidy(() => tf.variable(tf.randomNormal([4, 6, 16], 0, 1, 'float32', 2)));
  try {
    const tensors = tf.tidy(() => {
      const run = () => layer.forward(x, { lengths: [3, 6, 1, 4] }).output;
      const slopes = tf.randomNormal([4, 6, 64], 0, 1, 'float32', 3);
      const variables = [x, ...layer.weights.map((weight) => weight.read() as tf.Variable)];
      const { grads } = tf.variableGrads(() => tf.sum(tf.mul(run(), slopes)) as tf.Scalar, variables);
      return [run(), ...variables.map(({ name }) => grads[name] as tf.Tensor)];
    });
    const values = await Promise.all(tensors.map((tensor) => tensor.data<'float32'>()));
    tf.dispose(tensors);
    return values;
  } finally {
    x.dispose();
    layer.dispose();
  }
}

/** Leaves the backend the active one. */
async function differencesOn(backend: string): Promise<Record<string, OfEach>> {
  const found: Record<string, OfEach> = {};
  for (const cell of Object.keys(LAYERS) as Cell[]) {
    await tf.setBackend('cpu');
    const expected = await resultsOf(cell, 'engine');
    await tf.setBackend(backend);
    const differences: OfEach = {};
    for (const kind of kindsHere()) {
      const actual = await tryTo(() => resultsOf(cell, KINDS[kind]));
      if (actual) differences[kind] = Math.max(...expected.map((values, i) => difference(actual[i], values)));
    }
    found[cell] = differences;
  }
  return found;
}

function difference(actual: Float32Array | undefined, expected: Float32Array): number {
  let [furthest, largest] = [0, 0];
  for (const [i, value] of expected.entries()) {
    furthest = Math.max(furthest, Math.abs((actual?.[i] as number) - value));
    largest = Math.max(largest, Math.abs(value));
  }
  return furthest / largest;
}

/** cuDNN may decline a cell: its kernels tell why. */
async function tryTo<T>(body: () => Promise<T>): Promise<T | undefined> {
  try {
    return await body();
  } catch {
    return undefined;
  }
}

interface Case {
  readonly batch: number;
  readonly steps: number;
  /** H, and I. */
  readonly size: number;
  readonly isTraining: boolean;
}

/** By the work of a call. */
const CASES: readonly Case[] = [
  { batch: 1, steps: 1, size: 64, isTraining: false },
  { batch: 1, steps: 100, size: 256, isTraining: false },
  { batch: 8, steps: 50, size: 128, isTraining: true },
  { batch: 32, steps: 100, size: 256, isTraining: false },
];

/** A kind of code that took longer is not asked for cases with more work. */
const LONGEST = 300;

const TURNS = 3;

async function timingsHere(): Promise<Timing[]> {
  const timings: Timing[] = [];
  const tooSlow = new Set<Kind>();
  for (const each of CASES) {
    const milliseconds: OfEach = {};
    for (const kind of kindsHere().filter((one) => !tooSlow.has(one))) {
      const time = await tryTo(() => timeOf(each, KINDS[kind]));
      if (time === undefined) continue;
      milliseconds[kind] = time;
      if (time > LONGEST) tooSlow.add(kind);
    }
    timings.push({ case: nameOf(each), milliseconds, auto: await takenBy(each) });
  }
  return timings;
}

function nameOf({ batch, steps, size, isTraining }: Case): string {
  return `B ${batch}, T ${steps}, H ${size}${isTraining ? ', forward and backward' : ''}`;
}

/** Calls a GRU on a sequence that an op has made, and reads a result. @returns what calls it once, to be disposed. */
function callerOf({ batch, steps, size, isTraining }: Case, implementation: Implementation) {
  const layer = gru({ hiddenSize: size, seed: 1, implementation });
  layer.ensureBuilt(size);
  const x = tf.tidy(() => tf.add(tf.randomNormal([batch, steps, size], 0, 1, 'float32', 2), 0));
  const output = (y: tf.Tensor) => layer.forward(y).output;
  const call = () => (isTraining ? tf.grad((y) => tf.sum(tf.square(output(y))))(x) : output(x));
  return {
    call: async () => {
      const result = tf.tidy(call);
      await result.data();
      result.dispose();
    },
    dispose: () => {
      x.dispose();
      layer.dispose();
    },
  };
}

/** The median of some calls, after one that is not counted. */
async function timeOf(each: Case, implementation: Implementation): Promise<number> {
  const { call, dispose } = callerOf(each, implementation);
  try {
    await call();
    const times: number[] = [];
    while (times.length < TURNS) {
      const start = performance.now();
      await call();
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[Math.floor(TURNS / 2)] as number;
  } finally {
    dispose();
  }
}

async function takenBy(each: Case): Promise<string> {
  const { call, dispose } = callerOf(each, 'auto');
  try {
    await call();
    const { lastRun, lastReason } = describeKernels().find(({ isActive }) => isActive) ?? {};
    return lastReason ?? (lastRun === 'fused' ? 'engine' : 'tf ops');
  } finally {
    dispose();
  }
}

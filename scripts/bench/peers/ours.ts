/** This package, through its public interface: `layer.forward` on tensors. */

import * as tf from '@tensorflow/tfjs';
import type * as Api from 'tfjs-torch-rnn';
import type * as FindNative from '../../../src/kernels/host/runtime/find-native.js';
import type * as Start from '../../../src/kernels/host/runtime/start.js';
import type { StateDict } from '../../../src/state-dict/index.js';
import { importBuilt } from '../built.js';
import { type BenchCase, weightsOf } from '../cases.js';
import { callsOf } from './calls.js';
import type { Data, Peer, PeerOptions, Prepared, TfjsStart } from './peer.js';
import { stateTensors, toTimeMajor, toTorch } from './tfjs.js';

const api = await importBuilt<typeof Api>('index.js');
const { describeEngine } = await importBuilt<typeof Start>('kernels/host/runtime/start.js');
const { findNative, nativeVariable } = await importBuilt<typeof FindNative>(
  'kernels/host/runtime/find-native.js',
);

export type Layer = Api.GRU | Api.LSTM | Api.RNN;

const LAYERS = { gru: api.GRU, lstm: api.LSTM, rnn: api.RNN };

export async function startOurs({ start }: TfjsStart, threads: number): Promise<void> {
  await start();
  requireEngine();
  api.setThreads(threads);
}

/** @throws Error where the instruction set that TFJS_TORCH_RNN_NATIVE names is not there: nothing else is measured in its place. */
function requireEngine(): void {
  const set = nativeVariable();
  const sets = findNative().addon?.sets() ?? [];
  if (set !== '' && set !== '0' && !sets.includes(set))
    throw new Error(`this machine runs the native engine on ${sets.join(', ') || 'nothing'}, not on ${set}`);
}

export function makeLayer(
  { cell }: BenchCase,
  numbers: StateDict,
  implementation: Api.Implementation,
): Layer {
  return LAYERS[cell].fromStateDict(weightsOf(numbers), { implementation });
}

/** `output`, `hn`, and `cn` where there is one. */
export function forward(layer: Layer, x: tf.Tensor3D, states: readonly tf.Tensor3D[]): tf.Tensor[] {
  const [h0, c0] = states;
  const results = layer instanceof api.LSTM ? layer.forward(x, { h0, c0 }) : layer.forward(x, { h0 });
  return Object.values(results);
}

export async function startPeer(options: PeerOptions, implementation: Api.Implementation): Promise<Peer> {
  const { tfjs, threads, data } = options;
  await startOurs(tfjs, threads);
  return {
    versions: {
      tfjs: tf.version.tfjs,
      [`${nativeVariable() || 'default'} engine`]: describeEngine().compiledTo,
    },
    hasThreads: threads === 1 || implementation !== 'reference' || tfjs.opsHaveThreads,
    prepare: async (benchCase, numbers) => prepare(benchCase, numbers, implementation, data),
  };
}

/** Runs the fused kernels even where another implementation would be chosen. */
export const start = (options: PeerOptions) => startPeer(options, 'fused');

export function prepare(
  benchCase: BenchCase,
  numbers: StateDict,
  implementation: Api.Implementation,
  data: Data,
) {
  const layer = makeLayer(benchCase, numbers, implementation);
  const states = stateTensors(benchCase, numbers);
  const weights = new Map(layer.weights.map((weight) => [torchName(weight), weight.read() as tf.Variable]));
  const calls = callsOf(benchCase, numbers, data, {
    weights: [...weights.values()],
    forward: (x) => forward(layer, x, states),
  });
  return {
    ...calls,
    // Where it is left to the package.
    ...(implementation === 'auto' ? { ran } : {}),
    results: async () => {
      await calls.refresh?.();
      return resultsOf(benchCase, weights, await calls.values());
    },
    dispose: async () => {
      await calls.dispose();
      layer.dispose();
      tf.dispose(states);
    },
  } satisfies Prepared;
}

/** What the last call on the active backend ran, and why. */
function ran(): string {
  const last = api.describeKernels().find(({ isActive }) => isActive);
  return last?.lastReason ?? (last?.lastRun === 'fused' ? last.reason : 'reference');
}

function torchName({ originalName }: { readonly originalName: string }): string {
  return originalName.slice(originalName.indexOf('/') + 1);
}

function resultsOf(
  benchCase: BenchCase,
  weights: ReadonlyMap<string, tf.Tensor>,
  values: readonly tf.TypedArray[],
): StateDict {
  const { mode, cell, batch, steps, inputSize, hiddenSize, layers, directions } = benchCase;
  const [first, ...rest] = values as [tf.TypedArray, ...tf.TypedArray[]];
  if (mode === 'training') {
    const gradientOfX = toTimeMajor(first, batch, steps, inputSize);
    const gradientsOfWeights = [...weights].map(
      ([name, { shape }], i) => [name, toTorch(rest[i] as tf.TypedArray, shape)] as const,
    );
    return new Map([['x', gradientOfX], ...gradientsOfWeights]);
  }
  const names = cell === 'lstm' ? ['hn', 'cn'] : ['hn'];
  const stateShape = [layers * directions, batch, hiddenSize];
  return new Map([
    ['output', toTimeMajor(first, batch, steps, directions * hiddenSize)],
    ...names.map((name, i) => [name, toTorch(rest[i] as tf.TypedArray, stateShape)] as const),
  ]);
}

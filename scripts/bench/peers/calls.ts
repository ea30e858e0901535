/** The calls of a network on tfjs: what each gets, computes and reads. */

import * as tf from '@tensorflow/tfjs';
import type { StateDict } from '../../../src/state-dict/index.js';
import type { BenchCase } from '../cases.js';
import type { Data, Prepared } from './peer.js';
import { awaitAll, type CaseTensors, gradients, readAll, sequenceMaker } from './tfjs.js';

type Sequences = Omit<CaseTensors, 'states'>;

interface Source {
  refresh?(): Promise<void>;
  take(): Sequences;
  /** The call has used them. */
  release(sequences: Sequences): void;
  dispose(): void;
}

export interface Network {
  /** The weights whose gradients training computes. */
  readonly weights: readonly tf.Variable[];
  /** The output, then the final states. */
  forward(x: tf.Tensor3D): tf.Tensor[];
}

export interface Calls extends Pick<Prepared, 'refresh' | 'run' | 'dispose'> {
  /** Of the results of a call. */
  values(): tf.TypedArray[] | Promise<tf.TypedArray[]>;
}

/** @returns with `dispose` for what it has made itself. */
export function callsOf(benchCase: BenchCase, numbers: StateDict, data: Data, network: Network): Calls {
  const { weights, forward } = network;
  const source = sourceOf(data, sequenceMaker(benchCase, numbers), weights);
  const call = () => {
    const sequences = source.take();
    const { x, dy } = sequences;
    const results = dy ? gradients(() => forward(x)[0] as tf.Tensor, x, weights, dy) : forward(x);
    source.release(sequences);
    return results;
  };
  const isOnGpu = ['webgl', 'webgpu'].includes(tf.getBackend());
  const values = () => (isOnGpu ? awaitAll : readAll)(call());
  return {
    ...(source.refresh ? { refresh: source.refresh } : {}),
    // An optimizer takes gradients as tensors. Only on a GPU must they be read, to know that they are there.
    run: benchCase.mode === 'training' && !isOnGpu ? () => tf.dispose(call()) : values,
    values,
    dispose: async () => source.dispose(),
  };
}

function sourceOf(data: Data, make: () => Sequences, weights: readonly tf.Variable[]): Source {
  if (data === 'js') return { take: make, release: disposeOf, dispose: () => {} };
  const made = make();
  const source = { take: () => made, release: () => {}, dispose: () => disposeOf(made) };
  return data === 'gpu' ? onGpu(source, made.dy ? weights : []) : source;
}

/** x, the gradient of the output and the weights are results of ops that are over when a call begins. */
function onGpu(source: Source, weights: readonly tf.Variable[]): Source {
  let fresh: Sequences | undefined;
  return {
    ...source,
    refresh: async () => {
      if (fresh) disposeOf(fresh);
      const { x, dy } = source.take();
      fresh = { x: copyOf(x), ...(dy ? { dy: copyOf(dy) } : {}) };
      for (const weight of weights) weight.assign(copyOf(weight));
      // A GPU works in order: when it has this sum, all before is over.
      const sum = tf.sum(fresh.x);
      await sum.data();
      sum.dispose();
    },
    take: () => fresh as Sequences,
    dispose: () => {
      source.dispose();
      if (fresh) disposeOf(fresh);
    },
  };
}

/** `clone` would share the data. */
function copyOf<T extends tf.Tensor>(tensor: T): T {
  return tf.tidy(() => tf.mul<T>(tensor, 1));
}

function disposeOf({ x, dy }: Sequences): void {
  tf.dispose(dy ? [x, dy] : x);
}

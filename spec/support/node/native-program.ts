/** What processes of specs run, as one bundle: a layer on the native engine, on three threads whatever the machine has. */

import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { describeKernels, type GRU, gru, setThreads } from '../../../src/index.js';
import { host } from '../../../src/kernels/host/host.js';

export { setThreads };

const [BATCH, STEPS, INPUT, HIDDEN] = [6, 12, 32, 96];

let layer: GRU | undefined;

/** @throws where another engine runs. */
function start(): GRU {
  if (layer) return layer;
  void tf.setBackend('cpu');
  setThreads(3);
  layer = gru({ hiddenSize: HIDDEN, bidirectional: true, seed: 1, implementation: 'fused' });
  layer.ensureBuilt(INPUT);
  host.run(({ engine }) => {
    if (!engine.compiledTo.endsWith('natively')) throw new Error(describeKernels()[0]?.reason);
    engine.threads.thresholds = { call: 0, groups: 0, teamStep: 0, waking: 0 };
  });
  return layer;
}

const input = () => tf.randomNormal([BATCH, STEPS, INPUT], 0, 1, 'float32', 5);

const hashOf = (values: Float32Array) =>
  createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex');

/** A call, and a gradient. @returns the hash of the output, the same to the bit on every engine of the set. */
export function compute(): string {
  const started = start();
  return tf.tidy(() => {
    const x = input();
    tf.grad((y) => tf.sum(started.forward(y).output))(x).dataSync();
    return hashOf(started.forward(x).output.dataSync<'float32'>());
  });
}

/** The same off the calling thread. */
export async function computeAsync(): Promise<string> {
  const started = start();
  const x = input();
  const { output, hn } = await started.forwardAsync(x);
  const hash = hashOf(await output.data<'float32'>());
  tf.dispose([x, output, hn]);
  return hash;
}

/** Threads of this process, as Linux counts them. */
export const countThreads = () => readdirSync('/proc/self/task').length;

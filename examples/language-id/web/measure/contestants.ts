/** The layers that are measured, as functions from numbers to numbers. */

import * as tf from '@tensorflow/tfjs';
import { describeKernels, gru } from 'tfjs-torch-rnn';
import type { Contestant } from './protocol.js';
import type { Size } from './sizes.js';

export interface Running {
  /** One call, until its output is in JavaScript. */
  run(): Promise<void>;
  /** What the last call ran, where that is not what its name says. */
  note(): string | undefined;
  dispose(): void;
}

export function start(contestant: Contestant, size: Size): Running {
  const { batch, steps, inputSize } = size;
  const values = Float32Array.from({ length: batch * steps * inputSize }, () => 2 * Math.random() - 1);
  const layer = contestant === 'tfLayers' ? tfLayer(size) : ownLayer(size, contestant);
  return {
    async run() {
      const output = tf.tidy(() => layer.call(tf.tensor3d(values, [batch, steps, inputSize])));
      await output.data();
      output.dispose();
    },
    note: contestant === 'layer' ? noteOfReference : () => undefined,
    dispose: layer.dispose,
  };
}

interface Layer {
  call(x: tf.Tensor3D): tf.Tensor;
  dispose(): void;
}

function ownLayer({ hiddenSize }: Size, contestant: 'layer' | 'reference'): Layer {
  const layer = gru({ hiddenSize, implementation: contestant === 'layer' ? 'auto' : 'reference' });
  return { call: (x) => layer.forward(x).output, dispose: () => layer.dispose() };
}

/** Its weights are random, as the others' are: an orthogonal matrix takes long to make. */
function tfLayer({ hiddenSize }: Size): Layer {
  const layer = tf.layers.gru({
    units: hiddenSize,
    returnSequences: true,
    recurrentInitializer: 'glorotUniform',
  });
  return { call: (x) => layer.apply(x) as tf.Tensor, dispose: () => layer.dispose() };
}

function noteOfReference(): string | undefined {
  const active = describeKernels().find(({ isActive }) => isActive);
  return active?.lastRun === 'reference' ? `ran the reference: ${active.lastReason}` : undefined;
}

/**
 * tf.layers' own gru, lstm and simpleRNN: what a tfjs user has otherwise. They compute another GRU (reset before the
 * product, one bias) at about the same cost, so their results are not compared with torch's.
 */

import * as tf from '@tensorflow/tfjs';
import { startBackend } from '../../../examples/support/backend.js';
import type { StateDict } from '../../../src/state-dict/index.js';
import type { BenchCase } from '../cases.js';
import type { Prepared, StartPeer } from './peer.js';
import { type CaseTensors, caseTensors, disposeTensors, gradients, readAll } from './tfjs.js';

export const start: StartPeer = async ({ backend, threads }) => {
  await startBackend(backend);
  return {
    versions: { tfjs: tf.version.tfjs },
    // Of the backends only tensorflow has threads; see the environment that contestants.ts gives it.
    hasThreads: threads === 1 || backend === 'tensorflow',
    prepare: async (benchCase, numbers) => prepare(benchCase, numbers),
  };
};

function prepare(benchCase: BenchCase, numbers: StateDict): Prepared {
  const layers = Array.from({ length: benchCase.layers }, () => makeLayer(benchCase));
  const tensors = caseTensors(benchCase, numbers);
  // [B, H] each, layer by layer, as tf.layers takes them.
  const states = splitStates(benchCase, tensors);
  tf.tidy(() => void forward(layers, tensors.x, states));
  const weights = layers.flatMap((layer) => layer.weights.map((weight) => weight.read()));
  const { dy } = tensors;
  const run = dy
    ? () => {
        const output = () => forward(layers, tensors.x, states)[0] as tf.Tensor;
        return readAll(gradients(output, tensors.x, weights, dy));
      }
    : () => readAll(tf.tidy(() => forward(layers, tensors.x, states)));
  return {
    run,
    results: async () => {
      throw new Error('tf.layers computes another function than torch');
    },
    dispose: async () => {
      for (const layer of layers) layer.dispose();
      disposeTensors(tensors);
      tf.dispose(states);
    },
  };
}

function makeLayer({ cell, hiddenSize, directions }: BenchCase): tf.layers.Layer {
  const args = {
    units: hiddenSize,
    returnSequences: true,
    returnState: true,
    // The default, orthogonal, takes minutes at H = 512.
    recurrentInitializer: 'glorotUniform' as const,
  };
  // torch's activation; hardSigmoid is the default here.
  const gated = { ...args, recurrentActivation: 'sigmoid' as const };
  const layer = {
    gru: () => tf.layers.gru(gated),
    lstm: () => tf.layers.lstm(gated),
    rnn: () => tf.layers.simpleRNN(args),
  }[cell]();
  return directions === 2 ? tf.layers.bidirectional({ layer, mergeMode: 'concat' }) : layer;
}

function splitStates({ layers, directions }: BenchCase, { states }: CaseTensors): tf.Tensor[][] {
  return Array.from({ length: layers }, (_, layer) =>
    Array.from({ length: directions }, (_, d) => layer * directions + d).flatMap((k) =>
      states.map((state) => tf.tidy(() => state.slice([k], [1]).squeeze([0]))),
    ),
  );
}

/** The output of the last layer, then the final states of all. */
function forward(
  layers: readonly tf.layers.Layer[],
  x: tf.Tensor,
  states: readonly tf.Tensor[][],
): tf.Tensor[] {
  let sequence = x;
  const finals: tf.Tensor[] = [];
  for (const [i, layer] of layers.entries()) {
    const [output, ...ends] = layer.apply([sequence, ...(states[i] as tf.Tensor[])]) as tf.Tensor[];
    sequence = output as tf.Tensor;
    finals.push(...ends);
  }
  return [sequence, ...finals];
}

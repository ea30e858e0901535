/**
 * tf.layers' own gru, lstm and simpleRNN: what a tfjs user has otherwise. They compute another GRU (reset before the
 * product, one bias) at about the same cost, so their results are not compared with torch's.
 */

import * as tf from '@tensorflow/tfjs';
import type { StateDict } from '../../../src/state-dict/index.js';
import type { BenchCase } from '../cases.js';
import { callsOf } from './calls.js';
import type { Data, Prepared, StartPeer } from './peer.js';
import { stateTensors } from './tfjs.js';

export const start: StartPeer = async ({ tfjs, threads, data }) => {
  await tfjs.start();
  return {
    versions: { tfjs: tf.version.tfjs },
    hasThreads: threads === 1 || tfjs.opsHaveThreads,
    prepare: async (benchCase, numbers) => prepare(benchCase, numbers, data),
  };
};

function prepare(benchCase: BenchCase, numbers: StateDict, data: Data): Prepared {
  const layers = Array.from({ length: benchCase.layers }, () => makeLayer(benchCase));
  // [B, H] each, layer by layer, as tf.layers takes them.
  const states = tf.tidy(() => splitStates(benchCase, stateTensors(benchCase, numbers)));
  const run = (x: tf.Tensor) => tf.tidy(() => forward(layers, x, states));
  build(layers, benchCase);
  const weights = layers.flatMap((layer) => layer.weights.map((weight) => weight.read() as tf.Variable));
  const calls = callsOf(benchCase, numbers, data, { weights, forward: run });
  return {
    ...calls,
    results: async () => {
      throw new Error('tf.layers computes another function than torch');
    },
    dispose: async () => {
      await calls.dispose();
      // tfjs disposes no layer that was built without a call.
      tf.dispose([weights, states]);
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

/** Without a call, so that the first call is one. */
function build(
  layers: readonly tf.layers.Layer[],
  { batch, steps, inputSize, directions, hiddenSize }: BenchCase,
): void {
  for (const [i, layer] of layers.entries()) {
    layer.build([batch, steps, i === 0 ? inputSize : directions * hiddenSize]);
    layer.built = true;
  }
}

function splitStates({ layers, directions }: BenchCase, states: readonly tf.Tensor3D[]): tf.Tensor[][] {
  return Array.from({ length: layers }, (_, layer) =>
    Array.from({ length: directions }, (_, d) => layer * directions + d).flatMap((k) =>
      states.map((state) => state.slice([k], [1]).squeeze<tf.Tensor2D>([0])),
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

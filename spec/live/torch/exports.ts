/** Models made in tfjs, exported with toStateDict, loaded strictly into PyTorch modules and run there. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {
  type GRUCell,
  gru,
  gruCell,
  type LSTMCell,
  lstm,
  lstmCell,
  type RNNCell,
  rnn,
  rnnCell,
  type TorchTensor,
  toStateDict,
  writeSafetensors,
} from '../../../src/index.js';
import { encodeTensor, type FloatTensor } from '../../support/fixtures.js';
import { maxDifference } from '../../support/parity.js';
import { Random } from '../../support/random.js';
import { tidied } from '../../support/tidied.js';
import { FORWARD_TOLERANCE } from '../../support/tolerance.js';
import { checkOnEachBackend } from './backends.js';
import type { Oracle } from './oracle.js';
import type { Session } from './session.js';

/** One layer, and the torch module of the same name that must compute the same. */
interface Stage {
  readonly layer: tf.layers.Layer;
  readonly module: string;
  readonly args: Readonly<Record<string, unknown>>;
}

interface Export {
  readonly title: string;
  readonly stages: () => Stage[];
  readonly inputShape: readonly number[];
  /** The input holds ids below this number rather than floats. */
  readonly numIds?: number;
  /** Train for a few steps before the export. The wasm backend cannot train convolutions (tfjs 4.22). */
  readonly isFineTuned?: boolean;
}

const EXPORTS: readonly Export[] = [
  {
    title: 'Embedding, GRU, Linear, fine-tuned',
    inputShape: [3, 7],
    numIds: 11,
    isFineTuned: true,
    stages: () => [
      {
        layer: tf.layers.embedding({ name: 'words', inputDim: 11, outputDim: 6 }),
        module: 'Embedding',
        args: { num_embeddings: 11, embedding_dim: 6 },
      },
      {
        layer: gru({ name: 'rnn', hiddenSize: 5, numLayers: 2, bidirectional: true }),
        module: 'GRU',
        args: { input_size: 6, hidden_size: 5, num_layers: 2, bidirectional: true, batch_first: true },
      },
      {
        layer: tf.layers.dense({ name: 'fc', units: 3 }),
        module: 'Linear',
        args: { in_features: 10, out_features: 3 },
      },
    ],
  },
  {
    title: 'Conv1d, BatchNorm1d, PReLU, GRU without bias, LayerNorm, Linear without bias',
    inputShape: [2, 9, 3],
    stages: () => [
      {
        layer: tf.layers.conv1d({ name: 'conv', filters: 6, kernelSize: 3 }),
        module: 'Conv1d',
        args: { in_channels: 3, out_channels: 6, kernel_size: 3 },
      },
      {
        layer: tf.layers.batchNormalization({ name: 'norm', epsilon: 1e-5 }),
        module: 'BatchNorm1d',
        args: { num_features: 6 },
      },
      {
        layer: tf.layers.prelu({ name: 'activation', sharedAxes: [1] }),
        module: 'PReLU',
        args: { num_parameters: 6 },
      },
      {
        layer: gru({ name: 'rnn', hiddenSize: 5, bias: false }),
        module: 'GRU',
        args: { input_size: 6, hidden_size: 5, bias: false, batch_first: true },
      },
      {
        layer: tf.layers.layerNormalization({ name: 'last', epsilon: 1e-5 }),
        module: 'LayerNorm',
        args: { normalized_shape: [5] },
      },
      {
        layer: tf.layers.dense({ name: 'fc', units: 2, useBias: false }),
        module: 'Linear',
        args: { in_features: 5, out_features: 2, bias: false },
      },
    ],
  },
  {
    title: 'LSTM with a projection, RNN with relu, Linear, fine-tuned',
    inputShape: [3, 7, 5],
    isFineTuned: true,
    stages: () => [
      {
        layer: lstm({ name: 'projected', hiddenSize: 6, projSize: 2, numLayers: 2, bidirectional: true }),
        module: 'LSTM',
        args: {
          input_size: 5,
          hidden_size: 6,
          proj_size: 2,
          num_layers: 2,
          bidirectional: true,
          batch_first: true,
        },
      },
      {
        layer: rnn({ name: 'rnn', hiddenSize: 7, nonlinearity: 'relu', bidirectional: true }),
        module: 'RNN',
        args: {
          input_size: 4,
          hidden_size: 7,
          nonlinearity: 'relu',
          bidirectional: true,
          batch_first: true,
        },
      },
      {
        layer: tf.layers.dense({ name: 'fc', units: 3 }),
        module: 'Linear',
        args: { in_features: 14, out_features: 3 },
      },
    ],
  },
  {
    title: 'GRUCell, LSTMCell and RNNCell with relu in tf.layers.rnn, fine-tuned',
    inputShape: [3, 7, 5],
    isFineTuned: true,
    stages: () => [
      {
        layer: inSequence('first', gruCell({ hiddenSize: 6 })),
        module: 'GRUCell',
        args: { input_size: 5, hidden_size: 6 },
      },
      {
        layer: inSequence('second', lstmCell({ hiddenSize: 5, bias: false })),
        module: 'LSTMCell',
        args: { input_size: 6, hidden_size: 5, bias: false },
      },
      {
        layer: inSequence('third', rnnCell({ hiddenSize: 7, nonlinearity: 'relu' })),
        module: 'RNNCell',
        args: { input_size: 5, hidden_size: 7, nonlinearity: 'relu' },
      },
    ],
  },
  {
    title: 'Conv2d, BatchNorm2d, PReLU with one value',
    inputShape: [2, 6, 7, 3],
    stages: () => [
      {
        layer: tf.layers.conv2d({ name: 'conv', filters: 5, kernelSize: [2, 3] }),
        module: 'Conv2d',
        args: { in_channels: 3, out_channels: 5, kernel_size: [2, 3] },
      },
      {
        layer: tf.layers.batchNormalization({ name: 'norm', epsilon: 1e-5 }),
        module: 'BatchNorm2d',
        args: { num_features: 5 },
      },
      {
        layer: tf.layers.prelu({ name: 'activation', sharedAxes: [1, 2, 3] }),
        module: 'PReLU',
        args: { num_parameters: 1 },
      },
    ],
  },
];

function inSequence(name: string, cell: GRUCell | LSTMCell | RNNCell): tf.layers.Layer {
  return tf.layers.rnn({ name, cell, returnSequences: true });
}

export function compareExports(session: Session): void {
  for (const example of EXPORTS)
    checkOnEachBackend(session, example.title, { part: 'exports' }, () => {
      const path = join(session.folder, 'model.safetensors');
      return compareExport(session.oracle, example, new Random(session.seed), path);
    });
}

async function compareExport(oracle: Oracle, example: Export, random: Random, path: string): Promise<void> {
  const stages = example.stages();
  const model = modelOf(stages, example);
  try {
    randomizeWeights(model, random);
    const input = randomInput(example, random);
    if (example.isFineTuned) await fineTune(model, input);
    await writeFile(path, writeSafetensors(await toStateDict(model)));
    const { output: expected } = await oracle.ask<{ output: FloatTensor }>({
      command: 'run_model',
      path,
      modules: stages.map(({ layer, module, args }) => ({ name: layer.name, module, args })),
      input: encodeTensor(input),
    });
    await tidied(async () => {
      const x = toTfTensor(input);
      const actual = model.predict(x) as tf.Tensor;
      if (actual.shape.join() !== expected.shape.join())
        throw new Error(`shape [${actual.shape}], torch has [${expected.shape}]`);
      const error = maxDifference(await actual.data(), expected.data);
      if (!(error <= FORWARD_TOLERANCE)) throw new Error(`output: ${error} > ${FORWARD_TOLERANCE}`);
    });
  } finally {
    model.dispose();
  }
}

function toTfTensor({ data, shape }: TorchTensor): tf.Tensor {
  return tf.tensor(data as Float32Array | Int32Array, [...shape]);
}

/** A few steps of Adam towards zero, which change every weight. */
async function fineTune(model: tf.LayersModel, input: TorchTensor): Promise<void> {
  const before = await Promise.all(model.getWeights().map(async (weight) => (await weight.data()).slice()));
  model.compile({ optimizer: tf.train.adam(0.01), loss: 'meanSquaredError' });
  const x = toTfTensor(input);
  const y = tf.tidy(() => tf.zerosLike(model.predict(x) as tf.Tensor));
  await model.fit(x, y, { epochs: 3, verbose: 0 });
  tf.dispose([x, y]);
  model.optimizer.dispose();
  for (const [i, weight] of model.getWeights().entries())
    if (maxDifference(await weight.data(), before[i]) === 0)
      throw new Error(`${model.weights[i].originalName} did not train`);
}

function modelOf(stages: readonly Stage[], { inputShape, numIds }: Export): tf.LayersModel {
  const inputs = tf.input({ shape: inputShape.slice(1), dtype: numIds === undefined ? 'float32' : 'int32' });
  const outputs = stages.reduce((value, { layer }) => layer.apply(value) as tf.SymbolicTensor, inputs);
  return tf.model({ inputs, outputs });
}

/** The initial ones and zeros of normalisation layers would hide a mistake. */
function randomizeWeights(model: tf.LayersModel, random: Random): void {
  tf.tidy(() => {
    for (const weight of model.weights) {
      const [min, max] = weight.originalName.includes('moving_variance') ? [0.3, 2] : [-0.8, 0.8];
      const shape = weight.shape as number[];
      const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () =>
        random.between(min, max),
      );
      weight.write(tf.tensor(values, shape));
    }
  });
}

function randomInput({ inputShape, numIds }: Export, random: Random): TorchTensor {
  const length = tf.util.sizeFromShape([...inputShape]);
  if (numIds !== undefined)
    return {
      dtype: 'I32',
      shape: inputShape,
      data: Int32Array.from({ length }, () => random.integer(0, numIds - 1)),
    };
  return {
    dtype: 'F32',
    shape: inputShape,
    data: Float32Array.from({ length }, () => random.between(-1, 1)),
  };
}

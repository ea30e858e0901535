/** Makes the tf.layers layer that belongs to a PyTorch module, and moves channels between their two places. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import {
  batchNorm,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  embedding,
  type GRUCell,
  groupNorm,
  gru,
  gruCell,
  instanceNorm1d,
  LSTMCell,
  lstm,
  lstmCell,
  rnn,
  rnnCell,
} from '../../src/index.js';
import { findWeight } from '../../src/layers/weights/assign.js';
import { findLeaves } from '../../src/models/leaves.js';
import type { StateDict, TorchTensor } from '../../src/state-dict/tensors/tensor.js';
import type { FloatTensor, ModuleFixture } from '../support/fixtures.js';
import { weighted } from '../support/gradients.js';
import { toTensor } from '../support/parity.js';

interface TorchArgs {
  readonly in_features: number;
  readonly out_features: number;
  readonly num_embeddings: number;
  readonly embedding_dim: number;
  readonly padding_idx?: number;
  readonly out_channels: number;
  readonly kernel_size: number | number[];
  readonly stride?: number | number[];
  readonly padding?: number | number[] | 'same';
  readonly dilation?: number;
  readonly groups?: number;
  readonly output_padding?: number | number[];
  readonly normalized_shape: readonly number[];
  readonly num_groups: number;
  readonly track_running_stats?: boolean;
  readonly bias?: boolean;
  readonly eps?: number;
  readonly affine?: boolean;
  readonly num_parameters: number;
  readonly hidden_size: number;
  readonly num_layers?: number;
  readonly bidirectional?: boolean;
  readonly proj_size?: number;
  readonly nonlinearity?: 'tanh' | 'relu';
}

/** Makes each kind of unbuilt layer with the arguments that belong to the module's, by what it is called in a test. */
export function makersFor(fixture: ModuleFixture): ReadonlyMap<string, () => tf.layers.Layer> {
  const own = ownLayer(fixture);
  const ofTf = tfLayer(fixture);
  return new Map([...(ofTf ? [['tf.layers', ofTf] as const] : []), ...(own ? [['', own] as const] : [])]);
}

function tfLayer({ module, args, x }: ModuleFixture): (() => tf.layers.Layer) | undefined {
  const a = args as unknown as TorchArgs;
  const useBias = a.bias ?? true;
  const epsilon = a.eps ?? 1e-5;
  const isPlain = a.padding === undefined && a.dilation === undefined;
  const conv = { filters: a.out_channels, kernelSize: a.kernel_size, strides: a.stride ?? 1, useBias };
  const affine = { scale: a.affine ?? true, center: a.affine ?? true };
  switch (module) {
    case 'Linear':
      return () => tf.layers.dense({ units: a.out_features, useBias });
    case 'Embedding':
      return () => tf.layers.embedding({ inputDim: a.num_embeddings, outputDim: a.embedding_dim });
    case 'LayerNorm': {
      const axis = a.normalized_shape.map((_, i) => i - a.normalized_shape.length);
      // tfjs writes into the list it is given.
      return () => tf.layers.layerNormalization({ epsilon, axis: [...axis] } as object);
    }
    case 'BatchNorm1d':
    case 'BatchNorm2d':
      if (a.track_running_stats === false) return undefined;
      return () => tf.layers.batchNormalization({ epsilon, ...affine });
    case 'Conv1d':
      return isPlain && a.groups === undefined ? () => tf.layers.conv1d(conv as never) : undefined;
    case 'Conv2d':
      if (!isPlain) return undefined;
      return a.groups === undefined
        ? () => tf.layers.conv2d(conv as never)
        : () => tf.layers.depthwiseConv2d({ ...conv, depthMultiplier: a.out_channels / a.groups! } as never);
    case 'ConvTranspose2d':
      // Its strides and padding are those of 'same'.
      return () => tf.layers.conv2dTranspose({ ...conv, padding: 'same' } as never);
    case 'PReLU':
      return () => tf.layers.prelu({ sharedAxes: sharedIn(a, x.shape) } as object);
    default:
      return undefined;
  }
}

function ownLayer({ module, args }: ModuleFixture): (() => tf.layers.Layer) | undefined {
  const a = args as unknown as TorchArgs;
  const conv = {
    outChannels: a.out_channels,
    kernelSize: a.kernel_size,
    stride: a.stride,
    padding: a.padding as number | undefined,
    dilation: a.dilation,
    groups: a.groups,
    bias: a.bias,
  };
  const recurrent = {
    hiddenSize: a.hidden_size,
    numLayers: a.num_layers,
    bidirectional: a.bidirectional,
    bias: a.bias,
  };
  const cell = { hiddenSize: a.hidden_size };
  const norm = { eps: a.eps, affine: a.affine };
  const tracking = { ...norm, trackRunningStats: a.track_running_stats };
  switch (module) {
    case 'Embedding':
      return () =>
        embedding({
          numEmbeddings: a.num_embeddings,
          embeddingDim: a.embedding_dim,
          paddingIdx: a.padding_idx,
        });
    case 'Conv1d':
      return () => conv1d(conv);
    case 'Conv2d':
      return () => conv2d(conv);
    case 'ConvTranspose1d':
      return () => convTranspose1d({ ...conv, outputPadding: a.output_padding });
    case 'ConvTranspose2d':
      return () => convTranspose2d({ ...conv, outputPadding: a.output_padding });
    case 'BatchNorm1d':
    case 'BatchNorm2d':
      return () => batchNorm(tracking);
    case 'GroupNorm':
      return () => groupNorm({ ...norm, numGroups: a.num_groups });
    case 'InstanceNorm1d':
      return () => instanceNorm1d(tracking);
    case 'GRU':
      return () => gru(recurrent);
    case 'LSTM':
      return () => lstm({ ...recurrent, projSize: a.proj_size });
    case 'RNN':
      return () => rnn({ ...recurrent, nonlinearity: a.nonlinearity });
    case 'GRUCell':
      return () => gruCell(cell);
    case 'LSTMCell':
      return () => lstmCell(cell);
    case 'RNNCell':
      return () => rnnCell(cell);
    default:
      return undefined;
  }
}

/** torch's call of a module, channels last; of a cell two steps. */
export function outputOf(layer: tf.layers.Layer, module: string, x: tf.Tensor): tf.Tensor {
  if (!module.endsWith('Cell')) return layer.apply(x) as tf.Tensor;
  if (layer instanceof LSTMCell) return layer.forward(x, layer.forward(x)).h;
  const cell = layer as GRUCell;
  return cell.forward(x, cell.forward(x));
}

/** PReLU has one value for all units, or one per channel, which tf.layers has on the last axis. */
function sharedIn({ num_parameters }: TorchArgs, shape: readonly number[]): number[] | undefined {
  const axes = shape.slice(1).map((_, i) => i + 1);
  return num_parameters === 1 ? axes : axes.slice(0, -1);
}

/** Modules whose input has channels on axis 1 in torch, and on the last axis in tf.layers. */
const CHANNELS_FIRST = /^(BatchNorm|Conv|PReLU|GroupNorm|InstanceNorm)/;

const moveTo = {
  last: (rank: number) => [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1],
  first: (rank: number) => [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)],
};

/** The fixture's input, channels last; the caller disposes it. */
export function inputOf({ module, x }: ModuleFixture): tf.Tensor {
  return tf.tidy(() => {
    const tensor = tf.tensor(x.data, [...x.shape], x.dtype === 'I32' ? 'int32' : 'float32');
    return CHANNELS_FIRST.test(module) ? tf.transpose(tensor, moveTo.last(tensor.rank)) : tensor;
  });
}

/** A layer's output in torch's order of axes. */
export function toTorchOrder(module: string, output: tf.Tensor): tf.Tensor {
  return CHANNELS_FIRST.test(module) ? tf.transpose(output, moveTo.first(output.rank)) : tf.clone(output);
}

/** The gradients of the fixture's loss by torch's names, in torch's layout. */
export async function gradientsOf(
  layer: tf.layers.Layer,
  fixture: ModuleFixture,
): Promise<Map<string, FloatTensor>> {
  const { module, args, R, x } = fixture;
  const [leaf] = findLeaves('test', layer);
  const parameters = leaf!.parameters.filter(({ key }) => !key.startsWith('running_'));
  const input = tf.tidy(() => tf.variable(inputOf(fixture)));
  const weights = parameters.map(({ weight }) => findWeight(layer, weight)!.read() as tf.Variable);
  const loss = () => weighted(toTorchOrder(module, outputOf(layer, module, input)), toTensor(R));
  const variables = x.dtype === 'I32' ? weights : [...weights, input];
  const { grads, value } = tf.tidy(() => tf.variableGrads(loss, variables));
  const found = new Map<string, FloatTensor>();
  for (const [i, { key, layout }] of parameters.entries()) {
    const gradient = grads[weights[i]!.name]!;
    const { shape, values } = layout.toTorch((await gradient.data()) as Float32Array, gradient.shape)!;
    found.set(key, { dtype: 'F32', shape, data: values });
  }
  // torch leaves the row of padding_idx as it is, tf.layers.embedding trains it.
  const isOfTf = layer.getClassName() === 'Embedding';
  if (isOfTf && args.padding_idx === 0) found.get('weight')!.data.fill(0, 0, R.shape.at(-1));
  if (x.dtype !== 'I32') {
    const gradient = tf.tidy(() => toTorchOrder(module, grads[input.name]!));
    found.set('x', { dtype: 'F32', shape: gradient.shape, data: (await gradient.data()) as Float32Array });
    gradient.dispose();
  }
  tf.dispose([grads, value, input]);
  return found;
}

/** float32 values as a tensor of a state_dict. */
export function f32(shape: readonly number[], values?: readonly number[]): TorchTensor {
  const size = shape.reduce((product, n) => product * n, 1);
  const data = values
    ? Float32Array.from(values)
    : Float32Array.from({ length: size }, (_, i) => Math.sin(i + 1));
  return { dtype: 'F32', shape, data };
}

/** Keys with a path in front. */
export function below(path: string, stateDict: StateDict): StateDict {
  return new Map([...stateDict].map(([key, tensor]) => [`${path}.${key}`, tensor]));
}

/** Two state_dicts agree in keys, their order, dtypes, shapes and every bit. */
export function expectSameBits(actual: StateDict, expected: StateDict): void {
  expect([...actual.keys()]).to.deep.equal([...expected.keys()]);
  for (const [key, { dtype, shape, data }] of expected) {
    const found = actual.get(key) as TorchTensor;
    expect([found.dtype, found.shape], key).to.deep.equal([dtype, shape]);
    expect(bytesOf(found), key).to.deep.equal(bytesOf({ data }));
  }
}

function bytesOf({ data }: Pick<TorchTensor, 'data'>): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

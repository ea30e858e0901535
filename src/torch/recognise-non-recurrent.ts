/** Recognises the modules around recurrent ones. Where several share names and shapes, the others are doubts. */

import { lastPart } from '../state-dict/keys.js';
import type { NamedShapes, RecognisedModule } from './modules.js';

/** Usual names of embeddings: only the name tells one from a Linear without bias. */
const EMBEDDING_NAME = /emb|wte|wpe|vocab|lookup/i;

/** Usual names of Linear modules. */
const LINEAR_NAME = /fc|lin|proj|head|dense|out|dec|attn|mlp|query|key|value/i;

const NORM_NAME = /norm|ln|rms/i;

/** @param inputSizes  of the recurrent layers of the file: a matrix with such columns may be the embedding before one. */
export function recogniseNonRecurrent(
  path: string,
  shapes: NamedShapes,
  inputSizes: ReadonlySet<number>,
): RecognisedModule {
  const weight = shapes.get('weight');
  const bias = shapes.get('bias');
  if (shapes.has('running_mean')) return batchNorm(path, shapes) ?? unknown(path, shapes);
  const names = [...shapes.keys()];
  if (weight === undefined || names.some((name) => name !== 'weight' && name !== 'bias'))
    return unknown(path, shapes);
  if (bias === undefined) return withoutBias(path, shapes, weight, inputSizes);
  const [first = 0] = weight;
  const fitsRows = bias.length === 1 && bias[0] === first;
  if (fitsRows && weight.length === 1) {
    const doubts = ['whether it is GroupNorm, InstanceNorm or BatchNorm without statistics instead'];
    return { kind: 'layerNorm', path, shapes, normalizedShape: weight, bias: true, doubts };
  }
  if (fitsRows && weight.length === 2) return linear(path, shapes, weight, true, []);
  if (fitsRows && (weight.length === 3 || weight.length === 4)) return conv(path, shapes, weight, true);
  if (`${bias}` === `${weight}` && weight.length > 1)
    return { kind: 'layerNorm', path, shapes, normalizedShape: weight, bias: true, doubts: [] };
  return unknown(path, shapes);
}

function withoutBias(
  path: string,
  shapes: NamedShapes,
  weight: readonly number[],
  inputSizes: ReadonlySet<number>,
): RecognisedModule {
  const [rows = 0, columns = 0] = weight;
  const name = lastPart(path);
  if (weight.length === 1) {
    if (NORM_NAME.test(name)) {
      const doubts = ['whether it is RMSNorm instead, which tf.layers does not have'];
      return { kind: 'layerNorm', path, shapes, normalizedShape: weight, bias: false, doubts };
    }
    const doubts = ['whether it is LayerNorm without bias, or RMSNorm, instead'];
    return { kind: 'prelu', path, shapes, parameters: rows, doubts };
  }
  if (weight.length === 2) {
    const isEmbedding =
      EMBEDDING_NAME.test(name) || (!LINEAR_NAME.test(name) && inputSizes.has(columns) && rows > columns);
    if (!isEmbedding)
      return linear(path, shapes, weight, false, [`whether it is Embedding(${rows}, ${columns}) instead`]);
    const doubts = [`whether it is Linear(${columns}, ${rows}, bias=False) instead`];
    return { kind: 'embedding', path, shapes, numEmbeddings: rows, embeddingDim: columns, doubts };
  }
  if (weight.length === 3 || weight.length === 4) return conv(path, shapes, weight, false);
  return unknown(path, shapes);
}

function linear(
  path: string,
  shapes: NamedShapes,
  [outFeatures = 0, inFeatures = 0]: readonly number[],
  bias: boolean,
  doubts: readonly string[],
): RecognisedModule {
  return { kind: 'linear', path, shapes, inFeatures, outFeatures, bias, doubts };
}

function conv(
  path: string,
  shapes: NamedShapes,
  [outChannels = 0, inChannels = 0, ...kernelSize]: readonly number[],
  bias: boolean,
): RecognisedModule {
  const doubts = ['stride, padding, dilation and groups', 'whether it is a transposed convolution instead'];
  return { kind: 'conv', path, shapes, outChannels, inChannels, kernelSize, bias, doubts };
}

/** Running statistics, and weight and bias of as many channels, or neither. */
function batchNorm(path: string, shapes: NamedShapes): RecognisedModule | undefined {
  const [features] = shapes.get('running_mean') ?? [];
  if (features === undefined) return undefined;
  const affine = shapes.has('weight');
  const vectors = ['running_mean', 'running_var', ...(affine ? ['weight', 'bias'] : [])];
  const names = [...shapes.keys()].filter((name) => name !== 'num_batches_tracked');
  const fits =
    names.length === vectors.length && vectors.every((name) => `${shapes.get(name)}` === `${features}`);
  if (!fits) return undefined;
  const doubts = ['whether it is BatchNorm1d, 2d or 3d', 'eps and momentum'];
  return { kind: 'batchNorm', path, shapes, features, affine, doubts };
}

function unknown(path: string, shapes: NamedShapes): RecognisedModule {
  return { kind: 'unknown', path, shapes, doubts: ['names and shapes are of no module known here'] };
}

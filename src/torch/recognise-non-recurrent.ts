/** Recognises the modules around recurrent ones. Where several share names and shapes, the others are doubts. */

import { lastPart } from '../state-dict/keys.js';
import type { NamedShapes, RecognisedModule } from './modules.js';
import { recogniseKernel } from './recognise-kernel.js';

/** Usual names of embeddings: only the name tells one from a Linear without bias. */
const EMBEDDING_NAME = /emb|wte|wpe|vocab|lookup/i;

/** Usual names of Linear modules. */
const LINEAR_NAME = /fc|lin|proj|head|dense|out|dec|attn|mlp|query|key|value/i;

/** Usual names of what is around Linear modules: a `decoder` holds anything. */
const LINEAR_CONTAINER = /^(?:fc|lin|proj|head|dense|out|mlp|classif)/i;

const NORM_NAME = /norm|ln|rms/i;

/** What a module stands among. */
export interface Surroundings {
  /** Of the recurrent layers of the file: a matrix with such columns may be the embedding before one. */
  readonly inputSizes: ReadonlySet<number>;
  /** Whether a module of this path has tensors. */
  readonly paths: { has(path: string): boolean };
}

export function recogniseNonRecurrent(
  path: string,
  shapes: NamedShapes,
  around: Surroundings,
): RecognisedModule {
  const weight = shapes.get('weight');
  const bias = shapes.get('bias');
  if (shapes.has('running_mean')) return batchNorm(path, shapes) ?? unknown(path, shapes);
  const names = [...shapes.keys()];
  if (weight === undefined || names.some((name) => name !== 'weight' && name !== 'bias'))
    return unknown(path, shapes);
  const isKernel = weight.length === 3 || weight.length === 4;
  if (isKernel) return recogniseKernel(path, shapes, weight, bias) ?? unknown(path, shapes);
  if (bias === undefined) return withoutBias(path, shapes, weight, around);
  const fitsRows = bias.length === 1 && bias[0] === weight[0];
  if (fitsRows && weight.length === 1) {
    const other = otherNorm(lastPart(path), weight[0]);
    if (other !== undefined) return { kind: 'unknown', path, shapes, doubts: [other] };
    const doubts = ['eps', 'whether it is GroupNorm, InstanceNorm or BatchNorm without statistics instead'];
    return { kind: 'layerNorm', path, shapes, normalizedShape: weight, bias: true, doubts };
  }
  if (fitsRows && weight.length === 2) return linear(path, shapes, weight, true, []);
  if (`${bias}` === `${weight}` && weight.length > 1)
    return { kind: 'layerNorm', path, shapes, normalizedShape: weight, bias: true, doubts: ['eps'] };
  return unknown(path, shapes);
}

/** Norms with the parameters of a LayerNorm over one axis, where the name says which it is, and what the file lacks of each. */
function otherNorm(name: string, channels = 0): string | undefined {
  if (/group_?norm|(?:^|_)gn(?:\d|_|$)/i.test(name))
    return `by its name it is GroupNorm(?, ${channels}), whose num_groups are not stored: groupNorm({ numGroups }) of this package takes them`;
  if (/inst(?:ance)?_?norm/i.test(name))
    return `by its name it is InstanceNorm(${channels}, affine=True): for [B, T, C] instanceNorm1d({ affine: true }) of this package`;
  if (/batch_?norm|(?:^|_)bn(?:\d|_|$)/i.test(name))
    return `by its name it is BatchNorm(${channels}, track_running_stats=False), which takes the statistics of each batch: no layer here does`;
  return undefined;
}

function withoutBias(
  path: string,
  shapes: NamedShapes,
  weight: readonly number[],
  around: Surroundings,
): RecognisedModule {
  const [rows = 0, columns = 0] = weight;
  if (weight.length === 1) {
    if (NORM_NAME.test(lastPart(path))) {
      const doubts = ['eps', 'whether it is RMSNorm instead, which tf.layers does not have'];
      return { kind: 'layerNorm', path, shapes, normalizedShape: weight, bias: false, doubts };
    }
    const doubts = ['whether it is LayerNorm without bias, RMSNorm, or another scale instead'];
    return { kind: 'prelu', path, shapes, parameters: rows, doubts };
  }
  if (weight.length !== 2) return unknown(path, shapes);
  if (!isEmbedding(path, rows, columns, around))
    return linear(path, shapes, weight, false, [`whether it is Embedding(${rows}, ${columns}) instead`]);
  const doubts = [`whether it is Linear(${columns}, ${rows}, bias=False) instead`];
  return { kind: 'embedding', path, shapes, numEmbeddings: rows, embeddingDim: columns, doubts };
}

/** By the nearest name in the path that says something; else by its place and sizes. */
function isEmbedding(
  path: string,
  rows: number,
  columns: number,
  { inputSizes, paths }: Surroundings,
): boolean {
  const [last = '', ...containers] = path.split('.').reverse();
  const isNumber = /^\d+$/.test(last);
  for (const name of [last, ...containers]) {
    if (EMBEDDING_NAME.test(name)) return true;
    if ((name === last ? LINEAR_NAME : LINEAR_CONTAINER).test(name)) return false;
  }
  // In a Sequential an Embedding comes first, since it takes indices.
  if (isNumber && Number(last) > 0 && hasEarlier(path, last, paths)) return false;
  return inputSizes.has(columns) && rows > columns;
}

/** Whether the Sequential around a module has one with tensors before it; of those right before it, to bound the work. */
function hasEarlier(path: string, last: string, paths: Surroundings['paths']): boolean {
  const start = path.slice(0, -last.length);
  const before = Array.from({ length: 8 }, (_, i) => Number(last) - 1 - i);
  return before.some((i) => i >= 0 && paths.has(start + i));
}

export function linear(
  path: string,
  shapes: NamedShapes,
  [outFeatures = 0, inFeatures = 0]: readonly number[],
  bias: boolean,
  doubts: readonly string[],
): RecognisedModule {
  return { kind: 'linear', path, shapes, inFeatures, outFeatures, bias, doubts };
}

/** Running statistics, and weight and bias of as many channels, or neither. */
export function batchNorm(path: string, shapes: NamedShapes): RecognisedModule | undefined {
  const [features] = shapes.get('running_mean') ?? [];
  if (features === undefined) return undefined;
  const affine = shapes.has('weight');
  const vectors = ['running_mean', 'running_var', ...(affine ? ['weight', 'bias'] : [])];
  const names = [...shapes.keys()].filter((name) => name !== 'num_batches_tracked');
  const fits =
    names.length === vectors.length && vectors.every((name) => `${shapes.get(name)}` === `${features}`);
  if (!fits) return undefined;
  const doubts = [
    'whether it is BatchNorm1d, 2d or 3d, or InstanceNorm with track_running_stats',
    'eps and momentum',
  ];
  return { kind: 'batchNorm', path, shapes, features, affine, doubts };
}

function unknown(path: string, shapes: NamedShapes): RecognisedModule {
  return { kind: 'unknown', path, shapes, doubts: ['names and shapes are of no module known here'] };
}

/** The modules of torch.nn that `recogniseModules` knows, by the class that the file of a whole module tells. */

import type { AttributeValue } from '../../state-dict/module-facts.js';
import { type CellClass, NONLINEARITIES, rnnCellOf } from '../cells.js';
import type { ConvModule, NamedShapes, RecognisedModule } from '../modules.js';
import { batchNorm, linear } from '../recognise-non-recurrent.js';
import { recogniseRecurrent } from '../recognise-recurrent.js';
import type { Settings } from './settings.js';

/** Whether a setting is one that torch's constructor leaves in the attribute. */
type Check = (value: AttributeValue) => boolean;

/** A class of torch.nn. */
export interface TorchClass {
  /** The module with these shapes; undefined where the class has others, or the settings do not tell what it needs. */
  recognise(path: string, shapes: NamedShapes, settings: Settings): RecognisedModule | undefined;
  /** Attributes whose values the shapes tell as well. */
  sizes(module: RecognisedModule): Readonly<Record<string, AttributeValue>>;
  /** Attributes that the shapes leave open, in the order of torch's repr. */
  readonly open: Readonly<Record<string, Check>>;
}

const isBoolean: Check = (value) => typeof value === 'boolean';
const isFraction: Check = (value) => typeof value === 'number' && value >= 0 && value <= 1;
const isPositive: Check = (value) => typeof value === 'number' && value >= 0;
const orNone =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.includes(value as string);
const integers =
  (axes: number, least: number): Check =>
  (value) =>
    Array.isArray(value) && value.length === axes && value.every((n) => Number.isInteger(n) && n >= least);
const isIndex: Check = (value) => Number.isInteger(value) && (value as number) >= 0;

/** A class whose modules are all of one kind. */
function ofKind<Kind extends RecognisedModule['kind']>(
  kind: Kind,
  recognise: TorchClass['recognise'],
  sizes: (module: Extract<RecognisedModule, { kind: Kind }>) => Readonly<Record<string, AttributeValue>>,
  open: Readonly<Record<string, Check>> = {},
): TorchClass {
  return {
    recognise(path, shapes, settings) {
      const module = recognise(path, shapes, settings);
      return module?.kind === kind ? module : undefined;
    },
    sizes: (module) => sizes(module as Extract<RecognisedModule, { kind: Kind }>),
    open,
  };
}

const nonlinearity = { nonlinearity: oneOf(...NONLINEARITIES) };

function layer(className: CellClass): TorchClass {
  return ofKind(
    'recurrent',
    (path, shapes, settings) => {
      const module = recogniseRecurrent(path, shapes);
      const told = settings.get('nonlinearity');
      const mode = className === 'RNN' ? rnnCellOf(told === 'relu' ? 'relu' : 'tanh') : className;
      const isOfMode = !settings.has('mode') || settings.get('mode') === mode;
      return module?.kind === 'recurrent' && module.torchName === className && isOfMode ? module : undefined;
    },
    ({ args }) => ({
      input_size: args.inputSize,
      hidden_size: args.hiddenSize,
      num_layers: args.numLayers,
      bias: args.bias,
      bidirectional: args.bidirectional,
      proj_size: args.projSize ?? 0,
    }),
    { batch_first: isBoolean, dropout: isFraction, ...(className === 'RNN' && nonlinearity) },
  );
}

function cell(className: CellClass): TorchClass {
  return ofKind(
    'cell',
    (path, shapes) => {
      const module = recogniseRecurrent(path, shapes);
      return module?.kind === 'cell' && module.torchName === `${className}Cell` ? module : undefined;
    },
    ({ args }) => ({ input_size: args.inputSize, hidden_size: args.hiddenSize, bias: args.bias }),
    className === 'RNN' ? nonlinearity : {},
  );
}

/** A weight of so many dimensions, and a bias of so many values where there is one; no other parameter. */
function weightOf(
  shapes: NamedShapes,
  ranks: readonly number[],
  outputs: (weight: readonly number[]) => readonly number[] | undefined,
): readonly number[] | undefined {
  const [weight, bias] = [shapes.get('weight'), shapes.get('bias')];
  if (weight === undefined || !ranks.includes(weight.length)) return undefined;
  if (shapes.size !== (bias ? 2 : 1)) return undefined;
  return bias === undefined || `${bias}` === `${outputs(weight)}` ? weight : undefined;
}

const linearClass = ofKind(
  'linear',
  (path, shapes) => {
    const weight = weightOf(shapes, [2], ([rows = 0]) => [rows]);
    return weight && linear(path, shapes, weight, shapes.has('bias'), []);
  },
  ({ inFeatures, outFeatures }) => ({ in_features: inFeatures, out_features: outFeatures }),
);

const embedding = ofKind(
  'embedding',
  (path, shapes) => {
    const [rows, columns] = weightOf(shapes, [2], () => undefined) ?? [];
    if (rows === undefined || columns === undefined) return undefined;
    return { kind: 'embedding', path, shapes, numEmbeddings: rows, embeddingDim: columns, doubts: [] };
  },
  (module) => ({ num_embeddings: module.numEmbeddings, embedding_dim: module.embeddingDim }),
  { padding_idx: orNone(isIndex), max_norm: orNone(isPositive) },
);

const prelu = ofKind(
  'prelu',
  (path, shapes) => {
    const [parameters] = weightOf(shapes, [1], () => undefined) ?? [];
    return parameters === undefined ? undefined : { kind: 'prelu', path, shapes, parameters, doubts: [] };
  },
  ({ parameters }) => ({ num_parameters: parameters }),
);

const layerNorm = ofKind(
  'layerNorm',
  (path, shapes) => {
    const ranks = [shapes.get('weight')?.length ?? 0].filter((rank) => rank > 0);
    const weight = weightOf(shapes, ranks, (own) => own);
    const bias = shapes.has('bias');
    return weight && { kind: 'layerNorm', path, shapes, normalizedShape: weight, bias, doubts: [] };
  },
  ({ normalizedShape }) => ({ normalized_shape: normalizedShape, elementwise_affine: true }),
  { eps: isPositive },
);

const ofStatistics = { eps: isPositive, momentum: orNone(isFraction) };

/** 1d, 2d and 3d. Without running statistics it takes those of each batch, as no layer here does. */
const batchNormClass = ofKind(
  'batchNorm',
  (path, shapes) => batchNorm(path, shapes),
  ({ features, affine }) => ({ num_features: features, affine, track_running_stats: true }),
  ofStatistics,
);

const groupNorm = ofKind(
  'groupNorm',
  (path, shapes, settings) => {
    const [channels] = weightOf(shapes, [1], (own) => own) ?? [];
    const numGroups = settings.get('num_groups');
    if (channels === undefined || !shapes.has('bias') || typeof numGroups !== 'number') return undefined;
    if (!(numGroups >= 1) || !Number.isInteger(channels / numGroups)) return undefined;
    return { kind: 'groupNorm', path, shapes, numGroups, channels, doubts: [] };
  },
  ({ channels }) => ({ num_channels: channels, affine: true }),
  { eps: isPositive },
);

const instanceNorm = ofKind(
  'instanceNorm',
  (path, shapes) => {
    const tracks = shapes.has('running_mean');
    const [features] = tracks ? [...(shapes.get('running_mean') ?? [])] : (shapes.get('weight') ?? []);
    const fits = tracks
      ? batchNorm(path, shapes) !== undefined
      : shapes.has('bias') && weightOf(shapes, [1], (own) => own) !== undefined;
    if (features === undefined || !fits) return undefined;
    return { kind: 'instanceNorm', path, shapes, features, affine: shapes.has('weight'), tracks, doubts: [] };
  },
  ({ features, affine, tracks }) => ({ num_features: features, affine, track_running_stats: tracks }),
  ofStatistics,
);

const PADDING_MODES = oneOf('zeros', 'reflect', 'replicate', 'circular');

function conv(axes: 1 | 2, transposed: boolean): TorchClass {
  const steps = integers(axes, 0);
  const isPadding: Check = (value) => steps(value) || (!transposed && oneOf('same', 'valid')(value));
  return ofKind(
    'conv',
    (path, shapes, settings) => convOf(path, shapes, axes, transposed, settings.get('groups')),
    ({ inChannels, outChannels, kernelSize, groups }) => ({
      in_channels: inChannels,
      out_channels: outChannels,
      kernel_size: kernelSize,
      groups,
      transposed,
    }),
    {
      stride: integers(axes, 1),
      padding: isPadding,
      dilation: integers(axes, 1),
      ...(transposed && { output_padding: steps }),
      padding_mode: PADDING_MODES,
    },
  );
}

/** `[out, in / groups, ...kernel]`, transposed `[in, out / groups, ...kernel]`. */
function convOf(
  path: string,
  shapes: NamedShapes,
  axes: number,
  transposed: boolean,
  groups: AttributeValue | undefined,
): ConvModule | undefined {
  if (typeof groups !== 'number' || !Number.isInteger(groups) || groups < 1) return undefined;
  const outputs = ([first = 0, second = 0]: readonly number[]) => [transposed ? second * groups : first];
  const weight = weightOf(shapes, [axes + 2], outputs);
  if (weight === undefined) return undefined;
  const [first = 0, second = 0, ...kernelSize] = weight;
  if (first % groups !== 0) return undefined;
  const [inChannels, outChannels] = transposed ? [first, second * groups] : [second * groups, first];
  const common = { kind: 'conv', path, shapes, kernelSize, bias: shapes.has('bias'), doubts: [] } as const;
  return { ...common, transposed, groups, inChannels, outChannels };
}

/** By their names in torch.nn. */
export const CLASSES: ReadonlyMap<string, TorchClass> = new Map([
  ['RNN', layer('RNN')],
  ['GRU', layer('GRU')],
  ['LSTM', layer('LSTM')],
  ['RNNCell', cell('RNN')],
  ['GRUCell', cell('GRU')],
  ['LSTMCell', cell('LSTM')],
  ['Linear', linearClass],
  // The projection of MultiheadAttention: a Linear that is not quantised dynamically.
  ['NonDynamicallyQuantizableLinear', linearClass],
  ['Embedding', embedding],
  ['PReLU', prelu],
  ['LayerNorm', layerNorm],
  ['BatchNorm1d', batchNormClass],
  ['BatchNorm2d', batchNormClass],
  ['BatchNorm3d', batchNormClass],
  ['SyncBatchNorm', batchNormClass],
  ['GroupNorm', groupNorm],
  ['InstanceNorm1d', instanceNorm],
  ['Conv1d', conv(1, false)],
  ['Conv2d', conv(2, false)],
  ['ConvTranspose1d', conv(1, true)],
  ['ConvTranspose2d', conv(2, true)],
]);

/** The torch modules that a state_dict can describe. */

import type { Derivation } from '../matching/reparametrised/derive.js';
import { joinPath } from '../state-dict/keys.js';
import type { CellClass } from './cells.js';
import type { FileArgs, LayerFileArgs } from './layer-args.js';
import { type Settings, settingsText } from './told/settings.js';

/** Shapes of the parameters and buffers of one module, by their names in it. */
export type NamedShapes = ReadonlyMap<string, readonly number[]>;

interface Common {
  /** Module path: '' is the root. */
  readonly path: string;
  readonly shapes: NamedShapes;
  /** What the file does not determine, a phrase each. */
  readonly doubts: readonly string[];
  /** Those of the parameters that the file stores as other tensors. Absent: none. */
  readonly derived?: readonly Derivation[];
  /** What the file of a whole module tells: the class, by its name in torch.nn, and what its shapes leave open. Absent: nothing. */
  readonly torchClass?: string;
  readonly settings?: Settings;
  /** Sentences about what such a file tells and a layer cannot have, or is not believed. */
  readonly notes?: readonly string[];
}

/** `torch.nn.GRU`, `LSTM` or `RNN`. */
export interface RecurrentModule extends Common {
  readonly kind: 'recurrent';
  readonly torchName: CellClass;
  readonly args: LayerFileArgs;
}

/** `torch.nn.GRUCell`, `LSTMCell` or `RNNCell`. */
export interface CellModule extends Common {
  readonly kind: 'cell';
  readonly torchName: `${CellClass}Cell`;
  readonly args: FileArgs;
}

export interface LinearModule extends Common {
  readonly kind: 'linear';
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly bias: boolean;
}

export interface EmbeddingModule extends Common {
  readonly kind: 'embedding';
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
}

export interface LayerNormModule extends Common {
  readonly kind: 'layerNorm';
  readonly normalizedShape: readonly number[];
  readonly bias: boolean;
}

/** `BatchNorm1d`, `2d` or `3d`, which have the same parameters. */
export interface BatchNormModule extends Common {
  readonly kind: 'batchNorm';
  readonly features: number;
  readonly affine: boolean;
}

/** `GroupNorm`, which the file of a whole module tells alone. */
export interface GroupNormModule extends Common {
  readonly kind: 'groupNorm';
  readonly numGroups: number;
  readonly channels: number;
}

/** `InstanceNorm1d`, of the same. */
export interface InstanceNormModule extends Common {
  readonly kind: 'instanceNorm';
  readonly features: number;
  readonly affine: boolean;
  /** Whether it keeps running statistics. */
  readonly tracks: boolean;
}

/** `Conv1d` or `Conv2d`, or `ConvTranspose1d` or `2d`. */
export interface ConvModule extends Common {
  readonly kind: 'conv';
  readonly transposed: boolean;
  readonly groups: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly number[];
  readonly bias: boolean;
}

export interface PReLUModule extends Common {
  readonly kind: 'prelu';
  readonly parameters: number;
}

/** A module that is not recognised; the last of its doubts says why. */
export interface UnknownModule extends Common {
  readonly kind: 'unknown';
  /** What it would be without the modules inside it, of a class that is derived from torch's. */
  readonly like?: RecognisedModule;
}

export type RecognisedModule =
  | RecurrentModule
  | CellModule
  | LinearModule
  | EmbeddingModule
  | LayerNormModule
  | BatchNormModule
  | GroupNormModule
  | InstanceNormModule
  | ConvModule
  | PReLUModule
  | UnknownModule;

/** The keys of the module's tensors in the file. */
export function fileKeys({ path, shapes, derived = [] }: RecognisedModule): string[] {
  const parts = new Map(derived.map(({ key, from }) => [key, from]));
  return [...shapes.keys()].map((name) => joinPath(path, name)).flatMap((key) => parts.get(key) ?? [key]);
}

/** `weight norm of weight_hh_l0_g, weight_hh_l0_v`, for each parameter that the file stores as other tensors. */
export function derivedNotes({ path, derived = [] }: RecognisedModule): string[] {
  const inModule = (key: string) =>
    path !== '' && key.startsWith(`${path}.`) ? key.slice(path.length + 1) : key;
  return derived.map(({ schemes, from, key }) => {
    const isHere = from.every((part) => path === '' || part.startsWith(`${path}.`));
    return `${inModule(key)}: ${schemes.join(' and ')} of ${from.map(isHere ? inModule : String).join(', ')}`;
  });
}

/** The module as `print(module)` would write it, with what the file determines: `GRU(128, 64, num_layers=2)`. */
export function describeModule(module: RecognisedModule): string {
  if (module.kind === 'unknown') return 'unknown module';
  return `${torchNameOf(module)}(${sizesText(module)}${settingsText(module.settings)})`;
}

/** The name before the arguments: `LSTMCell`. */
export function torchNameOf(module: RecognisedModule): string {
  switch (module.kind) {
    case 'recurrent':
    case 'cell':
      return module.torchName;
    case 'linear':
      return 'Linear';
    case 'embedding':
      return 'Embedding';
    case 'layerNorm':
      return 'LayerNorm';
    case 'batchNorm':
      return module.torchClass ?? 'BatchNorm';
    case 'groupNorm':
      return 'GroupNorm';
    case 'instanceNorm':
      return 'InstanceNorm1d';
    case 'conv':
      return `Conv${module.transposed ? 'Transpose' : ''}${module.kernelSize.length}d`;
    case 'prelu':
      return 'PReLU';
    case 'unknown':
      return 'unknown module';
  }
}

/** The arguments that shapes determine. */
function sizesText(module: Exclude<RecognisedModule, UnknownModule>): string {
  switch (module.kind) {
    case 'recurrent':
      return layerText(module);
    case 'cell':
      return `${module.args.inputSize}, ${module.args.hiddenSize}${biasText(module.args)}`;
    case 'linear':
      return `${module.inFeatures}, ${module.outFeatures}${biasText(module)}`;
    case 'embedding':
      return `${module.numEmbeddings}, ${module.embeddingDim}`;
    case 'layerNorm': {
      const { normalizedShape } = module;
      const shape = normalizedShape.length === 1 ? normalizedShape[0] : `[${normalizedShape.join(', ')}]`;
      return `${shape}${biasText(module)}`;
    }
    case 'batchNorm':
      return `${module.features}${module.affine ? '' : ', affine=False'}`;
    case 'groupNorm':
      return `${module.numGroups}, ${module.channels}`;
    case 'instanceNorm':
      return `${module.features}${module.affine ? ', affine=True' : ''}${module.tracks ? ', track_running_stats=True' : ''}`;
    case 'conv': {
      const { inChannels, outChannels, kernelSize, groups } = module;
      const kernel = kernelSize.length === 1 ? kernelSize[0] : `(${kernelSize.join(', ')})`;
      const grouped = groups === 1 ? '' : `, groups=${groups}`;
      return `${inChannels}, ${outChannels}, ${kernel}${grouped}${biasText(module)}`;
    }
    case 'prelu':
      return `${module.parameters}`;
  }
}

function layerText({ args }: RecurrentModule): string {
  const { inputSize, hiddenSize, numLayers, bidirectional, projSize = 0 } = args;
  const parts = [`${inputSize}`, `${hiddenSize}`];
  if (numLayers > 1) parts.push(`num_layers=${numLayers}`);
  if (bidirectional) parts.push('bidirectional=True');
  if (projSize > 0) parts.push(`proj_size=${projSize}`);
  return `${parts.join(', ')}${biasText(args)}`;
}

function biasText({ bias }: { readonly bias: boolean }): string {
  return bias ? '' : ', bias=False';
}

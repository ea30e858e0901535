import { message, showFirst } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import type { TorchModule } from '../../matching/torch-module.js';
import { conv1d, conv2d, conv2dTranspose, depthwiseConv2d } from './conv.js';
import { custom, isCustom } from './custom.js';
import { embedding, torchEmbedding } from './embedding.js';
import { linear } from './linear.js';
import type { Layer, ModuleKind } from './module.js';
import { batchNorm, layerNorm } from './norm.js';
import { prelu } from './prelu.js';
import { isProgram, program } from './program.js';
import { isCell, isRecurrent, recurrent, recurrentCell } from './recurrent.js';
import { torchConv1d, torchConv2d, torchConvTranspose1d, torchConvTranspose2d } from './torch-conv.js';
import { torchBatchNorm, torchGroupNorm, torchInstanceNorm1d } from './torch-norm.js';

export type { Layer } from './module.js';

/** By class name rather than class: a program may hold two copies of tfjs-layers. */
const KINDS: ReadonlyMap<string, ModuleKind> = new Map([
  ['Dense', linear],
  ['Embedding', embedding],
  ['LayerNormalization', layerNorm],
  ['BatchNormalization', batchNorm],
  ['Conv1D', conv1d],
  ['Conv2D', conv2d],
  ['Conv2DTranspose', conv2dTranspose],
  ['DepthwiseConv2D', depthwiseConv2d],
  ['PReLU', prelu],
]);

/** The same of this package's layers; recurrent ones are known by what they have. */
const OWN_KINDS: ReadonlyMap<string, ModuleKind> = new Map([
  ['TorchConv1d', torchConv1d],
  ['TorchConv2d', torchConv2d],
  ['TorchConvTranspose1d', torchConvTranspose1d],
  ['TorchConvTranspose2d', torchConvTranspose2d],
  ['TorchEmbedding', torchEmbedding],
  ['TorchBatchNorm', torchBatchNorm],
  ['TorchGroupNorm', torchGroupNorm],
  ['TorchInstanceNorm1d', torchInstanceNorm1d],
]);

/** Classes whose weights no torch module shares, and what to use in their place. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ['GRU', 'tf.layers.gru resets before the product and has one bias; use gru() of this package'],
  ['LSTM', 'tf.layers.lstm has one bias; use lstm() of this package'],
  ['SimpleRNN', 'tf.layers.simpleRNN has one bias; use rnn() of this package'],
  ['RNN', 'Of tf.layers.rnn, one gruCell(), lstmCell() or rnnCell() of this package can be loaded'],
  ['Bidirectional', 'Use bidirectional: true on a recurrent layer of this package'],
  [
    'SeparableConv2D',
    'torch has two modules in its place: use conv2d({ groups }) of this package, as many groups as channels, and tf.layers.conv2d',
  ],
]);

/** What is known of a layer's class. */
function kindOf(layer: Layer): ModuleKind | undefined {
  if (isCell(layer)) return recurrentCell;
  if (isRecurrent(layer)) return recurrent;
  if (isProgram(layer)) return program;
  if (isCustom(layer)) return custom;
  return KINDS.get(layer.getClassName()) ?? OWN_KINDS.get(layer.getClassName());
}

/**
 * The torch module that a layer stands for; undefined for a layer without weights.
 *
 * @param layerPath  of the layer, for messages.
 * @param skip  takes what is thrown otherwise of a layer whose class is not known, which then stands for no module.
 * @throws UnsupportedError for a layer with weights that no known module has, or with arguments that none has.
 */
export function moduleOf(
  where: string,
  layer: Layer,
  layerPath: string,
  skip?: (refusal: UnsupportedError) => void,
): TorchModule | undefined {
  const refusal = (rule: string, got: string, remedy: string) =>
    new UnsupportedError(message(where, `layer "${layerPath}"`, rule, got, remedy));
  const kind = kindOf(layer);
  if (kind === undefined) {
    if (layer.built && layer.weights.length === 0) return undefined;
    const className = layer.getClassName();
    const known = [...KINDS.keys(), "this package's layers, or a method torchParameters"].join(', ');
    const refused = refusal(`one of ${known}`, className, REMEDIES.get(className) ?? customRemedy(layer));
    if (skip === undefined) throw refused;
    skip(refused);
    return undefined;
  }
  const module = kind(layer, layerPath);
  const conflict = module.conflict?.();
  if (conflict !== undefined) throw refusal(conflict.rule, conflict.got, conflict.remedy);
  return module;
}

/** How to add the method to the class, with the names of the weights. */
function customRemedy(layer: Layer): string {
  const names = layer.weights.map(({ originalName }) =>
    originalName.slice(originalName.lastIndexOf('/') + 1),
  );
  const [first = 'kernel'] = names;
  const ofLayer = names.length > 0 ? `; its weights are ${showFirst(names, (name) => `'${name}'`)}` : '';
  return (
    `Give its class a method that names the weight of each torch parameter, ` +
    `torchParameters() { return { weight: '${first}' } }${ofLayer}`
  );
}

import { message } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import type { TorchModule } from '../../matching/torch-module.js';
import { conv1d, conv2d } from './conv.js';
import { embedding } from './embedding.js';
import { linear } from './linear.js';
import type { Layer, ModuleKind } from './module.js';
import { batchNorm, layerNorm } from './norm.js';
import { prelu } from './prelu.js';
import { isCell, isRecurrent, recurrent, recurrentCell } from './recurrent.js';

export type { Layer } from './module.js';

/** By class name rather than class: a program may hold two copies of tfjs-layers. */
const KINDS: ReadonlyMap<string, ModuleKind> = new Map([
  ['Dense', linear],
  ['Embedding', embedding],
  ['LayerNormalization', layerNorm],
  ['BatchNormalization', batchNorm],
  ['Conv1D', conv1d],
  ['Conv2D', conv2d],
  ['PReLU', prelu],
]);

/** Classes whose weights no torch module shares, and what to use in their place. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ['GRU', 'tf.layers.gru resets before the product and has one bias; use gru() of this package'],
  ['LSTM', 'tf.layers.lstm has one bias; use lstm() of this package'],
  ['SimpleRNN', 'tf.layers.simpleRNN has one bias; use rnn() of this package'],
  ['RNN', 'Of tf.layers.rnn, one gruCell(), lstmCell() or rnnCell() of this package can be loaded'],
  ['Bidirectional', 'Use bidirectional: true on a recurrent layer of this package'],
]);

const OTHER_REMEDY =
  'Take the other layers one by one, with prefix, and this one with setWeights or getWeights';

/**
 * The torch module that a layer stands for; undefined for a layer without weights.
 *
 * @param layerPath  of the layer, for messages.
 * @throws UnsupportedError for a layer with weights that no known module has, or with arguments that none has.
 */
export function moduleOf(where: string, layer: Layer, layerPath: string): TorchModule | undefined {
  const refusal = (rule: string, got: string, remedy: string) =>
    new UnsupportedError(message(where, `layer "${layerPath}"`, rule, got, remedy));
  const className = layer.getClassName();
  const kind = isCell(layer) ? recurrentCell : isRecurrent(layer) ? recurrent : KINDS.get(className);
  if (kind === undefined) {
    if (layer.built && layer.weights.length === 0) return undefined;
    const known = [...KINDS.keys(), "this package's recurrent layers"].join(', ');
    throw refusal(`one of ${known}`, className, REMEDIES.get(className) ?? OTHER_REMEDY);
  }
  const module = kind(layer);
  const conflict = module.conflict?.();
  if (conflict !== undefined) throw refusal(conflict.rule, conflict.got, conflict.remedy);
  return module;
}

/** What Keras does with masks, by the class of a layer: where it differs from tfjs. Tried with every layer that tfjs has. */

import { type MaskRule, TFJS_MASK_RULES } from '../../layers/masks/mask-rules.js';
import { isObject, type LayerJson, objectsIn } from '../json.js';

/** The major version of Keras. */
export type KerasVersion = 2 | 3;

/** `unknown`: a class that is no layer of tfjs. */
export type KerasRule = Exclude<MaskRule, 'fails'> | 'unknown';

const OTHERS: Readonly<Record<string, KerasRule>> = {
  ConvLSTM2D: 'sequence',
  ELU: 'keeps',
  EinsumDense: 'drops',
  InputLayer: 'drops',
  LeakyReLU: 'keeps',
  MultiHeadAttention: 'keeps',
  Softmax: 'keeps',
  ThresholdedReLU: 'keeps',
};

/** What becomes of the mask at a layer of Keras. */
export function kerasRule(layer: LayerJson, version: KerasVersion): KerasRule {
  const { class_name: name, config } = layer;
  if (name === 'Embedding') return config.mask_zero === true ? 'makes' : 'drops';
  if (name === 'Rescaling' && version === 3) return 'keeps';
  return OTHERS[name] ?? (TFJS_MASK_RULES.get(name) as Exclude<MaskRule, 'fails'> | undefined) ?? 'unknown';
}

/** Classes whose result depends on the mask of their first input. */
const READERS = new Set(
  'Bidirectional ConvLSTM2D GRU GlobalAveragePooling1D LSTM MultiHeadAttention RNN SimpleRNN Softmax'.split(
    ' ',
  ),
);

/** Keras 3 leaves the masked steps of an input out of these. */
const MASKED_MERGES = new Set(['Maximum', 'Minimum', 'Multiply']);

/** Whether the result of a layer depends on masks: its own, or in a wrapper that of the layer inside. */
export function readsMasks({ class_name, config }: LayerJson, version: KerasVersion): boolean {
  if (READERS.has(class_name) || (version === 3 && MASKED_MERGES.has(class_name))) return true;
  if (class_name !== 'TimeDistributed') return false;
  for (const { class_name: inner } of objectsIn(config.layer))
    if (typeof inner === 'string' && READERS.has(inner)) return true;
  return false;
}

/** Whether a layer of a topology, or one inside it, makes a mask. */
export function makesMasks(topology: unknown): boolean {
  for (const { class_name: name, config } of objectsIn(topology))
    if (name === 'Masking' || (name === 'Embedding' && isObject(config) && config.mask_zero === true))
      return true;
  return false;
}

/** Converts Keras's GRU with `reset_after`, alone or in Bidirectional, to the configuration of `KerasGRU`. */

import { show } from '../../check.js';
import { asLayer, describe, isObject, type JsonObject, type LayerJson, unsupported } from '../json.js';
import type { MaskRule } from '../layer/args.js';
import { KerasGRU } from '../layer/keras-gru.js';
import { tfjsConfig } from './layer-config.js';

type Conversion = (layer: LayerJson, maskRule?: MaskRule) => LayerJson;

/** The conversion of a layer to `KerasGRU`; undefined for any other layer. */
export function conversionOf({ class_name, config }: LayerJson): Conversion | undefined {
  if (class_name === 'GRU' && config.reset_after === true) return convertGru;
  if (class_name === 'RNN' && hasResetAfter(config.cell, 'GRUCell')) return convertCell;
  return class_name === 'Bidirectional' && hasResetAfter(config.layer, 'GRU')
    ? convertBidirectional
    : undefined;
}

/** Whether a value is the JSON of such a class with `reset_after`, which tfjs lacks. */
export function hasResetAfter(value: unknown, className: 'GRU' | 'GRUCell'): boolean {
  const isClass = isObject(value) && value.class_name === className;
  return isClass && isObject(value.config) && value.config.reset_after === true;
}

/** Keys in which two directions may differ: the direction, and what has no effect once weights are loaded. */
const OWN_KEYS = /^(name|go_backwards|seed|dtype|batch_input_shape|.*_initializer)$/;

/** Keys that change the training of a layer and have no counterpart here. */
const TRAINING_KEYS = [
  'kernel_constraint',
  'recurrent_constraint',
  'bias_constraint',
  'activity_regularizer',
];

function convertGru(layer: LayerJson, maskRule?: MaskRule): LayerJson {
  const zero = layer.config.zero_output_for_mask === true ? 'zero' : 'hold';
  return kerasGru(layer, { ...directionConfig(layer), mask_rule: maskRule ?? zero });
}

function convertCell(layer: LayerJson, maskRule?: MaskRule): LayerJson {
  const cell = asLayer(`config.cell of ${describe(layer)}`, layer.config.cell);
  return convertGru({ ...layer, config: { ...cell.config, ...layer.config } }, maskRule);
}

/** The result is one layer with the wrapper's name. */
function convertBidirectional(wrapper: LayerJson, maskRule?: MaskRule): LayerJson {
  const { name, trainable, batch_input_shape, merge_mode } = tfjsConfig(wrapper);
  const inner = asLayer(`config.layer of ${describe(wrapper)}`, wrapper.config.layer);
  checkBackwardLayer(wrapper, inner);
  const direction = directionConfig(inner);
  return kerasGru(wrapper, {
    ...direction,
    name,
    trainable: trainable !== false && inner.config.trainable !== false,
    batch_input_shape: batch_input_shape ?? direction.batch_input_shape,
    bidirectional: true,
    merge_mode: merge_mode === null ? 'none' : merge_mode,
    mask_rule: maskRule,
  });
}

/**
 * tfjs builds both directions from one configuration.
 * @throws UnsupportedError for a backward layer that differs in more than its direction.
 */
export function checkBackwardLayer(wrapper: LayerJson, inner: LayerJson): void {
  const { backward_layer } = wrapper.config;
  if (backward_layer == null) return;
  const what = `backward_layer of ${describe(wrapper)}`;
  const [a, b] = [inner, asLayer(what, backward_layer)].map(
    ({ class_name, config }): JsonObject => ({ class_name, ...config }),
  ) as [JsonObject, JsonObject];
  const key = Object.keys({ ...a, ...b }).find(
    (name) => !OWN_KEYS.test(name) && JSON.stringify(a[name]) !== JSON.stringify(b[name]),
  );
  if (key === undefined) return;
  const remedy = 'Use two layers, one of them with go_backwards';
  throw unsupported(what, `${key} ${show(a[key])}, as in the forward layer`, show(b[key]), remedy);
}

function kerasGru(layer: LayerJson, config: JsonObject): LayerJson {
  return { ...layer, class_name: KerasGRU.className, config };
}

/**
 * The configuration of one direction.
 * @throws UnsupportedError for an option that `KerasGRU` does not compute.
 */
function directionConfig(layer: LayerJson): JsonObject {
  const where = describe(layer);
  const config = tfjsConfig(layer);
  const only = (key: string, value: unknown, remedy?: string) => {
    const found = key in config ? config[key] : value;
    if (found !== value) throw unsupported(`${key} of ${where}`, show(value), show(found), remedy);
  };
  only('activation', 'tanh');
  only('recurrent_activation', 'sigmoid');
  only('recurrent_dropout', 0, 'It acts in training only: for predictions alone set it to 0 in model.json');
  only('time_major', false);
  for (const key of TRAINING_KEYS) {
    const found = config[key];
    const got = isObject(found) ? show(found.class_name) : show(found);
    const remedy = 'It acts in training only: for predictions alone set it to null in model.json';
    if (found != null) throw unsupported(`${key} of ${where}`, 'none', got, remedy);
  }
  const { units, use_bias, dropout, name, trainable, batch_input_shape } = config;
  const { go_backwards, return_sequences, return_state, stateful } = config;
  return {
    ...{ name, trainable, batch_input_shape, dtype: 'float32' },
    ...{ hidden_size: units, bias: use_bias, dropout },
    ...{ go_backwards, return_sequences, return_state, stateful },
    ...regularizers(where, config),
  };
}

/** The L1 and L2 factors of each regularizer, under the names of `KerasGRU`'s arguments. */
function regularizers(where: string, config: JsonObject): JsonObject {
  const keys = ['kernel_regularizer', 'recurrent_regularizer', 'bias_regularizer'];
  const given = keys.filter((key) => config[key] != null);
  return Object.fromEntries(given.map((key) => [key, regularization(`${key} of ${where}`, config[key])]));
}

function regularization(what: string, value: unknown): JsonObject {
  const { class_name, config } = asLayer(what, value);
  if (!['L1', 'L2', 'L1L2'].includes(class_name)) throw unsupported(what, 'L1, L2 or L1L2', show(class_name));
  // L1 has no l2, and L2 no l1. The layer checks the factors.
  const { l1 = 0, l2 = 0 } = config;
  return { l1, l2 };
}

/** Converts Keras's GRU with `reset_after`, alone or in Bidirectional, to the configuration of `KerasGRU`. */

import { show } from '../../check.js';
import {
  asLayer,
  describe,
  invalidModel,
  isModel,
  isObject,
  type JsonObject,
  type LayerJson,
  layersOf,
  unsupported,
} from '../json.js';
import type { MaskRule, Regularization } from '../layer/args.js';
import { KerasGRU } from '../layer/keras-gru.js';
import { tfjsConfig } from './layer-config.js';

/** Whether the layer is a `GRU` with `reset_after`, which tfjs lacks. */
export function isResetAfterGru(layer: unknown): boolean {
  return (
    isObject(layer) &&
    layer.class_name === 'GRU' &&
    isObject(layer.config) &&
    layer.config.reset_after === true
  );
}

/** Whether the layer is `RNN(GRUCell(reset_after=True))`, the same layer in two parts. */
export function isResetAfterCell({ class_name, config }: LayerJson): boolean {
  const { cell } = config;
  const isCell = isObject(cell) && cell.class_name === 'GRUCell' && isObject(cell.config);
  return class_name === 'RNN' && isCell && (cell.config as JsonObject).reset_after === true;
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

/** Converts a `GRU` with `reset_after`. */
export function convertGru(layer: LayerJson, maskRule?: MaskRule): LayerJson {
  const zero = layer.config.zero_output_for_mask === true ? 'zero' : 'hold';
  return kerasGru(layer, {
    ...directionConfig(layer, tfjsConfig(layer)),
    mask_rule: maskRule ?? zero,
  });
}

/** Converts an `RNN` with such a `GRUCell`. */
export function convertCell(layer: LayerJson, maskRule?: MaskRule): LayerJson {
  const cell = asLayer(`config.cell of ${describe(layer)}`, layer.config.cell);
  return convertGru({ ...layer, config: { ...cell.config, ...layer.config } }, maskRule);
}

/** Converts a `Bidirectional` around a `GRU` to one layer with the wrapper's name. */
export function convertBidirectional(wrapper: LayerJson, maskRule?: MaskRule): LayerJson {
  const { name, trainable, batch_input_shape, merge_mode } = tfjsConfig(wrapper);
  const inner = asLayer(`config.layer of ${describe(wrapper)}`, wrapper.config.layer);
  checkBackwardLayer(wrapper, inner);
  const { config } = inner;
  const direction = directionConfig(inner, tfjsConfig(inner));
  const own = {
    name,
    trainable: trainable !== false && config.trainable !== false,
    ...(batch_input_shape === undefined ? {} : { batch_input_shape }),
    bidirectional: true,
    merge_mode: merge_mode === null ? 'none' : (merge_mode ?? 'concat'),
    ...(maskRule === undefined ? {} : { mask_rule: maskRule }),
  };
  return kerasGru(wrapper, { ...direction, ...own });
}

/**
 * tfjs builds both directions from one configuration.
 * @throws UnsupportedError for a backward layer that differs in more than its direction.
 */
export function checkBackwardLayer(wrapper: LayerJson, inner: LayerJson): void {
  const { backward_layer } = wrapper.config;
  if (backward_layer == null) return;
  const what = `backward_layer of ${describe(wrapper)}`;
  const backward = asLayer(what, backward_layer);
  const keys = new Set([...Object.keys(inner.config), ...Object.keys(backward.config)]);
  const differing = [...keys].find(
    (key) =>
      !OWN_KEYS.test(key) && JSON.stringify(inner.config[key]) !== JSON.stringify(backward.config[key]),
  );
  if (differing === undefined && inner.class_name === backward.class_name) return;
  const [key, a, b] =
    differing === undefined
      ? ['class_name', inner.class_name, backward.class_name]
      : [differing, inner.config[differing], backward.config[differing]];
  throw unsupported(
    what,
    `${key} ${show(a)}, as in the forward layer`,
    show(b),
    'Use two layers, one of them with go_backwards',
  );
}

/** Whether the model holds a layer of this package: tfjs saved it after `loadKerasModel`. */
export function holdsOwnLayer(layer: LayerJson): boolean {
  if (isModel(layer)) return layersOf(layer).some(holdsOwnLayer);
  const { layer: inner } = layer.config;
  return (
    layer.class_name === KerasGRU.className ||
    (isObject(inner) && isObject(inner.config) && holdsOwnLayer(inner as unknown as LayerJson))
  );
}

function kerasGru(layer: LayerJson, config: JsonObject): LayerJson {
  return { ...layer, class_name: KerasGRU.className, config };
}

/**
 * The configuration of one direction.
 * @throws UnsupportedError for an option that `KerasGRU` does not compute.
 */
function directionConfig(layer: LayerJson, config: JsonObject): JsonObject {
  const where = describe(layer);
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
  const { units, use_bias = true, dropout = 0, name, trainable = true, batch_input_shape } = config;
  return {
    ...{ name, trainable, dtype: 'float32', hidden_size: units, bias: use_bias, dropout },
    ...(batch_input_shape === undefined ? {} : { batch_input_shape }),
    ...flags(config, ['go_backwards', 'return_sequences', 'return_state', 'stateful']),
    ...regularizers(where, config),
  };
}

function flags(config: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.map((key) => [key, config[key] ?? false]));
}

/** The L1 and L2 factors of each regularizer, under the names of `KerasGRU`'s arguments. */
function regularizers(where: string, config: JsonObject): JsonObject {
  const found = ['kernel', 'recurrent', 'bias'].flatMap((part) => {
    const key = `${part}_regularizer`;
    return config[key] == null ? [] : [[key, regularization(`${key} of ${where}`, config[key])] as const];
  });
  return Object.fromEntries(found);
}

function regularization(what: string, value: unknown): Regularization {
  const { class_name, config } = asLayer(what, value);
  if (!['L1', 'L2', 'L1L2'].includes(class_name)) throw unsupported(what, 'L1, L2 or L1L2', show(class_name));
  // L1 has no l2, and L2 no l1.
  const { l1 = 0, l2 = 0 } = config;
  if (typeof l1 !== 'number' || typeof l2 !== 'number')
    throw invalidModel(what, 'numbers l1 and l2', `${show(l1)} and ${show(l2)}`);
  return { l1, l2 };
}

/** Converts a layer's configuration to that of Keras 2, which tfjs 4.22 reads. */

import { describe, isObject, type JsonObject, type LayerJson, objectsIn, unsupported } from '../json.js';

const TFJS_DTYPES = new Set(['float32', 'int32', 'bool', 'string', 'complex64']);

const ACTIVATION_KEYS = ['activation', 'recurrent_activation'];

/**
 * The configuration as Keras 2 writes it. Keras 3 has `batch_shape`, dtype policies, functions as objects and renamed
 * arguments. tfjs ignores keys that it does not know, such as `build_config`.
 */
export function tfjsConfig(layer: LayerJson): JsonObject {
  const { batch_shape, ...rest } = layer.config;
  const config: Record<string, unknown> = { ...rest };
  if (batch_shape !== undefined) config.batch_input_shape = batch_shape;
  if (config.dtype != null) config.dtype = tfjsDtype(config.dtype);
  for (const key of ACTIVATION_KEYS) if (key in config) config[key] = tfjsActivation(config[key]);
  if (layer.class_name === 'LeakyReLU' && config.negative_slope !== undefined)
    config.alpha = config.negative_slope;
  return config;
}

/** Floats are float32 here, whatever the dtype policy; integers stay integers. */
function tfjsDtype(dtype: unknown): string {
  const policy = isObject(dtype) && isObject(dtype.config) ? dtype.config : dtype;
  const name = isObject(policy) ? policy.name : policy;
  if (typeof name !== 'string') return 'float32';
  if (TFJS_DTYPES.has(name)) return name;
  return /^u?int\d+$/.test(name) ? 'int32' : 'float32';
}

/** An activation under tfjs's name; tfjs itself refuses a value without a name. */
function tfjsActivation(value: unknown): unknown {
  const name = activationName(value);
  return name === 'silu' ? 'swish' : name;
}

/** Keras 3 writes some functions as `{ class_name: 'function', config: name }`. */
function activationName(value: unknown): unknown {
  return isObject(value) && typeof value.config === 'string' ? value.config : value;
}

/**
 * For a model of Keras 3, whose `hard_sigmoid` is not that of tfjs and Keras 2.
 * @throws UnsupportedError for a layer, or a cell or layer inside it, with this activation.
 */
export function checkHardSigmoid(model: LayerJson): void {
  for (const layer of objectsIn(model)) {
    const { config } = layer;
    if (!isObject(config)) continue;
    const key = ACTIVATION_KEYS.find((name) => activationName(config[name]) === 'hard_sigmoid');
    if (key === undefined) continue;
    const why = 'Keras 3 computes clip(x / 6 + 0.5, 0, 1) under this name, tfjs clip(0.2 * x + 0.5, 0, 1)';
    const where = `${key} of ${describe(layer as unknown as LayerJson)}`;
    throw unsupported(where, 'an activation that tfjs computes', '"hard_sigmoid"', why);
  }
}

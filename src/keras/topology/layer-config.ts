/** A layer's configuration in the words that tfjs 4.22 knows: those of Keras 2. */

import { show } from '../../check.js';
import { describe, isObject, type JsonObject, type LayerJson, unsupported } from '../json.js';

/** What the loader knows of the file while it walks through its layers. */
export interface Dialect {
  readonly isKeras3: boolean;
}

const TFJS_DTYPES = new Set(['float32', 'int32', 'bool', 'string', 'complex64']);

const ACTIVATION_KEYS = ['activation', 'recurrent_activation'];

/**
 * The configuration with what Keras 3 writes otherwise put as Keras 2 does: `batch_shape`, dtype policies, functions as
 * objects, renamed arguments. tfjs passes over what it does not know, such as `build_config`.
 */
export function tfjsConfig(layer: LayerJson, dialect: Dialect): JsonObject {
  const { batch_shape, ...rest } = layer.config;
  const config: Record<string, unknown> = { ...rest };
  if (batch_shape !== undefined) config.batch_input_shape = batch_shape;
  if (config.dtype != null) config.dtype = tfjsDtype(config.dtype);
  for (const key of ACTIVATION_KEYS)
    if (key in config) config[key] = activationName(layer, key, config[key], dialect);
  if (layer.class_name === 'LeakyReLU' && config.negative_slope !== undefined)
    config.alpha = config.negative_slope;
  return config;
}

/** Weights and computation are float32 here, whatever the policy: integers stay integers. */
function tfjsDtype(dtype: unknown): string {
  const policy = isObject(dtype) && isObject(dtype.config) ? dtype.config : dtype;
  const name = isObject(policy) ? policy.name : policy;
  if (typeof name !== 'string') return 'float32';
  if (TFJS_DTYPES.has(name)) return name;
  return /^u?int\d+$/.test(name) ? 'int32' : 'float32';
}

/** An activation by its name; what has none is left to tfjs. */
function activationName(layer: LayerJson, key: string, value: unknown, { isKeras3 }: Dialect): unknown {
  const name = isObject(value) && typeof value.config === 'string' ? value.config : value;
  if (name === 'silu') return 'swish';
  if (name === 'hard_sigmoid' && isKeras3) {
    const why = 'Keras 3 has clip(x / 6 + 0.5, 0, 1) by this name, tfjs clip(0.2 * x + 0.5, 0, 1)';
    throw unsupported(`${key} of ${describe(layer)}`, 'one that tfjs computes', show(name), why);
  }
  return name;
}

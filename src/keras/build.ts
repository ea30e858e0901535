/** Builds a tfjs model from a topology; its weights are still zero. */

import { engine } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { show } from '../check.js';
import { isObject, type LayerJson, unsupported } from './json.js';
import { registeredClasses } from './topology/classes.js';

type FromConfig = (
  cls: unknown,
  config: unknown,
  customObjects: object,
  fastWeightInit: boolean,
) => LayersModel;

/**
 * Builds a model whose weights are all zero.
 *
 * It calls the class's own `fromConfig`, because `tf.models.modelFromJSON` draws initial values, and orthogonal ones
 * take seconds.
 *
 * @throws UnsupportedError for a layer that tfjs cannot build from its configuration.
 */
export function buildModel(model: LayerJson): LayersModel {
  const [cls, fromConfig] = registeredClasses()[model.class_name] as unknown as [unknown, FromConfig];
  try {
    return fromConfig(cls, toCamelCase(model.config), {}, true);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const what = `model ${show(model.config.name)}`;
    throw Object.assign(unsupported(what, 'layers that tfjs can build', reason), { cause });
  }
}

/**
 * Runs `body`, which makes layers, and disposes their weights when it throws.
 *
 * It finds them in the engine's list of variables: an incomplete model lists no weights, and `dispose` of a complete one
 * keeps the layers that it uses twice.
 */
export function disposingOnFailure<T>(body: () => T): T {
  const { registeredVariables } = engine().state;
  const before = new Set(Object.keys(registeredVariables));
  try {
    return body();
  } catch (error) {
    for (const [name, variable] of Object.entries(registeredVariables))
      if (!before.has(name)) variable.dispose();
    throw error;
  }
}

/** Converts a Python configuration as tfjs does: keys and strings to camelCase, except the names of layers. */
function toCamelCase(value: unknown, key?: string): unknown {
  if (typeof value === 'string') return camel(value);
  if (Array.isArray(value))
    return value.map((item, i) =>
      i === 0 && typeof item === 'string' && isListOfNodes(key) ? item : toCamelCase(item, key),
    );
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [
      camel(name),
      name === 'name' && typeof child === 'string' ? child : toCamelCase(child, name),
    ]),
  );
}

function isListOfNodes(key: string | undefined): boolean {
  return key === 'inbound_nodes' || key === 'input_layers' || key === 'output_layers';
}

function camel(word: string): string {
  return word.length <= 1 ? word : word.replace(/_+(\w|$)/g, (_, letter: string) => letter.toUpperCase());
}

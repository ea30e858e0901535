/** What the parts of `loadKerasModel` share: the JSON of a model, and the errors about it. */

import { message, show } from '../check.js';
import { type FormatError, UnsupportedError } from '../errors.js';
import { formatError } from '../state-dict/rules/format-codes.js';

export const WHERE = 'loadKerasModel';

/** Largest file that is read: a file of tfjs's weights has 4 MB, and one of `io.saveModel` all of them. */
export const MAX_BYTES = 2 ** 31;

export type JsonObject = Readonly<Record<string, unknown>>;

/** A layer, or a model, as Keras writes it. */
export interface LayerJson {
  readonly class_name: string;
  readonly config: JsonObject;
  readonly inbound_nodes?: unknown;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects in a JSON value, from the outside in. */
export function* objectsIn(value: unknown): Generator<JsonObject> {
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (isObject(next)) yield next;
    if (typeof next === 'object' && next !== null)
      for (const child of Object.values(next).reverse()) open.push(child);
  }
}

/** What a topology may have: much more than a model that tfjs can run. */
export const MAX_DEPTH = 200;
export const MAX_VALUES = 5_000_000;

/**
 * Checks what a recursion over a topology relies on. Text cannot hold cycles or shared values, but a program's object can.
 * @throws FormatError for values nested too deep, and for too many.
 */
export function checkSize(what: string, topology: unknown): void {
  const open = [{ value: topology, depth: 0 }];
  for (let count = 0, next = open.pop(); next !== undefined; count++, next = open.pop()) {
    const { value, depth } = next;
    if (depth > MAX_DEPTH) throw tooLarge(what, `values nested ${MAX_DEPTH} deep at most`, 'deeper ones');
    if (count >= MAX_VALUES) throw tooLarge(what, `${MAX_VALUES} values at most`, 'more');
    if (typeof value !== 'object' || value === null) continue;
    for (const child of Object.values(value)) open.push({ value: child, depth: depth + 1 });
  }
}

/** The error for a model beyond a limit. */
export function tooLarge(what: string, rule: string, got: string): FormatError {
  return formatError('TOO_LARGE', WHERE, what, rule, got);
}

/** The error for what Keras computes and neither tfjs nor this package does. */
export function unsupported(what: string, rule: string, got: string, remedy?: string): UnsupportedError {
  return new UnsupportedError(message(WHERE, what, rule, got, remedy));
}

/** The error for JSON that Keras does not write. */
export function invalidModel(what: string, rule: string, got: string, remedy?: string): FormatError {
  return formatError('INVALID_STRUCTURE', WHERE, what, rule, got, remedy);
}

/**
 * `value` as the JSON of a layer.
 * @throws FormatError when it is something else.
 */
export function asLayer(what: string, value: unknown): LayerJson {
  if (!isObject(value)) throw invalidModel(what, 'an object with class_name and config', show(value));
  if (typeof value.class_name !== 'string')
    throw invalidModel(`${what}.class_name`, 'a string', show(value.class_name));
  if (!isObject(value.config)) throw invalidModel(`${what}.config`, 'an object', show(value.config));
  return value as unknown as LayerJson;
}

/** The layer's name in Keras. */
export function nameOf({ class_name, config }: LayerJson): string {
  if (typeof config.name !== 'string')
    throw invalidModel(`${class_name}.config.name`, 'a string', show(config.name));
  return config.name;
}

/** `layer "gru"`, for messages. */
export function describe(layer: LayerJson): string {
  return `layer ${show(nameOf(layer))}`;
}

const MODEL_CLASSES = new Set(['Functional', 'Model', 'Sequential']);

export function isModel({ class_name }: LayerJson): boolean {
  return MODEL_CLASSES.has(class_name);
}

/** The layers of a model in the order of the file. */
export function layersOf(model: LayerJson): LayerJson[] {
  const what = `config.layers of ${model.class_name} ${show(model.config.name)}`;
  const { layers } = model.config;
  if (!Array.isArray(layers)) throw invalidModel(what, 'a list', show(layers));
  return layers.map((layer, i) => asLayer(`${what}[${i}]`, layer));
}

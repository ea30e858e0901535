/** Checks the text of a model.json before anything that it names is read. */

import type { io } from '@tensorflow/tfjs-core';
import { show } from '../check.js';
import { formatError } from '../state-dict/rules/format-codes.js';
import { invalidModel, isObject, type JsonObject, unsupported, WHERE } from './json.js';
import { declaredBytes } from './weights/weights-file.js';

/** Most files of one model: a file of the converter has 4 MB. */
const MAX_FILES = 10_000;

/** A model.json whose topology and manifest have the form that tfjs relies on. */
export interface CheckedModelJson {
  readonly json: io.ModelJSON;
  /** The files of weights, in their order. */
  readonly files: readonly string[];
  /** What the weights have in all. */
  readonly bytes: number;
}

/**
 * @param what the file, for messages.
 * @throws FormatError for what is not the JSON of a layers model, for a manifest that names anything but files beside it, and for
 * weights that no file can hold.
 */
export function parseModelJson(what: string, bytes: Uint8Array): CheckedModelJson {
  const rule = 'the JSON of tensorflowjs_converter';
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw Object.assign(invalidModel(what, rule, 'text that is no JSON'), { cause });
  }
  if (!isObject(json)) throw invalidModel(what, rule, json === null ? 'null' : show(json));
  checkTopology(json);
  const groups = groupsOf(json.weightsManifest);
  const files = groups.flatMap(({ paths }) => paths.map(plainName));
  if (files.length > MAX_FILES)
    throw invalidModel('weightsManifest', `${MAX_FILES} files at most`, `${files.length}`);
  const seen = new Set<string>();
  for (const file of files)
    if (seen.size === seen.add(file).size)
      throw invalidModel('weightsManifest', 'each file once', `${show(file)} twice`);
  return {
    json: json as unknown as io.ModelJSON,
    files,
    bytes: declaredBytes(groups.flatMap(({ weights }) => weights)),
  };
}

/** @throws FormatError for what is no model of Keras, UnsupportedError for a graph of TensorFlow. */
export function checkTopology({ format, modelTopology }: JsonObject): JsonObject {
  if (format === 'graph-model') {
    const remedy = 'Convert the Keras model with --output_format=tfjs_layers_model';
    throw unsupported('format', '"layers-model"', show(format), remedy);
  }
  if (isObject(modelTopology)) return modelTopology;
  const remedy = 'Is it a model.json of tensorflowjs_converter?';
  throw invalidModel('modelTopology', "a Keras model's configuration", show(modelTopology), remedy);
}

interface Group {
  readonly paths: readonly unknown[];
  readonly weights: readonly unknown[];
}

function groupsOf(manifest: unknown): Group[] {
  // Without one, what reads the weights says that it is missing.
  if (manifest == null) return [];
  if (!Array.isArray(manifest)) throw invalidModel('weightsManifest', 'a list', show(manifest));
  return manifest.map((group: unknown, i): Group => {
    const { paths, weights } = isObject(group) ? group : {};
    if (Array.isArray(paths) && Array.isArray(weights)) return { paths, weights };
    throw invalidModel(`weightsManifest[${i}]`, 'an object with lists of paths and weights', show(group));
  });
}

/** No separator, drive, query, escape or control character: `%2e%2e` and a tab in it lead upwards in a URL. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: see above
const PLAIN_NAME = /^[^/\\:?#%\u0000-\u001f]+$/;

/** Names of files come from the model.json, and headers go where they lead: none leads out of the folder. tfjs begins some with `./`. */
function plainName(path: unknown): string {
  const name = typeof path === 'string' ? path.replace(/^\.\//, '') : '';
  if (PLAIN_NAME.test(name) && !/^\.\.?$/.test(name.trim())) return name;
  throw formatError(
    'UNSAFE_NAME',
    WHERE,
    'weightsManifest',
    'names of files beside the model.json',
    show(path),
  );
}

/** Builds a tfjs model from a topology; its weights are still zero. */

import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { show } from '../check.js';
import { toList } from '../layers/one-or-many.js';
import { beginWithZeros } from '../tfjs-internals/layers.js';
import {
  describe,
  invalidModel,
  isModel,
  isObject,
  type LayerJson,
  layersOf,
  nameOf,
  unsupported,
} from './json.js';
import { registeredClasses } from './topology/classes.js';
import type { CallId } from './topology/graph.js';
import type { Ref } from './topology/nodes.js';

type Layer = layers.Layer;

/** A class of tfjs, as its registry holds it. */
type Registered = readonly [
  cls: new (config: unknown) => Layer,
  fromConfig: (cls: unknown, config: unknown, customObjects: object, fastWeightInit: boolean) => Layer,
];

interface Sequential extends LayersModel {
  add(layer: Layer): void;
}

/**
 * Builds a model whose weights are all zero: drawing initial values, as tfjs does, takes seconds for orthogonal ones.
 *
 * It calls the layers itself, in the order of the topology. The `fromConfig` of tfjs's models tries the calls over and over
 * until none is left, without end where one never can be made, and mixes up the calls of a layer where a later one can be
 * made before an earlier one.
 *
 * @throws FormatError for an output that a call does not have; UnsupportedError for a layer that tfjs cannot build from its
 * configuration.
 */
export function buildModel(json: LayerJson): LayersModel {
  return json.class_name === 'Sequential' ? buildSequential(json) : buildGraph(json);
}

function buildSequential(json: LayerJson): LayersModel {
  const { name } = json.config;
  const model = construct(json, { name }) as Sequential;
  for (const layer of layersOf(json)) {
    const built = buildLayer(layer);
    attempt(layer, () => model.add(built));
  }
  return model;
}

interface Node {
  readonly json: LayerJson;
  readonly layer: Layer;
  /** The outputs of its calls. */
  readonly outputs: SymbolicTensor[][];
}

function buildGraph(json: LayerJson): LayersModel {
  const nodes = new Map(layersOf(json).map((layer) => [nameOf(layer), nodeOf(layer)]));
  const take = (user: LayerJson, [name, call, tensor]: Ref): SymbolicTensor => {
    const tensors = nodes.get(name)?.outputs[call] as SymbolicTensor[];
    const taken = tensors[tensor];
    if (taken) return taken;
    const rule = `one of the ${tensors.length} outputs of ${show(name)}`;
    throw invalidModel(`inputs of ${describe(user)}`, rule, `output ${tensor}`);
  };
  for (const [name, call] of json.config.calls as CallId[]) {
    const node = nodes.get(name) as Node;
    const refs = (node.json.inbound_nodes as Ref[][])[call] as Ref[];
    const inputs = refs.map((ref) => take(node.json, ref));
    const given = inputs.length === 1 ? (inputs[0] as SymbolicTensor) : inputs;
    node.outputs[call] = toList(attempt(node.json, () => node.layer.apply(given)) as SymbolicTensor);
  }
  const { name, input_layers, output_layers } = json.config;
  const takeAll = (ends: unknown) => (ends as Ref[]).map((ref) => take(json, ref));
  const config = { name, inputs: takeAll(input_layers), outputs: takeAll(output_layers) };
  return construct(json, config) as LayersModel;
}

function nodeOf(json: LayerJson): Node {
  const layer = buildLayer(json);
  const isInput = json.class_name === 'InputLayer';
  const outputs = isInput ? [layer.inboundNodes[0]?.outputTensors as SymbolicTensor[]] : [];
  return { json, layer, outputs };
}

/** What tfjs takes for the name of a layer: weights and outputs have it in theirs. */
const TFJS_NAME = /^[A-Za-z0-9][-A-Za-z0-9._/]*$/;

function buildLayer(json: LayerJson): Layer {
  const name = nameOf(json);
  if (!TFJS_NAME.test(name)) {
    const rule = 'letters, digits, - . _ and /, a letter or digit first, as tfjs needs';
    throw unsupported(`name of ${describe(json)}`, rule, show(name), 'Rename the layer in Keras');
  }
  const { layer: inner } = json.config;
  const isAround = isObject(inner) && isModel(inner as unknown as LayerJson);
  const layer = isModel(json)
    ? buildModel(json)
    : isAround
      ? construct(json, { ...camelCaseConfig(json), layer: buildModel(inner as unknown as LayerJson) })
      : fromConfig(json);
  beginWithZeros(layer);
  return layer;
}

function registered({ class_name }: LayerJson): Registered {
  return registeredClasses()[class_name] as Registered;
}

function construct(json: LayerJson, config: object): Layer {
  const [cls] = registered(json);
  return attempt(json, () => new cls(config));
}

function fromConfig(json: LayerJson): Layer {
  const [cls, make] = registered(json);
  // Layers that build others from their configuration expect the key.
  return attempt(json, () => make(cls, { ...camelCaseConfig(json), customObjects: {} }, {}, true));
}

/** The most characters of a message of tfjs: some hold whole objects. */
const MOST_REASON = 300;

/** @throws UnsupportedError for what tfjs throws as it makes or calls a layer. */
function attempt<T>(json: LayerJson, body: () => T): T {
  try {
    return body();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const shown = reason.length > MOST_REASON ? `${reason.slice(0, MOST_REASON - 3)}...` : reason;
    // As engines say it.
    const isTooDeep = /call stack|too much recursion/i.test(reason);
    const rule = isTooDeep
      ? 'chains of layers that tfjs can follow, by calls in calls'
      : 'one that tfjs can build';
    throw Object.assign(unsupported(describe(json), rule, shown), { cause });
  }
}

function camelCaseConfig({ config }: LayerJson): object {
  return toCamelCase(config) as object;
}

/** Converts a Python configuration as tfjs does: keys and strings to camelCase, except the names of layers. */
function toCamelCase(value: unknown): unknown {
  if (typeof value === 'string') return camel(value);
  if (Array.isArray(value)) return value.map(toCamelCase);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [
      camel(name),
      name === 'name' && typeof child === 'string' ? child : toCamelCase(child),
    ]),
  );
}

function camel(word: string): string {
  return word.length <= 1 ? word : word.replace(/_+(\w|$)/g, (_, letter: string) => letter.toUpperCase());
}

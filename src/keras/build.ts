/** Builds a tfjs model from a topology; its weights are still zero. */

import { engine } from '@tensorflow/tfjs-core';
import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { show } from '../check.js';
import { toList } from '../layers/one-or-many.js';
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

/** A model, and the layers in it by the names of the models around them and their own. */
export class BuiltModel {
  private readonly byPath = new Map<string, Layer>();
  readonly model: LayersModel;

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
  constructor(topology: LayerJson) {
    this.model = this.buildModel(topology, []);
  }

  /** The layer at a path, in which a wrapper's name stands for the model inside it. */
  at(path: readonly string[]): Layer {
    return this.byPath.get(keyOf(path)) as Layer;
  }

  private buildModel(json: LayerJson, path: readonly string[]): LayersModel {
    return json.class_name === 'Sequential' ? this.buildSequential(json, path) : this.buildGraph(json, path);
  }

  private buildSequential(json: LayerJson, path: readonly string[]): LayersModel {
    const { name } = json.config;
    const model = construct(json, { name }) as Sequential;
    for (const layer of layersOf(json)) {
      const built = this.buildLayer(layer, path);
      attempt(layer, () => model.add(built));
    }
    return model;
  }

  private buildGraph(json: LayerJson, path: readonly string[]): LayersModel {
    const built = new Map(
      layersOf(json).map((layer) => {
        const { inbound_nodes: calls } = layer;
        return [
          nameOf(layer),
          { layer, calls: calls as Ref[][], built: this.buildLayer(layer, path) },
        ] as const;
      }),
    );
    const outputs = new Map<string, SymbolicTensor[][]>();
    for (const [name, { layer, built: input }] of built) {
      const isInput = layer.class_name === 'InputLayer';
      outputs.set(name, isInput ? [input.inboundNodes[0]?.outputTensors as SymbolicTensor[]] : []);
    }
    const take = (user: LayerJson, [name, call, tensor]: Ref): SymbolicTensor => {
      const tensors = outputs.get(name)?.[call] as SymbolicTensor[];
      const taken = tensors[tensor];
      if (taken) return taken;
      throw invalidModel(
        describe(user),
        `one of the ${tensors.length} outputs of ${show(name)}`,
        `output ${tensor}`,
      );
    };
    for (const [name, call] of json.config.calls as CallId[]) {
      const { layer, calls, built: own } = built.get(name) as NonNullable<ReturnType<typeof built.get>>;
      const inputs = (calls[call] as Ref[]).map((ref) => take(layer, ref));
      const result = attempt(layer, () =>
        own.apply(inputs.length === 1 ? (inputs[0] as SymbolicTensor) : inputs),
      );
      (outputs.get(name) as SymbolicTensor[][])[call] = toList(result as SymbolicTensor);
    }
    const { name, input_layers, output_layers } = json.config;
    const [from, to] = [input_layers, output_layers].map((ends) =>
      (ends as Ref[]).map((ref) => take(json, ref)),
    );
    return construct(json, { name, inputs: from, outputs: to }) as LayersModel;
  }

  private buildLayer(json: LayerJson, path: readonly string[]): Layer {
    const own = [...path, nameOf(json)];
    const { layer: inner } = json.config;
    const isAround = isObject(inner) && isModel(inner as unknown as LayerJson);
    const layer = isModel(json)
      ? this.buildModel(json, own)
      : isAround
        ? construct(json, {
            ...camelCaseConfig(json),
            layer: this.buildModel(inner as unknown as LayerJson, own),
          })
        : fromConfig(json);
    layer.setFastWeightInitDuringBuild(true);
    this.byPath.set(keyOf(own), layer);
    return layer;
  }
}

function keyOf(path: readonly string[]): string {
  return JSON.stringify(path);
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

/** @throws UnsupportedError for what tfjs throws as it makes or calls a layer. */
function attempt<T>(json: LayerJson, body: () => T): T {
  try {
    return body();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw Object.assign(unsupported(describe(json), 'one that tfjs can build', reason), { cause });
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

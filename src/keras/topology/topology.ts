/** Converts the topology of a Keras 2 or 3 model to one that tfjs 4.22 builds, with `KerasGRU` where tfjs has no layer. */

import { show } from '../../check.js';
import {
  asLayer,
  checkSize,
  describe,
  isModel,
  isObject,
  type JsonObject,
  type LayerJson,
  layersOf,
  nameOf,
  unsupported,
} from '../json.js';
import { checkClass, checkNoResetAfter } from './classes.js';
import { type GraphLayer, graphOf } from './graph.js';
import { checkBackwardLayer, conversionOf } from './gru-config.js';
import { checkHardSigmoid, tfjsConfig } from './layer-config.js';
import { dataLayers, type MaskUse, maskUse } from './mask-layers.js';
import { type Call, checkCall, endsOf, type Ref } from './nodes.js';
import { checkExpandedSize } from './size.js';

/** Whether Keras masked a layer that tfjs may treat otherwise. */
export interface MaskExpectation {
  /** The names of the models around the layer, then its own. */
  readonly path: readonly string[];
  readonly isMasked: boolean;
}

export interface Topology {
  /** As it stands in the file. */
  readonly original: LayerJson;
  readonly model: LayerJson;
  readonly masks: readonly MaskExpectation[];
}

/** Where the walk through the layers is, and what it has found. */
interface Walk {
  /** Names of the models around the layer. */
  readonly path: readonly string[];
  readonly masks: MaskExpectation[];
}

/**
 * @param modelTopology as the converter writes it, or `model.to_json()` parsed.
 * @throws FormatError for JSON that is not a Keras model; UnsupportedError for what neither tfjs nor this package computes.
 */
export function toTfjsTopology(modelTopology: JsonObject): Topology {
  checkSize('modelTopology', modelTopology);
  const { model_config, keras_version } = modelTopology;
  const original = asLayer('modelTopology', model_config ?? modelTopology);
  if (!isModel(original)) {
    const remedy = 'A subclass of keras.Model has no topology: build the model from layers';
    const got = show(original.class_name);
    throw unsupported('modelTopology.class_name', 'Functional or Sequential', got, remedy);
  }
  checkExpandedSize(original);
  if (String(keras_version).startsWith('3.')) checkHardSigmoid(original);
  const masks: MaskExpectation[] = [];
  return { original, model: convertModel(original, { path: [], masks }), masks };
}

function convertModel(model: LayerJson, walk: Walk): LayerJson {
  const config = model.class_name === 'Sequential' ? sequentialConfig(model, walk) : graphConfig(model, walk);
  return { ...model, config };
}

function sequentialConfig(model: LayerJson, walk: Walk): JsonObject {
  const layers = layersOf(model).map((layer) => {
    checkClass(layer);
    return convertLayer(layer, 'implicit', walk);
  });
  const { build_input_shape, ...config } = model.config;
  return { ...config, layers: withInputShape(layers, build_input_shape) };
}

/** Keras may learn the input shape from the first call; tfjs needs it at the first layer. */
function withInputShape(layers: LayerJson[], shape: unknown): LayerJson[] {
  const [first, ...others] = layers;
  if (!first || !Array.isArray(shape) || isModel(first) || first.config.batch_input_shape != null)
    return layers;
  return [{ ...first, config: { ...first.config, batch_input_shape: shape } }, ...others];
}

/** References have numbers of calls here: `Graph` says which. What no output depends on is left out. */
function graphConfig(model: LayerJson, walk: Walk): JsonObject {
  const graph = graphOf(model);
  const [inputs, outputs] = (['input_layers', 'output_layers'] as const).map((key) =>
    endsOf(model, key).map((ref) => graph.resolveEnd(`config.${key} of ${describe(model)}`, ref)),
  ) as [Ref[], Ref[]];
  const kept = dataLayers(graph, outputs);
  for (const [name] of inputs) kept.add(name);
  const layers = [...graph.layers.values()]
    .filter(({ layer }) => kept.has(nameOf(layer)))
    .map((found) => graphLayer(found, walk));
  const calls = graph.order.filter(([name]) => kept.has(name));
  return { ...model.config, layers, calls, input_layers: inputs, output_layers: outputs };
}

function graphLayer({ layer, calls }: GraphLayer, walk: Walk): LayerJson {
  checkClass(layer);
  for (const call of calls) checkCall(layer, call);
  checkTraining(layer, calls);
  const isNested = walk.path.length > 0;
  const use = RECURRENT.has(layer.class_name) ? maskUse({ layer, calls }, isNested) : 'implicit';
  const inbound = calls.map(({ inputs }) => inputs);
  return { ...convertLayer(layer, use, walk, calls), inbound_nodes: inbound };
}

/** Classes whose result depends on a mask in tfjs: they must have one where they had one in Keras, and only there. */
const RECURRENT = new Set(['GRU', 'LSTM', 'SimpleRNN', 'RNN', 'Bidirectional']);

/** A layer called with training=True applies dropout in predictions as well; tfjs cannot. */
function checkTraining(layer: LayerJson, calls: readonly Call[]): void {
  const inner = isObject(layer.config.layer) ? layer.config.layer.config : layer.config;
  const drops = isObject(inner) && inner.dropout !== undefined && inner.dropout !== 0;
  if (drops && calls.some(({ isTraining }) => isTraining))
    throw unsupported(`training of ${describe(layer)}`, 'no fixed value in a call', 'true');
}

/** Converts a layer, or a model that stands among the layers. */
function convertLayer(layer: LayerJson, use: MaskUse, walk: Walk, calls: readonly Call[] = []): LayerJson {
  const path = [...walk.path, nameOf(layer)];
  const expect = (isMasked: boolean) => void walk.masks.push({ path, isMasked });
  if (isModel(layer)) return convertModel(layer, { ...walk, path });
  const own = conversionOf(layer);
  if (own) {
    if (use === 'all') expect(true);
    return own(layer, use === 'none' ? 'ignore' : undefined);
  }
  // In Keras 3 initial states switch the mask off; tfjs applies it.
  if (use === 'none' && calls.some(({ hasStates }) => hasStates)) expect(false);
  const config = tfjsConfig(layer);
  const { layer: inner } = layer.config;
  const isWrapper = isObject(inner) && inner.config !== undefined;
  const wrapped = isWrapper ? { layer: convertWrapped(layer, walk, () => expect(false)) } : {};
  const converted = { ...layer, config: { ...config, ...wrapped } };
  checkNoResetAfter(converted);
  return converted;
}

/** Converts the layer or model inside a wrapper. */
function convertWrapped(wrapper: LayerJson, walk: Walk, expectNoMask: () => void): LayerJson {
  const inner = asLayer(`config.layer of ${describe(wrapper)}`, wrapper.config.layer);
  if (isModel(inner)) return convertModel(inner, { ...walk, path: [...walk.path, nameOf(wrapper)] });
  const own = wrapper.class_name === 'TimeDistributed' ? conversionOf(inner) : undefined;
  if (own) {
    // tfjs passes the whole mask to the layer inside at every step.
    expectNoMask();
    return own(inner, 'ignore');
  }
  const config = tfjsConfig(inner);
  if (wrapper.class_name !== 'Bidirectional') return { ...inner, config };
  checkBackwardLayer(wrapper, inner);
  // Keras 3 writes the name of the forward direction; tfjs adds the prefix itself.
  return { ...inner, config: { ...config, name: nameOf(inner).replace(/^forward_/, '') } };
}

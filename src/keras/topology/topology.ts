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
import { MaskPlan } from '../masks/plan.js';
import type { KerasVersion } from '../masks/rules.js';
import { checkClass, checkNoResetAfter } from './classes.js';
import type { GraphLayer } from './graph.js';
import { checkBackwardLayer, conversionOf } from './gru-config.js';
import { checkHardSigmoid, tfjsConfig } from './layer-config.js';
import { withKerasMasks } from './masked-config.js';
import { type Call, checkCall } from './nodes.js';
import { checkExpandedSize } from './size.js';

export interface Topology {
  /** As it stands in the file. */
  readonly original: LayerJson;
  readonly model: LayerJson;
}

/** Where the walk through the layers is, and the masks there. */
interface Walk {
  /** The names of the models around the layer, each behind a slash. */
  readonly scope: string;
  readonly masks: MaskPlan;
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
  const masks = MaskPlan.of(original, versionOf(keras_version));
  return { original, model: convertModel(original, { scope: '', masks }) };
}

/** Undefined for a model that tfjs has saved. */
function versionOf(version: unknown): KerasVersion | undefined {
  const text = String(version);
  return text.startsWith('tfjs') ? undefined : text.startsWith('3.') ? 3 : 2;
}

function convertModel(model: LayerJson, walk: Walk): LayerJson {
  const config = model.class_name === 'Sequential' ? sequentialConfig(model, walk) : graphConfig(model, walk);
  return { ...model, config };
}

function sequentialConfig(model: LayerJson, walk: Walk): JsonObject {
  const layers = layersOf(model).map((layer) => {
    checkClass(layer);
    return convertLayer(layer, walk);
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
  const { layers, order, kept, inputs, outputs } = walk.masks.graphOf(model, walk.scope);
  const converted = [...layers.values()]
    .filter(({ layer }) => kept.has(nameOf(layer)))
    .map((found) => graphLayer(found, walk));
  const calls = order.filter(([name]) => kept.has(name));
  return { ...model.config, layers: converted, calls, input_layers: inputs, output_layers: outputs };
}

function graphLayer({ layer, calls }: GraphLayer, walk: Walk): LayerJson {
  checkClass(layer);
  for (const call of calls) checkCall(layer, call);
  checkTraining(layer, calls);
  const inbound = calls.map(({ inputs }) => inputs);
  return { ...convertLayer(layer, walk), inbound_nodes: inbound };
}

/** A layer called with training=True applies dropout in predictions as well; tfjs cannot. */
function checkTraining(layer: LayerJson, calls: readonly Call[]): void {
  const inner = isObject(layer.config.layer) ? layer.config.layer.config : layer.config;
  const drops = isObject(inner) && inner.dropout !== undefined && inner.dropout !== 0;
  if (drops && calls.some(({ isTraining }) => isTraining))
    throw unsupported(`training of ${describe(layer)}`, 'no fixed value in a call', 'true');
}

/** Converts a layer, or a model that stands among the layers. */
function convertLayer(layer: LayerJson, walk: Walk): LayerJson {
  const { masks, scope } = walk;
  if (isModel(layer)) return convertModel(layer, { masks, scope: `${scope}/${nameOf(layer)}` });
  const own = conversionOf(layer);
  if (own) return own(layer, masks.hasMasks && !masks.isMasked(layer) ? 'ignore' : undefined);
  const config = tfjsConfig(layer);
  const { layer: inner } = layer.config;
  const isWrapper = isObject(inner) && inner.config !== undefined;
  const wrapped = isWrapper ? { layer: convertWrapped(layer, walk) } : {};
  const converted = { ...layer, config: { ...config, ...wrapped } };
  checkNoResetAfter(converted);
  return withKerasMasks(converted, layer, masks);
}

/** Converts the layer or model inside a wrapper. */
function convertWrapped(wrapper: LayerJson, { masks, scope }: Walk): LayerJson {
  const inner = asLayer(`config.layer of ${describe(wrapper)}`, wrapper.config.layer);
  if (isModel(inner)) return convertModel(inner, { masks, scope: `${scope}/${nameOf(wrapper)}` });
  const isOverTime = wrapper.class_name === 'TimeDistributed';
  const own = isOverTime ? conversionOf(inner) : undefined;
  // tfjs passes the whole mask to the layer inside at every step.
  if (own) return own(inner, 'ignore');
  const converted = { ...inner, config: tfjsConfig(inner) };
  if (wrapper.class_name !== 'Bidirectional')
    return isOverTime ? withKerasMasks(converted, inner, masks) : converted;
  if (inner.class_name === 'RNN') {
    const rule = 'a layer such as LSTM or SimpleRNN, which tfjs can build in Bidirectional';
    throw unsupported(`layer of ${describe(wrapper)}`, rule, '"RNN" with a cell');
  }
  checkBackwardLayer(wrapper, inner);
  // Keras 3 writes the name of the forward direction; tfjs adds the prefix itself.
  return { ...converted, config: { ...converted.config, name: nameOf(inner).replace(/^forward_/, '') } };
}

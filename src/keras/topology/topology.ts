/** A Keras model's topology, of Keras 2 or 3, as one that tfjs 4.22 builds: with this package's layer where tfjs has none. */

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
  nameOf,
  unsupported,
} from '../json.js';
import { checkClass, checkNoResetAfter } from './classes.js';
import {
  checkBackwardLayer,
  convertBidirectional,
  convertCell,
  convertGru,
  isResetAfterCell,
  isResetAfterGru,
} from './gru-config.js';
import { type Dialect, tfjsConfig } from './layer-config.js';
import { type Graph, type MaskUse, maskOnlyLayers, maskUse } from './mask-layers.js';
import { type Call, callsOf, checkCall, endsOf, type Ref } from './nodes.js';

/** Whether Keras masked a layer, where tfjs could do otherwise. */
export interface MaskExpectation {
  /** Names of the models around it and its own. */
  readonly path: readonly string[];
  readonly isMasked: boolean;
}

export interface Topology {
  readonly model: LayerJson;
  readonly masks: readonly MaskExpectation[];
}

interface Place extends Dialect {
  readonly path: readonly string[];
  readonly masks: MaskExpectation[];
}

/**
 * @param modelTopology as the converter writes it, or `model.to_json()` parsed.
 * @throws FormatError when it is no Keras model; UnsupportedError for what neither tfjs nor this package computes.
 */
export function toTfjsTopology(modelTopology: unknown): Topology {
  const model = kerasModelOf(modelTopology);
  const { keras_version } = modelTopology as JsonObject;
  const masks: MaskExpectation[] = [];
  const isKeras3 = typeof keras_version === 'string' && /^3\./.test(keras_version);
  return { model: convertModel(model, { isKeras3, path: [], masks }), masks };
}

/** The model in a topology, as its file has it. */
export function kerasModelOf(modelTopology: unknown): LayerJson {
  const what = 'modelTopology';
  if (!isObject(modelTopology))
    throw invalidModel(what, "a Keras model's configuration", show(modelTopology));
  const model = asLayer(what, modelTopology.model_config ?? modelTopology);
  if (!isModel(model)) {
    const remedy = 'A subclass of keras.Model has no topology to convert: build it of layers';
    throw unsupported(`${what}.class_name`, 'Functional or Sequential', show(model.class_name), remedy);
  }
  return model;
}

function convertModel(model: LayerJson, place: Place): LayerJson {
  const config =
    model.class_name === 'Sequential' ? sequentialConfig(model, place) : graphConfig(model, place);
  return { ...model, config };
}

function sequentialConfig(model: LayerJson, place: Place): JsonObject {
  const layers = layersOf(model).map((layer) => {
    checkClass(layer);
    return convertLayer(layer, 'implicit', place);
  });
  const { build_input_shape, ...config } = model.config;
  return { ...config, layers: withInputShape(layers, build_input_shape) };
}

/** Keras may know the shape of the input from the first call alone; tfjs wants it at the first layer. */
function withInputShape(layers: LayerJson[], shape: unknown): LayerJson[] {
  const [first, ...others] = layers;
  if (!first || !Array.isArray(shape) || isModel(first) || first.config.batch_input_shape != null)
    return layers;
  return [{ ...first, config: { ...first.config, batch_input_shape: shape } }, ...others];
}

function graphConfig(model: LayerJson, place: Place): JsonObject {
  const graph: Graph = new Map(
    layersOf(model).map((layer) => [nameOf(layer), { layer, calls: callsOf(layer) }]),
  );
  const outputs = endsOf(model, 'output_layers');
  const dropped = maskOnlyLayers(graph, outputs);
  const kept = [...graph.values()].filter(({ layer }) => !dropped.has(nameOf(layer)));
  const isExplicit = kept.some(({ calls }) => calls.some((call) => call.isExplicit));
  const refer = (ref: Ref): Ref => (isExplicit ? countedAsTfjs(graph, ref, false) : ref);
  const referEnd = (ref: Ref): Ref => (isExplicit ? countedAsTfjs(graph, ref, true) : ref);
  const layers = kept.map(({ layer, calls }) => {
    checkClass(layer);
    for (const call of calls) checkCall(layer, call);
    checkTraining(layer, calls);
    const use = isRecurrent(layer) ? maskUse({ layer, calls }, place.path.length > 0) : 'implicit';
    const inbound = calls.map(({ inputs }) => inputs.map((ref) => [...refer(ref), {}]));
    return { ...convertLayer(layer, use, place, calls), name: nameOf(layer), inbound_nodes: inbound };
  });
  return {
    ...model.config,
    layers,
    input_layers: endsOf(model, 'input_layers').map(referEnd),
    output_layers: outputs.map(referEnd),
  };
}

/**
 * In tfjs, as in Keras 2, the first node of a model is not a call of it but its own graph. Keras 3 counts that node for a
 * Functional among the outputs, and nowhere else.
 */
function countedAsTfjs(graph: Graph, [name, node, tensor]: Ref, isEnd: boolean): Ref {
  const layer = graph.get(name)?.layer;
  const isCounted = !layer || !isModel(layer) || (isEnd && layer.class_name !== 'Sequential');
  return [name, isCounted ? node : node + 1, tensor];
}

/** Classes that tfjs masks: there a mask that Keras had, or had not, is to be kept. */
const RECURRENT = new Set(['GRU', 'LSTM', 'SimpleRNN', 'RNN', 'Bidirectional']);

function isRecurrent({ class_name }: LayerJson): boolean {
  return RECURRENT.has(class_name);
}

/** A layer called with training=True drops in predictions, too; tfjs never does. */
function checkTraining(layer: LayerJson, calls: readonly Call[]): void {
  const inner = isObject(layer.config.layer) ? layer.config.layer.config : layer.config;
  const drops = isObject(inner) && inner.dropout !== undefined && inner.dropout !== 0;
  if (drops && calls.some(({ isTraining }) => isTraining))
    throw unsupported(`training of ${describe(layer)}`, 'no value fixed at a call', 'true');
}

/** One layer, or a model in its place. */
function convertLayer(layer: LayerJson, use: MaskUse, place: Place, calls: readonly Call[] = []): LayerJson {
  const path = [...place.path, nameOf(layer)];
  const expect = (isMasked: boolean) => void place.masks.push({ path, isMasked });
  if (isModel(layer)) return convertModel(layer, { ...place, path });
  const own = ownConversion(layer);
  if (own) {
    if (use === 'all') expect(true);
    return own(layer, place, use === 'none' ? 'ignore' : undefined);
  }
  // In Keras 3 initial states switch the mask off; tfjs would apply it.
  if (use === 'none' && calls.some(({ hasStates }) => hasStates)) expect(false);
  const config = tfjsConfig(layer, place);
  const { layer: inner } = layer.config;
  const isWrapper = isObject(inner) && inner.config !== undefined;
  const wrapped = isWrapper ? { layer: convertWrapped(layer, place, () => expect(false)) } : {};
  const converted = { ...layer, config: { ...config, ...wrapped } };
  checkNoResetAfter(converted);
  return converted;
}

/** How a layer becomes one of this package; undefined for one that tfjs may have itself. */
function ownConversion(layer: LayerJson) {
  if (isResetAfterGru(layer)) return convertGru;
  if (isResetAfterCell(layer)) return convertCell;
  const isBoth = layer.class_name === 'Bidirectional' && isResetAfterGru(layer.config.layer);
  return isBoth ? convertBidirectional : undefined;
}

/** What a wrapper holds. */
function convertWrapped(wrapper: LayerJson, place: Place, expectNoMask: () => void): LayerJson {
  const inner = asLayer(`config.layer of ${describe(wrapper)}`, wrapper.config.layer);
  if (isModel(inner)) return convertModel(inner, { ...place, path: [...place.path, nameOf(wrapper)] });
  const own = wrapper.class_name === 'TimeDistributed' ? ownConversion(inner) : undefined;
  if (own) {
    // tfjs hands the layer inside all of its mask at every step.
    expectNoMask();
    return own(inner, place, 'ignore');
  }
  const config = tfjsConfig(inner, place);
  if (wrapper.class_name !== 'Bidirectional') return { ...inner, config };
  checkBackwardLayer(wrapper, inner);
  // Keras 3 writes the name of the forward direction, which tfjs makes itself.
  return { ...inner, config: { ...config, name: nameOf(inner).replace(/^forward_/, '') } };
}

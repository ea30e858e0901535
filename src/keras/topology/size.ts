import { asLayer, describe, isModel, isObject, type LayerJson, layersOf, tooLarge } from '../json.js';

/** The most calls of layers, where each call of a model counts as those in it: tfjs goes through them all in each step. */
export const MAX_CALLS = 200_000;

/** @throws FormatError for a model with more calls of layers than `MAX_CALLS`. */
export function checkExpandedSize(model: LayerJson): void {
  expandedSize(model);
}

function expandedSize(model: LayerJson): number {
  let size = 0;
  for (const layer of layersOf(model)) {
    const inner = innerModel(layer);
    const calls = Array.isArray(layer.inbound_nodes) ? Math.max(1, layer.inbound_nodes.length) : 1;
    size += calls * (inner ? 1 + expandedSize(inner) : 1);
  }
  if (size > MAX_CALLS) {
    const rule = `${MAX_CALLS} calls of layers at most, with those in the models that it calls`;
    throw tooLarge(describe(model), rule, 'more');
  }
  return size;
}

/** The layer itself where it is a model, or the model that it wraps. */
function innerModel(layer: LayerJson): LayerJson | undefined {
  if (isModel(layer)) return layer;
  const { layer: wrapped } = layer.config;
  if (!isObject(wrapped) || typeof wrapped.class_name !== 'string') return undefined;
  return innerModel(asLayer(`config.layer of ${describe(layer)}`, wrapped));
}

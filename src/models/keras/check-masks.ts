import type { layers } from '@tensorflow/tfjs-layers';
import { show } from '../../check.js';
import { maskSource } from '../../layers/masks.js';
import { unsupported } from './json.js';
import type { MaskExpectation } from './topology.js';

type Layer = layers.Layer;

/** @throws UnsupportedError for a layer that tfjs would mask where Keras did not, or the other way round. */
export function checkMasks(model: Layer, expectations: readonly MaskExpectation[]): void {
  for (const { path, isMasked } of expectations) {
    const layer = findLayer(model, path);
    const sources = layer.inboundNodes.map(({ inputTensors: [x] }) => maskSource(x));
    // In a nested model a mask may come in from outside, which tfjs looks into at every call.
    const isOther = sources.some((source) => source === (isMasked ? 'none' : 'graph'));
    if (!isOther) continue;
    const [rule, got] = isMasked ? ['masked', 'no mask'] : ['not masked', 'a mask'];
    const why = 'In tfjs a mask goes from layer to layer by itself, and goes other ways than in Keras';
    throw unsupported(`mask of layer ${show(layer.name)}`, `${rule}, as in Keras`, `${got} in tfjs`, why);
  }
}

function findLayer(model: Layer, path: readonly string[]): Layer {
  return path.reduce((parent, name) => {
    const { layers: children = [] } = parent as unknown as { layers?: Layer[] };
    const inner = (parent as unknown as { layer?: Layer }).layer;
    return children.find((child) => child.name === name) ?? (inner as Layer);
  }, model);
}

import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { show } from '../../check.js';
import { KerasGRU } from '../../layers/keras-gru.js';
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

const RECURRENT = new Set([KerasGRU.className, 'Bidirectional', 'GRU', 'LSTM', 'RNN', 'SimpleRNN']);

/**
 * tfjs drops a mask on the way out of a nested model, where Keras hands it on.
 * @throws UnsupportedError for a recurrent layer that would have needed it.
 */
export function checkNestedMasks(model: Layer): void {
  for (const layer of childrenOf(model)) {
    checkNestedMasks(layer);
    if (!RECURRENT.has(layer.getClassName())) continue;
    if (!layer.inboundNodes.some(({ inputTensors: [x] }) => isLost(x, new Map()))) continue;
    const remedy = 'tfjs drops the mask of a nested model: put its layers into the outer one';
    throw unsupported(
      `mask of layer ${show(layer.name)}`,
      'one made in its own model',
      'one of a nested model',
      remedy,
    );
  }
}

/** Whether Keras has a mask for the tensor from inside a nested model. */
function isLost(tensor: SymbolicTensor, seen: Map<number, boolean>): boolean {
  const known = seen.get(tensor.id);
  if (known !== undefined) return known;
  const { sourceLayer, inputs, outputTensorIndex } = tensor;
  const { outputs } = sourceLayer as unknown as { readonly outputs?: readonly SymbolicTensor[] };
  const inner = outputs?.[outputTensorIndex ?? 0];
  const comesIn = () => inputs.some((input) => maskSource(input) === 'graph' || isLost(input, seen));
  const isOut = (x: SymbolicTensor) =>
    maskSource(x) === 'graph' || (maskSource(x) === 'input' && comesIn()) || isLost(x, seen);
  const isHandedOn = () =>
    sourceLayer.supportsMasking && !outputTensorIndex && inputs.some((x) => isLost(x, seen));
  const result = inner ? isOut(inner) : isHandedOn();
  seen.set(tensor.id, result);
  return result;
}

function childrenOf(model: Layer): readonly Layer[] {
  const { layers: children } = model as unknown as { readonly layers?: readonly Layer[] };
  return Array.isArray(children) ? children : [];
}

function findLayer(model: Layer, path: readonly string[]): Layer {
  return path.reduce((parent, name) => {
    const inner = (parent as unknown as { layer?: Layer }).layer;
    return childrenOf(parent).find((child) => child.name === name) ?? (inner as Layer);
  }, model);
}

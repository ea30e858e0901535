import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { show } from '../check.js';
import { makesMask, maskSource } from '../layers/masks/graph.js';
import { unsupported } from './json.js';
import { KerasGRU } from './layer/keras-gru.js';
import type { MaskExpectation } from './topology/topology.js';

type Layer = layers.Layer;

/** @throws UnsupportedError for a layer that tfjs would mask and Keras did not, or the other way round. */
export function checkMasks(model: Layer, expectations: readonly MaskExpectation[]): void {
  for (const { path, isMasked } of expectations) {
    const layer = findLayer(model, path);
    const sources = layer.inboundNodes.map(({ inputTensors: [x] }) => maskSource(x));
    // 'input' fits both: the mask comes from outside a nested model, and the layer decides in each call.
    const isOther = sources.some((source) => source === (isMasked ? 'none' : 'graph'));
    if (!isOther) continue;
    const [rule, got] = isMasked ? ['masked', 'no mask'] : ['not masked', 'a mask'];
    const why = 'tfjs passes masks from layer to layer by other rules than Keras';
    throw unsupported(`mask of layer ${show(layer.name)}`, `${rule}, as in Keras`, `${got} in tfjs`, why);
  }
}

const RECURRENT = new Set([KerasGRU.className, 'Bidirectional', 'GRU', 'LSTM', 'RNN', 'SimpleRNN']);

/**
 * tfjs 4.22 loses masks that Keras keeps in two places: at the output of a nested model, and in merge layers such as Add,
 * which ignore the mask of their last input.
 * @throws UnsupportedError for a recurrent layer that needs such a mask.
 */
export function checkLostMasks(model: Layer): void {
  for (const layer of childrenOf(model)) {
    checkLostMasks(layer);
    if (!RECURRENT.has(layer.getClassName())) continue;
    const what = `mask of layer ${show(layer.name)}`;
    const sources = layer.inboundNodes.map(({ inputTensors: [x] }) => x);
    if (sources.some((x) => isLost(x, new Map()))) {
      const remedy = 'tfjs drops the mask of a nested model: put its layers into the outer one';
      throw unsupported(what, 'one made in its own model', 'one of a nested model', remedy);
    }
    if (sources.some((x) => isMergedOtherwise(x, new Map()))) {
      const remedy =
        'tfjs ignores the mask of the last input of Add and other merge layers: mask after the merge';
      throw unsupported(
        what,
        'one mask in every input of a merge',
        'different ones, or none in the first',
        remedy,
      );
    }
  }
}

/** Merge layers of tfjs that ignore the mask of their last input, and make none where the first input has none. */
const MERGES = new Set(['Add', 'Average', 'Maximum', 'Minimum', 'Multiply']);

/** Whether a merge layer on the path of the tensor's mask computes another mask than Keras. */
function isMergedOtherwise(tensor: SymbolicTensor, seen: Map<number, boolean>): boolean {
  const known = seen.get(tensor.id);
  if (known !== undefined) return known;
  const { sourceLayer, inputs, outputTensorIndex } = tensor;
  const isHandedOn = sourceLayer.supportsMasking && !outputTensorIndex && !makesMask(sourceLayer);
  const differ = () => {
    const masks = inputs.map((input) => [...makersOf(input, new Map())].sort().join());
    return (
      masks.some((mask) => mask !== '') && !masks.every((mask, i) => mask === masks[0] || isFreeAt(masks, i))
    );
  };
  const result =
    isHandedOn &&
    ((MERGES.has(sourceLayer.getClassName()) && differ()) || inputs.some((x) => isMergedOtherwise(x, seen)));
  seen.set(tensor.id, result);
  return result;
}

/** Only the last input may lack a mask. */
function isFreeAt(masks: readonly string[], i: number): boolean {
  return i > 0 && i === masks.length - 1 && masks[i] === '';
}

/** The layers that make the mask of a tensor, each named by its class and its input. */
function makersOf(tensor: SymbolicTensor, seen: Map<number, ReadonlySet<string>>): ReadonlySet<string> {
  const known = seen.get(tensor.id);
  if (known !== undefined) return known;
  const { sourceLayer, inputs, outputTensorIndex } = tensor;
  const isOpen = sourceLayer.supportsMasking && !outputTensorIndex;
  const found = new Set<string>();
  if (isOpen && makesMask(sourceLayer)) found.add(`${sourceLayer.getClassName()} of ${inputs[0]?.id}`);
  else if (isOpen) for (const input of inputs) for (const maker of makersOf(input, seen)) found.add(maker);
  seen.set(tensor.id, found);
  return found;
}

/** Whether the tensor has a mask in Keras that was made inside a nested model, where tfjs loses it. */
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

/** The layer at a path, in which a wrapper's name stands for the model inside it. */
function findLayer(model: Layer, path: readonly string[]): Layer {
  return path.reduce((parent, name) => {
    const { layer: inner } = parent as unknown as { readonly layer?: Layer };
    const found = childrenOf(inner ?? parent).find((child) => child.name === name);
    if (found === undefined) throw new Error(`no layer ${show(name)} in ${show(parent.name)}`);
    return found;
  }, model);
}

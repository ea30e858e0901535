import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { show } from '../check.js';
import { makesMask, maskSource } from '../layers/masks/masks.js';
import { unsupported } from './json.js';
import { KerasGRU } from './layer/keras-gru.js';
import type { MaskExpectation } from './topology/topology.js';

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
 * Two ways on which tfjs 4.22 loses masks that Keras keeps: out of a nested model, and through layers such as Add, which
 * leave out the last input's.
 * @throws UnsupportedError for a recurrent layer that would have needed one.
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
      const remedy = 'tfjs leaves out the mask of the last input of Add and the like: mask after it';
      throw unsupported(
        what,
        'one mask in every input of a merge',
        'different ones, or none in the first',
        remedy,
      );
    }
  }
}

/** Merge layers of tfjs that leave out the last mask, and give up where the first is missing. */
const MERGES = new Set(['Add', 'Average', 'Maximum', 'Minimum', 'Multiply']);

/** Whether a merge on the way of the tensor's mask makes another one of it than Keras does. */
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

/** The last input alone may have none. */
function isFreeAt(masks: readonly string[], i: number): boolean {
  return i > 0 && i === masks.length - 1 && masks[i] === '';
}

/** What the mask of a tensor is made of: the inputs of the layers that make it. */
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

/** A path goes through wrappers of models by the wrapper's name. */
function findLayer(model: Layer, path: readonly string[]): Layer {
  return path.reduce((parent, name) => {
    const { layer: inner } = parent as unknown as { readonly layer?: Layer };
    const found = childrenOf(inner ?? parent).find((child) => child.name === name);
    if (found === undefined) throw new Error(`no layer ${show(name)} in ${show(parent.name)}`);
    return found;
  }, model);
}

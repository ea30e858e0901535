import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { show } from '../check.js';
import { deliveredMasks, originOf } from '../layers/masks/graph.js';
import { maskRuleOf } from '../layers/masks/mask-rules.js';
import type { BuiltModel } from './build.js';
import { unsupported } from './json.js';
import { KerasGRU } from './layer/keras-gru.js';
import type { MaskExpectation } from './topology/topology.js';

type Layer = layers.Layer;

/** @throws UnsupportedError for a layer that tfjs would mask and Keras did not, or the other way round. */
export function checkMasks(model: BuiltModel, expectations: readonly MaskExpectation[]): void {
  for (const { path, isMasked } of expectations) {
    const layer = model.at(path);
    const sources = layer.inboundNodes.map(({ inputTensors: [x] }) => originOf(deliveredMasks.of(x)));
    // 'input' fits both: the mask comes from outside a nested model, and the layer decides in each call.
    const isOther = sources.some((source) => source === (isMasked ? 'none' : 'graph'));
    if (!isOther) continue;
    const [rule, got] = isMasked ? ['masked', 'no mask'] : ['not masked', 'a mask'];
    const why = 'tfjs passes masks from layer to layer by other rules than Keras';
    throw unsupported(`mask of layer ${show(layer.name)}`, `${rule}, as in Keras`, `${got} in tfjs`, why);
  }
}

const RECURRENT = new Set([KerasGRU.className, 'Bidirectional', 'GRU', 'LSTM', 'RNN', 'SimpleRNN']);

/** @throws UnsupportedError for a recurrent layer whose mask in tfjs 4.22 is not that of Keras. */
export function checkLostMasks(model: Layer): void {
  for (const layer of childrenOf(model)) {
    checkLostMasks(layer);
    if (!RECURRENT.has(layer.getClassName())) continue;
    for (const { inputTensors } of layer.inboundNodes) {
      const [x] = inputTensors;
      if (maskOf(x, 'Keras') === maskOf(x, 'tfjs')) continue;
      const what = `mask of layer ${show(layer.name)}`;
      const remedy =
        'tfjs drops the mask of a nested model: put its layers into the outer one. ' +
        'It ignores the mask of the last input of Add and other merge layers: mask after the merge';
      throw unsupported(what, 'the one that Keras makes', 'another one or none in tfjs', remedy);
    }
  }
}

/** Merge layers of tfjs that ignore the mask of their last input, and need one in each of the others. */
const MERGES = new Set(['Add', 'Average', 'Maximum', 'Minimum', 'Multiply']);

/** What makes the mask of a tensor: layers by their class and input, joined by `&`; '' for no mask. */
function maskOf(tensor: SymbolicTensor, rules: 'Keras' | 'tfjs', seen = new Map<number, string>()): string {
  const known = seen.get(tensor.id);
  if (known !== undefined) return known;
  const { sourceLayer, inputs, outputTensorIndex } = tensor;
  const { outputs } = sourceLayer as unknown as { readonly outputs?: readonly SymbolicTensor[] };
  const inner = outputs?.[outputTensorIndex ?? 0];
  const above = () => inputs.map((input) => maskOf(input, rules, seen));
  let mask = '';
  if (inner) {
    // tfjs loses the mask at the output of a nested model.
    const passed = originOf(deliveredMasks.of(inner)) === 'input' ? above() : [];
    if (rules === 'Keras') mask = union([maskOf(inner, rules, seen), ...passed]);
  } else if (sourceLayer.supportsMasking && !outputTensorIndex) {
    const isPartial = rules === 'tfjs' && MERGES.has(sourceLayer.getClassName());
    if (maskRuleOf(sourceLayer) === 'makes') mask = `${sourceLayer.getClassName()} of ${inputs[0]?.id}`;
    else mask = isPartial ? mergedByTfjs(above()) : union(above());
  }
  seen.set(tensor.id, mask);
  return mask;
}

function mergedByTfjs(masks: readonly string[]): string {
  const used = masks.slice(0, -1);
  return used.includes('') ? '' : union(used);
}

function union(masks: readonly string[]): string {
  const makers = masks.flatMap((mask) => (mask === '' ? [] : mask.split('&')));
  return [...new Set(makers)].sort().join('&');
}

function childrenOf(model: Layer): readonly Layer[] {
  const { layers: children } = model as unknown as { readonly layers?: readonly Layer[] };
  return Array.isArray(children) ? children : [];
}

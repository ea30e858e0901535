/**
 * Which mask a layer may believe.
 *
 * tfjs 4.22 hands masks around in one `kwargs` object that its executor shares among all layers of a model and never
 * clears (engine/executor.js): a layer behind one that drops masks is handed the mask of an earlier layer. A nested
 * model is called with the same object, which is how an outer mask gets into it. So what a layer is handed says nothing;
 * the graph does.
 */

import { reshape, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { message } from '../../check.js';
import { UnsupportedError } from '../../errors.js';

type Layer = layers.Layer;
export type Mask = Tensor | null | undefined;

/** The first of a mask list: masks of initial states mean nothing. */
export function firstMask(mask: Mask | Mask[]): Mask {
  return Array.isArray(mask) ? mask[0] : mask;
}

/**
 * Whether a mask can belong to a batch-first sequence `[B, T, I]`. The merge layers of tfjs 4.22 make `[1, B, T]` of it.
 * A disposed one is left over from a nested model, whose executor has thrown it away.
 */
export function maskFits(mask: Mask, x: Tensor): mask is Tensor {
  if (!mask || mask.isDisposed) return false;
  const shape = mask.rank === 3 && mask.shape[0] === 1 ? mask.shape.slice(1) : mask.shape;
  return shape.length === 2 && shape[0] === x.shape[0] && shape[1] === x.shape[1];
}

/** A mask that fits, as `[B, T]`. Call inside `tidy`. */
export function sequenceMask(mask: Tensor, x: Tensor): Tensor2D {
  return reshape(mask, [x.shape[0], x.shape[1] as number]);
}

/** Where a tensor of the graph has a mask from: nowhere, a layer of its own model, or what that model is fed. */
type Origin = 'none' | 'graph' | 'input';

/** Layers of tfjs whose own `computeMask` makes no mask, but hands theirs on or merges it. */
const HAND_ON = new Set(
  'Add Average Bidirectional Concatenate ConvLSTM2D Dot GRU LSTM Maximum Minimum Multiply RNN SimpleRNN'.split(
    ' ',
  ),
);

/** Whether masks come from the layer itself, rather than through it. */
export function makesMask(layer: Layer & { readonly maskZero?: boolean }): boolean {
  const name = layer.getClassName();
  if (name === 'Embedding') return layer.maskZero === true;
  const hasOwn = layer.computeMask !== layers.Layer.prototype.computeMask;
  return hasOwn && !HAND_ON.has(name) && !('torchShapes' in layer);
}

/** Follows the graph upwards as the executor goes down: a layer that does not support masking drops the mask. */
function originOf(tensor: SymbolicTensor, seen: Map<number, Origin>): Origin {
  const known = seen.get(tensor.id);
  if (known) return known;
  const source = tensor.sourceLayer;
  let origin: Origin = 'none';
  if (source.getClassName() === 'InputLayer') origin = 'input';
  // The executor gives every output of a layer the mask of its first one; final states have none.
  else if (source.supportsMasking && !tensor.outputTensorIndex) {
    const above = () => tensor.inputs.map((input) => originOf(input, seen));
    const origins = makesMask(source) ? ['graph'] : above();
    origin = origins.includes('graph') ? 'graph' : origins.includes('input') ? 'input' : 'none';
  }
  seen.set(tensor.id, origin);
  return origin;
}

/** Where a tensor of a model's graph has its mask from, by the rules of the executor. */
export function maskSource(tensor: SymbolicTensor): Origin {
  return originOf(tensor, new Map());
}

/**
 * What the graph says of a mask that the executor hands to `layer` with `inputs`: it can be the layer's own by its place
 * in the graph, it may have come in by the model's input, or it is none of the layer's.
 *
 * @param isNested whether the layer's model was applied inside another one, whose mask then comes in by its input.
 */
export function maskOrigin(layer: Layer, inputs: readonly Tensor[], isNested: boolean): Origin {
  const seen = new Map<number, Origin>();
  const nodes = layer.inboundNodes.filter(({ inputTensors }) => couldBe(inputTensors, inputs));
  const origins = nodes.map(({ inputTensors: [x] }) => originOf(x, seen));
  if (isNested && origins.includes('input')) return 'input';
  return origins.includes('graph') ? 'graph' : 'none';
}

/** For a layer that used a mask by its place in the graph where the executor then says that it had none. */
export function ambiguousMaskError(where: string, layer: Layer): UnsupportedError {
  return new UnsupportedError(
    message(
      where,
      'mask',
      `every place of layer ${JSON.stringify(layer.name)} to be masked, or none`,
      'both kinds',
      'tfjs does not tell them apart: mask both (tf.layers.masking), or use two layers with the same weights',
    ),
  );
}

/** Whether the tensors can be values of the symbolic ones. */
function couldBe(symbolic: readonly SymbolicTensor[], values: readonly Tensor[]): boolean {
  return (
    symbolic.length === values.length &&
    symbolic.every(({ shape }, i) => {
      const actual = values[i].shape;
      return shape.length === actual.length && shape.every((size, k) => size === null || size === actual[k]);
    })
  );
}

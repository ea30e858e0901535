/**
 * Which mask a layer may believe. tfjs 4.22 hands masks around in `kwargs.mask` and twice forgets to take them away:
 * - its executor never clears the mask of an earlier layer (engine/executor.js), so a layer behind one that drops
 *   masks is handed a stale one;
 * - a nested model keeps the first call's mask in the node's `callArgs` (engine/container.js) and hands it out again
 *   in every later call.
 */

import type { Tensor } from '@tensorflow/tfjs-core';
import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';

type Layer = layers.Layer;
export type Mask = Tensor | null | undefined;

/** The first of a mask list: masks of initial states mean nothing. */
export function firstMask(mask: Mask | Mask[]): Mask {
  return Array.isArray(mask) ? mask[0] : mask;
}

/** Whether a mask can belong to a batch-first sequence `[B, T, I]`. */
export function maskFits(mask: Mask, x: Tensor): mask is Tensor {
  return !!mask && mask.rank === 2 && mask.shape[0] === x.shape[0] && mask.shape[1] === x.shape[1];
}

/**
 * Whether the executor's mask for this layer can be its own: some input of it in the graph carries a mask. A layer
 * that was never part of a graph is called by the user, who is believed.
 */
export function graphCarriesMask(layer: Layer): boolean {
  return (
    layer.inboundNodes.length === 0 || layer.inboundNodes.some(({ inputTensors: [x] }) => x && carriesMask(x))
  );
}

/** Follows the graph upwards as the executor does: a layer that does not support masking drops the mask. */
function carriesMask(tensor: SymbolicTensor): boolean {
  const source = tensor.sourceLayer as Layer & { readonly maskZero?: boolean };
  if (!source.supportsMasking) return false;
  if (source.maskZero || source.getClassName() === 'Masking') return true;
  return tensor.inputs.some(carriesMask);
}

/**
 * Takes the mask out of the `callArgs` of one of the layer's own nodes (a nested model's call), so that the next
 * call finds its own. Undefined for any other kwargs: `tf.layers.timeDistributed` passes its own mask there.
 */
export function takeNodeMask(layer: Layer, kwargs: { mask?: Mask | Mask[] }): Mask {
  if (!layer.inboundNodes.some((node) => node.callArgs === kwargs)) return undefined;
  const mask = firstMask(kwargs.mask);
  delete kwargs.mask;
  return mask;
}

/**
 * The masks of the tensors in a model's graph.
 *
 * tfjs 4.22 passes masks in one `kwargs` object that its executor shares among all layers of a model and never clears
 * (engine/executor.js): behind a layer that drops masks, the next one gets the mask of an earlier layer. A nested model is
 * called with the same object, which is how an outer mask reaches it. So the mask that a layer gets proves nothing; its
 * place in the graph does.
 */

import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { GraphWalk, type WalkRule } from './graph-walk.js';
import { maskedOutputs, maskRuleOf } from './mask-rules.js';

type Layer = layers.Layer;

/** What makes the mask of a tensor: the makers, sorted and joined by `&`; '' for no mask. */
export type GraphMask = string;

const NONE: GraphMask = '';

/** What makes the mask of a tensor whose layer makes one. Two embeddings of the same indices make the same one. */
function makerOf({ sourceLayer, inputs, id }: SymbolicTensor): GraphMask {
  const name = sourceLayer.getClassName();
  const { maskValue } = sourceLayer as Layer & { readonly maskValue?: unknown };
  if (name === 'Embedding') return `not 0 in ${inputs[0]?.id}`;
  if (name === 'TorchEmbedding') return `not ${sourceLayer.getConfig().paddingIdx} in ${inputs[0]?.id}`;
  return name === 'Masking' ? `not ${maskValue} in ${inputs[0]?.id}` : `mask of ${id}`;
}

const INPUT = 'input ';

/** All masks in one: a step is present where all of them have it. */
export function union(masks: readonly GraphMask[]): GraphMask {
  const makers = masks.flatMap((mask) => (mask === NONE ? [] : mask.split('&')));
  return [...new Set(makers)].sort().join('&');
}

/** A layer whose class does not tell what it does with masks. */
export interface SaysItsMask {
  /** The mask of its output, from those of its inputs. */
  graphMask(masks: readonly GraphMask[]): GraphMask;
}

/** The mask of a tensor by the rules of tfjs, where its merge layers merge the masks that `merged` chooses. */
function byTfjs(merged: (masks: readonly GraphMask[]) => GraphMask): WalkRule<GraphMask> {
  return (tensor, masks) => {
    const { sourceLayer, outputTensorIndex = 0 } = tensor;
    if (sourceLayer.getClassName() === 'InputLayer') return `${INPUT}${tensor.id}`;
    const { graphMask } = sourceLayer as Layer & Partial<SaysItsMask>;
    if (graphMask) return graphMask.call(sourceLayer, masks);
    switch (maskRuleOf(sourceLayer)) {
      case 'makes':
        return makerOf(tensor);
      case 'keeps':
        return masks[0] ?? NONE;
      case 'sequence':
        return outputTensorIndex < maskedOutputs(sourceLayer) ? (masks[0] ?? NONE) : NONE;
      case 'merges':
        return merged(masks);
      case 'concatenates':
        return union(masks);
      default:
        return NONE;
    }
  };
}

/** Merge layers of tfjs ignore the mask of their last input, and need one in each of the others. */
function mergedByTfjs(masks: readonly GraphMask[]): GraphMask {
  const used = masks.slice(0, -1);
  return used.includes(NONE) ? NONE : union(used);
}

/** The masks that the executor of tfjs hands on. */
export const deliveredMasks = new GraphWalk(byTfjs(mergedByTfjs));

/** The masks that tfjs means to hand on: its merge layers should merge all that there are. */
export const intendedMasks = new GraphWalk(byTfjs(union));

/** Where a mask comes from: nowhere, a layer of the same model, or the model's input alone. */
export type Origin = 'none' | 'graph' | 'input';

export function originOf(mask: GraphMask): Origin {
  if (mask === NONE) return 'none';
  return mask.split('&').every((maker) => maker.startsWith(INPUT)) ? 'input' : 'graph';
}

/** Without the masks of the model's inputs: it has those only where it stands in another model, which alone knows them. */
function ofGraph(mask: GraphMask): GraphMask {
  return mask
    .split('&')
    .filter((maker) => !maker.startsWith(INPUT))
    .join('&');
}

/** The layer at which tfjs loses a mask that it means to hand on with the tensor; undefined where it loses none. */
export const losingLayers = new GraphWalk<Layer | undefined>((tensor, ofInputs) => {
  const isLost = ofGraph(deliveredMasks.of(tensor)) !== ofGraph(intendedMasks.of(tensor));
  return isLost ? (ofInputs.find((layer) => layer !== undefined) ?? tensor.sourceLayer) : undefined;
});

/**
 * Where a mask comes from, by a model's graph.
 *
 * tfjs 4.22 passes masks in one `kwargs` object that its executor shares among all layers of a model and never clears
 * (engine/executor.js): behind a layer that drops masks, the next one gets the mask of an earlier layer. A nested model is
 * called with the same object, which is how an outer mask reaches it. So the mask that a layer gets proves nothing; its
 * place in the graph does.
 */

import type { Tensor } from '@tensorflow/tfjs-core';
import { layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';

type Layer = layers.Layer;

/** Where the mask of a tensor in the graph comes from: nowhere, a layer of the same model, or the model's input. */
type Origin = 'none' | 'graph' | 'input';

/** Layers of tfjs whose `computeMask` makes no mask: it passes theirs on, or merges them. */
const HAND_ON = new Set(
  'Add Average Bidirectional Concatenate ConvLSTM2D Dot GRU LSTM Maximum Minimum Multiply RNN SimpleRNN'.split(
    ' ',
  ),
);

/** Whether the layer makes a mask, rather than passing on those of its inputs. */
export function makesMask(layer: Layer & { readonly maskZero?: boolean }): boolean {
  const name = layer.getClassName();
  if (name === 'Embedding') return layer.maskZero === true;
  const hasOwn = layer.computeMask !== layers.Layer.prototype.computeMask;
  return hasOwn && !HAND_ON.has(name) && !('torchShapes' in layer);
}

/** Follows the graph from a tensor to the inputs. A layer that does not support masking drops the mask. */
function originOf(tensor: SymbolicTensor, seen: Map<number, Origin>): Origin {
  const known = seen.get(tensor.id);
  if (known) return known;
  const source = tensor.sourceLayer;
  let origin: Origin = 'none';
  if (source.getClassName() === 'InputLayer') origin = 'input';
  // The executor gives all outputs of a layer the mask of the first one; final states have none.
  else if (source.supportsMasking && !tensor.outputTensorIndex) {
    const above = () => tensor.inputs.map((input) => originOf(input, seen));
    const origins = makesMask(source) ? ['graph'] : above();
    origin = origins.includes('graph') ? 'graph' : origins.includes('input') ? 'input' : 'none';
  }
  seen.set(tensor.id, origin);
  return origin;
}

/** Where the mask of a tensor in a model's graph comes from, by the rules of tfjs's executor. */
export function maskSource(tensor: SymbolicTensor): Origin {
  return originOf(tensor, new Map());
}

/**
 * Whether a mask that the executor passes to `layer` with `inputs` belongs to it: `graph`, it may be the mask of this input
 * by the layer's place in the graph; `input`, it may have come through the model's input; `none`, it is another layer's.
 *
 * @param isNested whether the layer's model was applied inside another model, whose mask comes through its input.
 */
export function maskOrigin(layer: Layer, inputs: readonly Tensor[], isNested: boolean): Origin {
  const seen = new Map<number, Origin>();
  const nodes = layer.inboundNodes.filter(({ inputTensors }) => couldBe(inputTensors, inputs));
  const origins = nodes.map(({ inputTensors: [x] }) => originOf(x, seen));
  if (isNested && origins.includes('input')) return 'input';
  return origins.includes('graph') ? 'graph' : 'none';
}

/** Whether the shapes of the tensors fit those of the symbolic ones. */
function couldBe(symbolic: readonly SymbolicTensor[], values: readonly Tensor[]): boolean {
  return (
    symbolic.length === values.length &&
    symbolic.every(({ shape }, i) => {
      const actual = values[i].shape;
      return shape.length === actual.length && shape.every((size, k) => size === null || size === actual[k]);
    })
  );
}

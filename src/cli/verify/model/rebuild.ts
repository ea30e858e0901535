/** A model's graph with other layers at some of its places. The model itself stays as it is. */

import type { serialization } from '@tensorflow/tfjs-core';
import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { GraphWalk } from '../../../layers/masks/graph-walk.js';

type Layer = layers.Layer;

/** What stands in place of a call of a layer; undefined where the layer stays. */
export type Substitute = (layer: Layer, inputs: readonly SymbolicTensor[]) => SymbolicTensor | undefined;

/** The tensor as it is with the substitutes before it: the same one where there are none. */
export function rebuilt(output: SymbolicTensor, substitute: Substitute): SymbolicTensor {
  const done = new Map<string, readonly SymbolicTensor[]>();
  const walk = new GraphWalk<SymbolicTensor>((tensor, inputs) => {
    const { sourceLayer, nodeIndex, outputTensorIndex = 0 } = tensor;
    const place = `${sourceLayer.id} ${nodeIndex}`;
    const outputs = done.get(place) ?? outputsOf(tensor, inputs, substitute);
    done.set(place, outputs);
    return outputs[outputTensorIndex] ?? tensor;
  });
  return walk.of(output);
}

/** None where nothing before the tensor has changed. */
function outputsOf(
  { sourceLayer, nodeIndex, inputs: own }: SymbolicTensor,
  inputs: readonly SymbolicTensor[],
  substitute: Substitute,
): readonly SymbolicTensor[] {
  const other = substitute(sourceLayer, inputs);
  if (other) return [other];
  if (inputs.every((input, i) => input === own[i])) return [];
  const { callArgs } = sourceLayer.inboundNodes[nodeIndex] as { callArgs?: Parameters<Layer['apply']>[1] };
  return listOf(applied(sourceLayer, inputs, callArgs));
}

/** The first output of a layer like this one, with its weights and another configuration. */
export function twinOf(layer: Layer, changes: serialization.ConfigDict, inputs: readonly SymbolicTensor[]) {
  const Class = layer.constructor as serialization.SerializableConstructor<Layer>;
  // Both may stand in one model, where names differ.
  const twin = Class.fromConfig(Class, { ...layer.getConfig(), ...changes, name: `${layer.name}_twin` });
  const [output] = listOf(applied(twin, inputs));
  twin.setWeights(layer.getWeights());
  return output as SymbolicTensor;
}

function applied(layer: Layer, inputs: readonly SymbolicTensor[], args?: Parameters<Layer['apply']>[1]) {
  return layer.apply(inputs.length === 1 ? (inputs[0] as SymbolicTensor) : [...inputs], args) as
    | SymbolicTensor
    | SymbolicTensor[];
}

function listOf(outputs: SymbolicTensor | SymbolicTensor[]): SymbolicTensor[] {
  return Array.isArray(outputs) ? outputs : [outputs];
}

/** What is wrong with an input in a model that is no sequence. */

import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { message, showShape } from '../../check.js';

/** Checks that x in a model is a sequence `[B, T, I]`. */
export function checkSymbolicSequence(where: string, x: SymbolicTensor): void {
  if (x.rank === 3) return;
  throw new RangeError(message(where, 'x', '[B, T, I]', showShape(x.shape), remedyFor(x)));
}

function remedyFor(x: SymbolicTensor): string | undefined {
  if (x.rank !== 2) return undefined;
  const ending = lastStateLayer(x);
  if (ending !== undefined) {
    const name = JSON.stringify(ending.name);
    return `Layer ${name} before it gives its last state only: pass returnSequences: true to it`;
  }
  if (x.sourceLayer.getClassName() !== 'InputLayer') return undefined;
  const [, inputSize] = x.shape;
  return `An input leaves out B, but not T: inputShape: [null, ${inputSize ?? 'I'}]`;
}

/** The recurrent layer of ours or of tf.layers above a tensor `[B, F]` that is made of its last state alone. */
function lastStateLayer(x: SymbolicTensor): layers.Layer | undefined {
  let tensor = x;
  // Final states, which follow the output, are not made by an argument.
  while (tensor.rank === 2 && !tensor.outputTensorIndex) {
    const { sourceLayer, inputs } = tensor;
    const { returnSequences } = sourceLayer as { readonly returnSequences?: unknown };
    if (returnSequences === false) return sourceLayer;
    if (inputs.length !== 1) return undefined;
    tensor = inputs[0] as SymbolicTensor;
  }
  return undefined;
}

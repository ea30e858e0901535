import { concat, dropout, type Tensor3D, zerosLike } from '@tensorflow/tfjs-core';
import type { StackInputs, StackOutputs } from '../../kernels/contract.js';
import { sliceRows } from '../../ops/rows.js';

/**
 * Runs a stack with torch's dropout on the output of every layer but the last: one call of `run` for each layer.
 *
 * @param directions D, the number of entries in `weights` and of rows in each state that belong to one layer.
 * @param rate probability of zeroing an element; the others are scaled by 1 / (1 - rate).
 */
export function runWithDropout(
  run: (inputs: StackInputs) => StackOutputs,
  inputs: StackInputs,
  directions: number,
  rate: number,
): StackOutputs {
  const { weights, initialStates, lengths } = inputs;
  const finals: Tensor3D[][] = [];
  let x = inputs.x;
  for (let k = 0; k < weights.length; k += directions) {
    const states = initialStates?.map((state) => sliceRows(state, k, directions));
    const layer = run({ x, initialStates: states, weights: weights.slice(k, k + directions), lengths });
    finals.push(layer.finalStates);
    x = k + directions < weights.length ? dropElements(layer.output, rate) : layer.output;
  }
  const finalStates = (finals[0] as Tensor3D[]).map((_, s) =>
    concat(finals.map((states) => states[s] as Tensor3D)),
  );
  return { output: x, finalStates };
}

/** tf.dropout refuses a rate of 1; torch returns zeros. */
function dropElements(x: Tensor3D, rate: number): Tensor3D {
  return (rate === 1 ? zerosLike(x) : dropout(x, rate)) as Tensor3D;
}

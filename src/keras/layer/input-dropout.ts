import { concat, dropout, reverse, type Tensor3D } from '@tensorflow/tfjs-core';
import type { StackAttrs, StackInputs, StackOutputs } from '../../kernels/contract.js';
import { sliceRows } from '../../ops/rows.js';
import type { PresentSteps } from './present-steps.js';

/**
 * Runs the one layer of `inputs` with Keras's dropout: it zeroes input features, the same ones at every step, and others in
 * each direction. So each direction runs alone, the reverse one on a reversed sequence.
 *
 * @param rate probability of zeroing a feature; the others are scaled by 1 / (1 - rate).
 * @param steps of a masked call, whose rows have their present steps in front. Call inside `tidy`.
 */
export function runWithInputDropout(
  run: (inputs: StackInputs, attrs: StackAttrs) => StackOutputs,
  inputs: StackInputs,
  attrs: StackAttrs,
  rate: number,
  steps: PresentSteps | undefined,
): StackOutputs {
  const [batch, , features] = inputs.x.shape;
  const turn = (x: Tensor3D): Tensor3D => (steps ? steps.reverse(x) : reverse(x, 1));
  const runs = inputs.weights.map((weights, direction): StackOutputs => {
    const x = dropout(inputs.x, rate, [batch, 1, features]) as Tensor3D;
    const initialStates = inputs.initialStates?.map((state) => sliceRows(state, direction, 1));
    const alone = { ...inputs, initialStates, weights: [weights] };
    const isReverse = direction === 1;
    const result = run({ ...alone, x: isReverse ? turn(x) : x }, { ...attrs, bidirectional: false });
    return isReverse ? { ...result, output: turn(result.output) } : result;
  });
  if (runs.length === 1) return runs[0] as StackOutputs;
  return {
    output: concat(
      runs.map(({ output }) => output),
      2,
    ),
    finalStates: [concat(runs.map(({ finalStates: [hn] }) => hn as Tensor3D))],
  };
}

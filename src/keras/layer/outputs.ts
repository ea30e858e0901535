/** Makes the outputs of Keras's GRU and Bidirectional from those of the op. Call inside `tidy`. */

import {
  add,
  concat,
  div,
  mul,
  slice,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
} from '@tensorflow/tfjs-core';
import type { StackOutputs } from '../../kernels/contract.js';
import { unstackRows } from '../../ops/rows.js';
import type { KerasGRUOptions, MergeMode } from './args.js';
import type { PresentSteps } from './present-steps.js';

/**
 * The output (two with `mergeMode: 'none'`), then with `returnState` the final state of each direction.
 *
 * @param steps of a masked call, whose rows the op got with their present steps in front.
 */
export function kerasOutputs(
  { output, finalStates }: StackOutputs,
  steps: PresentSteps | undefined,
  options: KerasGRUOptions,
): Tensor[] {
  const states = unstackRows(finalStates[0] as Tensor3D);
  const isZero = options.maskRule === 'zero';
  const whole = (x: Tensor3D) => (isZero ? steps?.putBack(x) : steps?.putBackAndHold(x)) ?? x;
  // The output of the last step read. A row without steps has zeros, whatever its state.
  const last = (x: Tensor2D) => (isZero ? steps?.zeroIfLastAbsent(x) : steps?.zeroIfEmpty(x)) ?? x;
  const directions = options.returnSequences ? splitDirections(whole(output), options) : states.map(last);
  const merged = directions.length === 1 ? directions : merge(directions, options.mergeMode);
  return options.returnState ? [...merged, ...states] : merged;
}

/** `[B, T, D*H]` as D tensors `[B, T, H]`. */
function splitDirections(output: Tensor3D, { bidirectional, mergeMode }: KerasGRUOptions): Tensor[] {
  if (!bidirectional || mergeMode === 'concat') return [output];
  const [batch, count, columns] = output.shape;
  const size = columns / 2;
  return [0, size].map((begin) => slice(output, [0, 0, begin], [batch, count, size]));
}

function merge(directions: Tensor[], mode: MergeMode): Tensor[] {
  const [forward, backward] = directions as [Tensor, Tensor];
  switch (mode) {
    case 'concat':
      return [concat([forward, backward], -1)];
    case 'sum':
      return [add(forward, backward)];
    case 'mul':
      return [mul(forward, backward)];
    case 'ave':
      return [div(add(forward, backward), 2)];
    case 'none':
      return directions;
  }
}

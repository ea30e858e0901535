import { reshape, type Tensor2D } from '@tensorflow/tfjs-core';
import type { DirectionWeights, StackAttrs, StackInputs, StackOutputs } from '../kernels/contract.js';

/**
 * One step of a cell: one layer over a sequence of one step, so that cells run on the kernels of the layers.
 *
 * @param run the op of the cell.
 * @param x `[B, I]`.
 * @param states in the cell's order, each `[B, H]`; zeros where absent.
 * @param attrs of one layer in one direction, time-major.
 * @returns the next states. Call inside `tidy`.
 */
export function runStep(
  run: (inputs: StackInputs, attrs: StackAttrs) => StackOutputs,
  x: Tensor2D,
  states: readonly Tensor2D[] | undefined,
  weights: DirectionWeights,
  attrs: StackAttrs,
): Tensor2D[] {
  const [batch, inputSize] = x.shape;
  const { hiddenSize } = attrs;
  const { finalStates } = run(
    {
      x: reshape(x, [1, batch, inputSize]),
      initialStates: states?.map((state) => reshape(state, [1, batch, hiddenSize])),
      weights: [weights],
    },
    attrs,
  );
  return finalStates.map((state) => reshape(state, [batch, hiddenSize]));
}

import { reshape, type Tensor2D } from '@tensorflow/tfjs-core';
import type { DirectionWeights, StackAttrs, StackInputs } from '../kernels/contract.js';
import type { Cell } from '../torch/cells.js';
import type { Implementation } from './implementation.js';
import { runRecurrent } from './recurrent.js';

/**
 * One step of a cell: one layer over a sequence of one step, so that cells run on the kernels of the layers.
 *
 * @param x `[B, I]`.
 * @param states in the cell's order, each `[B, H]`; zeros where absent.
 * @param attrs of one layer in one direction, time-major.
 * @returns the next states. Call inside `tidy`.
 */
export function runStep(
  cell: Cell,
  x: Tensor2D,
  states: readonly Tensor2D[] | undefined,
  weights: DirectionWeights,
  attrs: StackAttrs,
  implementation: Implementation,
): Tensor2D[] {
  const [batch, inputSize] = x.shape;
  const { hiddenSize } = attrs;
  const inputs: StackInputs = {
    x: reshape(x, [1, batch, inputSize]),
    initialStates: states?.map((state) => reshape(state, [1, batch, hiddenSize])),
    weights: [weights],
  };
  const { finalStates } = runRecurrent(cell, inputs, attrs, implementation);
  return finalStates.map((state) => reshape(state, [batch, hiddenSize]));
}

import { add, relu, type Tensor2D } from '@tensorflow/tfjs-core';
import { outputSize, type StackAttrs, type StackInputs, type StackOutputs } from '../kernels/contract.js';
import { tanh } from './activations.js';
import { runFused } from './fused.js';
import { type Implementation, isFused } from './implementation.js';
import { type CellEquations, linear, runStack } from './recurrence.js';

/** The activation of an Elman network, as torch names it. */
export type Nonlinearity = 'tanh' | 'relu';

export const NONLINEARITIES: readonly Nonlinearity[] = ['tanh', 'relu'];

/**
 * One step of an Elman network as `torch.nn.RNN` computes it.
 *
 *     h' = nonlinearity(W_ih @ x + b_ih + W_hh @ h + b_hh)
 */
function rnnEquations(activate: (x: Tensor2D) => Tensor2D): CellEquations {
  return {
    gates: 1,
    stateSizes: (attrs) => [outputSize(attrs)],
    step([fromInput], [h], { weight_hh, bias_hh }) {
      return [activate(add(fromInput as Tensor2D, linear(h as Tensor2D, weight_hh, bias_hh)))];
    },
  };
}

const EQUATIONS: Readonly<Record<Nonlinearity, CellEquations>> = {
  tanh: rnnEquations(tanh),
  relu: rnnEquations(relu),
};

/** A stack of RNN layers over whole sequences. The caller disposes the outputs. */
export function rnn(
  inputs: StackInputs,
  attrs: StackAttrs,
  nonlinearity: Nonlinearity,
  implementation: Implementation,
): StackOutputs {
  return isFused('RNN', implementation)
    ? runFused(nonlinearity === 'tanh' ? 'RNN_TANH' : 'RNN_RELU', inputs, attrs)
    : runStack(EQUATIONS[nonlinearity], inputs, attrs);
}

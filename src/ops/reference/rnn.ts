import { add, type Tensor2D } from '@tensorflow/tfjs-core';
import { relu, tanh } from './activations.js';
import { type CellStep, linear } from './cell-step.js';

/**
 * One step of an Elman network as `torch.nn.RNN` computes it.
 *
 *     h' = activate(W_ih @ x + b_ih + W_hh @ h + b_hh)
 */
function rnnStep(activate: (x: Tensor2D) => Tensor2D): CellStep {
  return ([fromInput], [h], { weight_hh, bias_hh }) => [
    activate(add(fromInput as Tensor2D, linear(h as Tensor2D, weight_hh, bias_hh))),
  ];
}

export const rnnTanhStep = rnnStep(tanh);
export const rnnReluStep = rnnStep(relu);

import { add, expandDims, matMul, mul, type Tensor2D } from '@tensorflow/tfjs-core';
import { sigmoid, tanh } from './activations.js';
import { type CellStep, gateBlocks, linear } from './cell-step.js';

/**
 * One step of a long short-term memory as `torch.nn.LSTM` computes it; gate rows i | f | g | o.
 *
 *     i  = sigmoid(W_ii @ x + b_ii + W_hi @ h + b_hi)        input
 *     f  = sigmoid(W_if @ x + b_if + W_hf @ h + b_hf)        forget
 *     g  = tanh(W_ig @ x + b_ig + W_hg @ h + b_hg)           cell
 *     o  = sigmoid(W_io @ x + b_io + W_ho @ h + b_ho)        output
 *     c' = f * c + i * g
 *     h' = o * tanh(c')
 *
 * With a projection (arXiv:1402.1128) h' = W_hr @ (o * tanh(c')), and h has P columns where c keeps H.
 */
export const lstmStep: CellStep = (gatesFromInput, states, { weight_hh, bias_hh, weight_hr }) => {
  const [h, c] = states as [Tensor2D, Tensor2D];
  const fromState = gateBlocks(expandDims(linear(h, weight_hh, bias_hh), 0), 4);
  const [iGate, fGate, gGate, oGate] = gatesFromInput.map((gate, k) =>
    add(gate, fromState[k] as Tensor2D),
  ) as [Tensor2D, Tensor2D, Tensor2D, Tensor2D];
  const cNext = add(mul(sigmoid(fGate), c), mul(sigmoid(iGate), tanh(gGate))) as Tensor2D;
  const hNext = mul(sigmoid(oGate), tanh(cNext)) as Tensor2D;
  return [weight_hr ? matMul(hNext, weight_hr, false, true) : hNext, cNext];
};

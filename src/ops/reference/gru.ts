import { add, expandDims, mul, sub, type Tensor2D } from '@tensorflow/tfjs-core';
import { sigmoid, tanh } from './activations.js';
import { type CellStep, gateBlocks, linear } from './cell-step.js';

/**
 * One step of a gated recurrent unit as `torch.nn.GRU` computes it; gate rows r | z | n.
 *
 *     r  = sigmoid(W_ir @ x + b_ir + W_hr @ h + b_hr)        reset
 *     z  = sigmoid(W_iz @ x + b_iz + W_hz @ h + b_hz)        update
 *     n  = tanh(W_in @ x + b_in + r * (W_hn @ h + b_hn))     new
 *     h' = (1 - z) * n + z * h
 *
 * r acts after the product with W_hn (arXiv:1406.1078v1), so b_hn cannot be folded into b_in.
 */
export const gruStep: CellStep = (gatesFromInput, states, { weight_hh, bias_hh }) => {
  const [h] = states as [Tensor2D];
  const [rx, zx, nx] = gatesFromInput as [Tensor2D, Tensor2D, Tensor2D];
  const fromState = gateBlocks(expandDims(linear(h, weight_hh, bias_hh), 0), 3);
  const [rh, zh, nh] = fromState as [Tensor2D, Tensor2D, Tensor2D];
  const r = sigmoid(add(rx, rh));
  const z = sigmoid(add(zx, zh));
  const n = tanh(add(nx, mul(r, nh)));
  // (1 - z) * n + z * h with one product less.
  return [add(n, mul(z, sub(h, n)))];
};

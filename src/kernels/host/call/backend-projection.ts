/** The input projection by the backend's own product, where that is faster than the engine's: tfjs-node's is oneDNN's. */

import { getBackend, matMul, type Tensor2D, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { Engine } from '../runtime/engine.js';
import type { DirectionTensors, Plan } from './plan.js';

/**
 * Multiplications and additions of the first layer from which on it pays, copies to the backend and back included.
 * Whole calls on one thread of an EPYC took 1.0 of the engine's time at 4e7, 0.85 at 6e7 (and 2.5e8 in the layers above), 0.8
 * at 1.3e9.
 */
const LEAST_FLOPS = 5e7;

/** Floats of a projection, all of which is held at once: 256 MiB. The engine makes its own chunk by chunk. */
const MOST_FLOATS = 2 ** 26;

/**
 * Whether the active backend projects the input of every layer.
 * @param rows packed rows of all groups.
 */
export function usesBackend({ pad }: Engine, plan: Plan, rows: number): boolean {
  const { gates, hiddenSize, inputSize } = plan;
  // Gates are padded in the engine.
  if (getBackend() !== 'tensorflow' || hiddenSize % pad !== 0) return false;
  const columns = gates * hiddenSize;
  return 2 * rows * inputSize * columns >= LEAST_FLOPS && rows * columns <= MOST_FLOATS;
}

/**
 * `to[rows, G*H] = from[rows, I] @ weight_ih^T + bias`, in the arena.
 * @param bias packed; 0 for none.
 */
export function project(
  engine: Engine,
  { weight_ih }: DirectionTensors,
  from: number,
  rows: number,
  bias: number,
  to: number,
): void {
  const [columns, inputSize] = weight_ih.shape as [number, number];
  tidy(() => {
    // tfjs-node does not take a view of shared memory.
    const x = tensor2d(engine.floats(from, rows * inputSize).slice(), [rows, inputSize]);
    engine.write(to, matMul(x, weight_ih as Tensor2D, false, true).dataSync());
  });
  if (bias !== 0) engine.functions.add_bias(engine.base, to, bias, rows, columns);
}

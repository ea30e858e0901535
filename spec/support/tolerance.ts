/** The tolerances of float32 results against PyTorch's, beside the measured errors. Never widened to make a test pass. */

import * as tf from '@tensorflow/tfjs';

/**
 * Outputs and states, absolute. Largest error in 980 random layers and cells and 612 combinations of PyTorch's own tests
 * (`npm run test:torch`, seeds 1 and 2000): cpu 1.6e-6, wasm 1.7e-6, tensorflow 1.8e-6.
 */
export const FORWARD_TOLERANCE = 1e-5;

/**
 * Gradients: max|difference| <= GRADIENT_TOLERANCE * max|reference|, for each tensor separately. Largest in the same
 * runs: cpu 4.3e-6, wasm 6.8e-6, tensorflow 5.3e-6.
 */
export const GRADIENT_TOLERANCE = 1e-4;

/**
 * Between two calls that must give the same: nothing, but for GPU backends, which compute small tensors on the host where they are there
 * (measured 1.5e-7).
 */
export function repeatTolerance(): number {
  return ['webgl', 'webgpu'].includes(tf.getBackend()) ? 1e-6 : 0;
}

/** A gradient smaller than this cannot tell right from wrong; fixtures must exceed it. */
export const SMALLEST_GRADIENT = 1e-3;

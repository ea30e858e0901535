/** How far a float32 result may be from PyTorch's, beside what was measured. Never widened to make a test pass. */

/**
 * Outputs and states, absolute. Largest error in 400 random configurations (`npm run test:torch`, seeds 1 and 2000):
 * cpu 1.2e-6, wasm 1.7e-6, tensorflow 1.1e-6.
 */
export const FORWARD_TOLERANCE = 1e-5;

/**
 * Gradients: max|difference| <= GRADIENT_TOLERANCE * max|reference|, for each tensor separately. Largest in the same
 * runs: cpu 8.2e-6, wasm 3.5e-6, tensorflow 6.7e-6.
 */
export const GRADIENT_TOLERANCE = 1e-4;

/** A gradient smaller than this cannot tell right from wrong; fixtures must exceed it. */
export const SMALLEST_GRADIENT = 1e-3;

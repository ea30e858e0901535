/** The tolerances of float32 results against PyTorch's, beside the measured errors. Never widened to make a test pass. */

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

/** A gradient smaller than this cannot tell right from wrong; fixtures must exceed it. */
export const SMALLEST_GRADIENT = 1e-3;

/** How far a loss may be from PyTorch's, relative. Never widened to make a test pass. */

/**
 * After any of up to 200 updates, and on held-out text after the last. Largest of the stored curves: SGD 3.4e-7 on cpu,
 * 4.4e-7 on wasm, 3.4e-7 on tensorflow; Adam 2.2e-6 on each. Largest of 168 random models (`npm run test:torch`): cpu 7.0e-7,
 * wasm 9.3e-7, tensorflow 1.0e-6.
 *
 * The stored ones with Adam are further away because tf.train.adam multiplies up beta^t in float32. That alone moves torch's
 * own curve by 7e-6 in the median of 60 random models, and by 1.6e-3 at most; so the random ones of `test:torch` train beside
 * an Adam that rounds alike (scripts/fixtures/torch_fixtures/training/optimizers.py).
 */
export const CURVE_TOLERANCE = 1e-5;

/** Of the same weights here and in PyTorch. Largest in the same runs: cpu 1.8e-7, wasm 7.0e-7, tensorflow 1.8e-7. */
export const EVALUATION_TOLERANCE = 5e-6;

export function relativeError(actual: number, expected: number): number {
  return Math.abs(actual - expected) / Math.abs(expected);
}

/** The largest relative error of a curve, which may be the first part of the expected one. */
export function largestError(curve: readonly number[], expected: ArrayLike<number>): number {
  return Math.max(...curve.map((loss, i) => relativeError(loss, expected[i] as number)));
}

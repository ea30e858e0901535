/** How far a loss may be from PyTorch's after any number of the 200 updates, relative. Never widened to pass a test. */

/** Largest measured with SGD, with and without momentum: cpu 2.2e-7, wasm 4.9e-7, tensorflow 2.5e-7. */
export const SGD_CURVE_TOLERANCE = 5e-6;

/**
 * Largest measured with Adam: cpu 5.9e-6, wasm 6.2e-6, tensorflow 5.8e-6. tf.train.adam holds beta2^t in float32, which
 * makes its first steps 2.3e-5 shorter; torch with the same rounding differs from torch by 5.9e-6.
 */
export const ADAM_CURVE_TOLERANCE = 5e-5;

export function relativeError(actual: number, expected: number): number {
  return Math.abs(actual - expected) / Math.abs(expected);
}

/** The largest relative error of a curve, which may be the first part of the expected one. */
export function largestError(curve: readonly number[], expected: ArrayLike<number>): number {
  return Math.max(...curve.map((loss, i) => relativeError(loss, expected[i] as number)));
}

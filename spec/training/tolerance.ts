/** How far a loss may be from PyTorch's, relative. Never widened to make a test pass. */

/**
 * After any number of up to 200 updates. TBD
 *
 * tf.train.adam holds beta^t in float32. torch's own loss curve moves by that alone, by 7e-6 in the median and 1.6e-3 at most
 * of 60 random models (scripts/fixtures/training/optimizers.py); random models are compared with an Adam that rounds alike.
 */
export const CURVE_TOLERANCE = 2e-5;

/** Of the same weights here and there. TBD */
export const EVALUATION_TOLERANCE = 5e-6;

export function relativeError(actual: number, expected: number): number {
  return Math.abs(actual - expected) / Math.abs(expected);
}

/** The largest relative error of a curve, which may be the first part of the expected one. */
export function largestError(curve: readonly number[], expected: ArrayLike<number>): number {
  return Math.max(...curve.map((loss, i) => relativeError(loss, expected[i] as number)));
}

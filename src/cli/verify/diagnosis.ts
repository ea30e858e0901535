/** What is tried where the numbers do not fit, and what is said of it. */

import type { NumberArray } from './arrays.js';
import { errorOf } from './compare.js';

/** What was tried, and what of it fits. */
export interface Diagnosis {
  /** Whether the model as it was asked for gives these numbers but for a small part of them. */
  readonly isClose: boolean;
  /** A sentence each. */
  readonly fitting: readonly string[];
  /** A phrase each. */
  readonly tried: readonly string[];
}

/** Multiplications of one trial: about a second in plain loops. */
export const MAX_COST = 5e8;

/** The largest error of what fits, as a part of the largest number. A wrong variant is off by a tenth and more. */
export const CLOSE = 1e-3;

/** Whether arrays of one shape are the same but for a small part. */
export function isClose(actual: NumberArray, expected: NumberArray): boolean {
  const { values } = expected;
  let [largest, error] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (Number.isFinite(size)) largest = Math.max(largest, size);
    error = Math.max(error, errorOf(actual.values[i], values[i]));
  }
  return error <= CLOSE * largest;
}

/** @param otherwise  sentences for where nothing fits. */
export function adviceOf({ isClose, fitting, tried }: Diagnosis, otherwise: readonly string[]): string[] {
  if (isClose) {
    return [
      'The first steps agree but for a small part: the numbers may come from a run in lower precision (float16, bfloat16, ' +
        'TF32), or of other weights.',
    ];
  }
  if (fitting.length > 1) return [...fitting, 'Several fit, and the file does not tell which it was.'];
  if (fitting.length === 1 || tried.length === 0) return [...fitting];
  return [`Nothing that was tried fits: ${[...new Set(tried)].join(', ')}.`, ...otherwise];
}

/** Checks that two runtimes computed the same results, since a wrong one is not worth timing. */

import { FORWARD_TOLERANCE, GRADIENT_TOLERANCE } from '../../spec/support/tolerance.js';
import type { StateDict } from '../../src/state-dict/index.js';
import { type Mode, valuesOf } from './cases.js';

/**
 * The largest difference between results: absolute of outputs and states, of gradients relative to the largest of each
 * tensor.
 * @throws Error naming the first result that is missing, has another size, or differs too much.
 */
export function largestError(mode: Mode, actual: StateDict, expected: StateDict): number {
  const tolerance = mode === 'forward' ? FORWARD_TOLERANCE : GRADIENT_TOLERANCE;
  let largest = 0;
  for (const name of expected.keys()) {
    if (!actual.has(name)) throw new Error(`${name}: expected a result, got none`);
    const [values, wanted] = [valuesOf(actual, name), valuesOf(expected, name)];
    if (values.length !== wanted.length)
      throw new Error(`${name}: expected ${wanted.length} values, got ${values.length}`);
    const scale = mode === 'forward' ? 1 : maxAbs(wanted);
    const error = maxDifference(values, wanted) / scale;
    if (!(error <= tolerance))
      throw new Error(`${name}: expected a difference of at most ${tolerance}, got ${error}`);
    largest = Math.max(largest, error);
  }
  return largest;
}

function maxAbs(values: Float32Array): number {
  return values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}

/** NaN where one side is not a number. */
function maxDifference(values: Float32Array, wanted: Float32Array): number {
  return values.reduce((max, value, i) => Math.max(max, Math.abs(value - (wanted[i] as number))), 0);
}

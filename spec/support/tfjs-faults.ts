/** What tfjs 4.22 gets wrong on a backend: tests that meet it are skipped there, and the reporter says why. */

import * as tf from '@tensorflow/tfjs';
import { skip } from './skip.js';

interface Fault {
  readonly backends: readonly string[];
  readonly reason: string;
}

/** A division by the size: "The new shape (NaN,0) has NaN elements", "Value is not of type 'unsigned long long'". */
export const SUM_OF_NOTHING: Fault = {
  backends: ['webgl', 'webgpu'],
  reason: 'tfjs cannot sum an empty tensor on this backend',
};

/** Skips the test where the active backend has the fault. */
export function skipOnFault(context: Mocha.Context, { backends, reason }: Fault): void {
  if (backends.includes(tf.getBackend())) skip(context, reason);
}

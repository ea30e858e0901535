/** What tfjs 4.22 gets wrong on a backend: tests that meet it are skipped there, and the reporter says why. */

import * as tf from '@tensorflow/tfjs';
import { skip } from './skip.js';

interface Fault {
  readonly backends: readonly string[];
  readonly reason: string;
}

/** Its reduction divides by the size: "The new shape (NaN,0) has NaN elements". */
export const SUM_OF_NOTHING: Fault = {
  backends: ['webgl'],
  reason: "tfjs's webgl backend cannot sum an empty tensor",
};

/** Skips the test where the active backend has the fault. */
export function skipOnFault(context: Mocha.Context, { backends, reason }: Fault): void {
  if (backends.includes(tf.getBackend())) skip(context, reason);
}

/** Runs one suite on every backend that this machine, or this page of a browser, has. */

import * as tf from '@tensorflow/tfjs';
import { BACKENDS, loadBackend } from './node/backends.js';
import { skip } from './skip.js';

/** The backends that there are. */
export async function availableBackends(): Promise<string[]> {
  const absent = await Promise.all(BACKENDS.map(loadBackend));
  return BACKENDS.filter((_, i) => absent[i] === undefined);
}

/** Makes the backend the active one. @returns why it is skipped, if it is */
async function startBackend(name: string): Promise<string | undefined> {
  const absent = await loadBackend(name);
  if (absent !== undefined) return absent;
  if (!(await tf.setBackend(name))) throw new Error(`the ${name} backend does not start`);
  // On other backends tfjs 4.22's own kernels fail it: wasm's Identity copies the saved tensors of customGrad, and so on.
  tf.env().set('IS_TEST', name === 'cpu');
  return undefined;
}

/**
 * Declares `body` once per backend. Around every test: the backend is active, the engine's check for leaks inside
 * kernels is on where tfjs's own kernels pass it, and the test must leave no tensor behind.
 */
export function describeEachBackend(title: string, body: (backend: string) => void): void {
  for (const backend of BACKENDS) {
    describe(`${title} [${backend}]`, () => {
      let tensors = 0;
      let buffers = 0;
      before(async function () {
        const absent = await startBackend(backend);
        if (absent !== undefined) skip(this, absent);
      });
      beforeEach(() => {
        ({ numTensors: tensors, numDataBuffers: buffers } = tf.memory());
      });
      afterEach(function () {
        const { numTensors, numDataBuffers } = tf.memory();
        if (this.currentTest?.state !== 'passed' || (numTensors === tensors && numDataBuffers === buffers))
          return;
        const leaked = `${numTensors - tensors} tensors and ${numDataBuffers - buffers} data buffers`;
        throw new Error(`${leaked} more than before the test`);
      });
      body(backend);
      after(() => tf.setBackend('cpu'));
    });
  }
}

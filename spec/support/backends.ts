/** Runs one suite on every backend that this machine has. */

import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';

const ALL_BACKENDS = ['cpu', 'wasm', 'tensorflow'];

/** Backends that must be there: an absent one fails rather than being skipped. */
const required = (process.env.REQUIRE_BACKENDS ?? 'cpu,wasm').split(',').filter(Boolean);

/** Why tfjs-node could not be loaded, or undefined when it was. */
async function loadTfjsNode(): Promise<Error | undefined> {
  try {
    // A variable, since the package is not there for the type checker to find on every machine.
    const optionalPackage: string = '@tensorflow/tfjs-node';
    await import(optionalPackage);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

const tfjsNodeFault = await loadTfjsNode();
const missing = tfjsNodeFault ? ['tensorflow'] : [];

/** The backends that the suites run on. */
export const availableBackends = ALL_BACKENDS.filter((name) => !missing.includes(name));

for (const name of required) {
  if (availableBackends.includes(name)) continue;
  throw new Error(
    `REQUIRE_BACKENDS names ${name}, which cannot be loaded here: ${tfjsNodeFault?.message ?? 'unknown'}`,
  );
}

/**
 * Declares `body` once per available backend. Around every test: the backend is active, the engine's check for
 * leaks inside kernels is on, and the test must leave no tensor behind.
 */
export function describeEachBackend(title: string, body: (backend: string) => void): void {
  for (const backend of availableBackends) {
    describe(`${title} [${backend}]`, () => {
      let tensorsBefore = 0;
      before(async () => {
        // Not on wasm: its Identity copies, so whatever customGrad saves counts as a leak there (tfjs 4.22).
        tf.env().set('IS_TEST', backend !== 'wasm');
        if (!(await tf.setBackend(backend))) throw new Error(`the ${backend} backend does not start`);
      });
      beforeEach(() => {
        tensorsBefore = tf.memory().numTensors;
      });
      afterEach(function () {
        const leaked = tf.memory().numTensors - tensorsBefore;
        if (leaked !== 0 && this.currentTest?.state === 'passed')
          throw new Error(`${leaked} tensors more than before the test`);
      });
      body(backend);
    });
  }
}

/** Runs a synchronous test body whose tensors all end with it. Layers must be disposed by the body itself. */
export function inTidy(body: () => void): () => void {
  return () => {
    tf.tidy(() => {
      body();
    });
  };
}

/** Runs one suite on every backend that this machine has. */

import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import '../../src/node-shim.js';

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
      let memoryBefore = tf.memory();
      before(async () => {
        // Elsewhere tfjs 4.22's own kernels trip it: wasm's Identity copies what customGrad saves, and so on.
        tf.env().set('IS_TEST', backend === 'cpu');
        if (!(await tf.setBackend(backend))) throw new Error(`the ${backend} backend does not start`);
      });
      beforeEach(() => {
        memoryBefore = tf.memory();
      });
      afterEach(function () {
        const { numTensors, numDataBuffers } = tf.memory();
        const leaked = [numTensors - memoryBefore.numTensors, numDataBuffers - memoryBefore.numDataBuffers];
        if (leaked.some((count) => count !== 0) && this.currentTest?.state === 'passed')
          throw new Error(`${leaked[0]} tensors and ${leaked[1]} data buffers more than before the test`);
      });
      body(backend);
    });
  }
}

/** Runs one suite on every backend that this machine has. */

import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import '../../src/node-shim.js';
import { NO_TFJS_NODE, skip } from './skip.js';

const BACKENDS = ['cpu', 'wasm', 'tensorflow'];

/** Required backends: an absent one fails its suites; the suites of any other absent backend are skipped. */
const required = (process.env.REQUIRE_BACKENDS ?? 'cpu,wasm').split(',').filter(Boolean);

let tfjsNode: Promise<Error | undefined> | undefined;

/** Registers the tensorflow backend, once; resolves to the error where it fails. */
function loadTfjsNode(): Promise<Error | undefined> {
  // A variable, since the type checker does not find the package on every machine.
  const optionalPackage: string = '@tensorflow/tfjs-node';
  tfjsNode ??= import(optionalPackage).then(
    () => undefined,
    (error: Error) => error,
  );
  return tfjsNode;
}

/** The backends that this machine has. */
export async function availableBackends(): Promise<string[]> {
  return BACKENDS.filter((name) => name !== 'tensorflow').concat((await loadTfjsNode()) ? [] : 'tensorflow');
}

/** Makes the backend the active one. @returns false where it is absent and not required. */
async function startBackend(name: string): Promise<boolean> {
  const fault = name === 'tensorflow' ? await loadTfjsNode() : undefined;
  if (fault && !required.includes(name)) return false;
  if (fault) throw new Error(`REQUIRE_BACKENDS names ${name}, which cannot be loaded: ${fault.message}`);
  if (!(await tf.setBackend(name))) throw new Error(`the ${name} backend does not start`);
  // On other backends tfjs 4.22's own kernels fail it: wasm's Identity copies the saved tensors of customGrad, and so on.
  tf.env().set('IS_TEST', name === 'cpu');
  return true;
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
        if (!(await startBackend(backend))) skip(this, NO_TFJS_NODE);
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

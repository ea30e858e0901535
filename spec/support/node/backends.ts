/** The backends of Node; `../page/backends.ts` takes the place of this module in a page. */

import '@tensorflow/tfjs-backend-wasm';
import '../../../src/node-shim.js';
import { NO_TFJS_NODE } from '../skip.js';

/** BACKENDS=tensorflow: no others. */
export const BACKENDS: readonly string[] = process.env.BACKENDS?.split(',') ?? ['cpu', 'wasm', 'tensorflow'];

/** Required backends: an absent one fails its suites; the suites of any other absent backend are skipped. */
const required = (process.env.REQUIRE_BACKENDS ?? process.env.BACKENDS ?? 'cpu,wasm')
  .split(',')
  .filter(Boolean);

/** A process loads one of them, since both register the backend. TFJS_NODE=gpu: that for GPUs, on the processor where there is none. */
export const TFJS_NODE =
  process.env.TFJS_NODE === 'gpu' ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node';

let tfjsNode: Promise<Error | undefined> | undefined;

/** Registers the tensorflow backend, once; resolves to the error where it fails. */
function loadTfjsNode(): Promise<Error | undefined> {
  // A variable, since the type checker does not find the package on every machine.
  const optionalPackage: string = TFJS_NODE;
  tfjsNode ??= import(optionalPackage).then(useStandIn).then(
    () => undefined,
    (error: Error) => error,
  );
  return tfjsNode;
}

let standIn: typeof import('./stand-in.js') | undefined;

/** CUDNN=stand-in: the kernels of cuDNN run every call that they can. */
async function useStandIn(): Promise<void> {
  if (process.env.CUDNN !== 'stand-in') return;
  standIn = await import('./stand-in.js');
  standIn.loadStandIn();
  standIn.reportGpu();
}

/** @throws Error where this run was to go through kernels that ran nothing. */
export function expectKernelCalls(): void {
  standIn?.expectCalls();
}

/**
 * Has tfjs know the backend.
 *
 * @returns why its suites are skipped, where it is absent and not required
 */
export async function loadBackend(name: string): Promise<string | undefined> {
  const fault = name === 'tensorflow' ? await loadTfjsNode() : undefined;
  if (fault && !required.includes(name)) return NO_TFJS_NODE;
  if (fault) throw new Error(`REQUIRE_BACKENDS names ${name}, which cannot be loaded: ${fault.message}`);
  return undefined;
}

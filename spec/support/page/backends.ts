/** The backend of this page, which is required: `?backend=NAME`, and `&isolated` where it must have threads. */

import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-webgpu';

const parameters = new URLSearchParams(location.search);
const isolated = parameters.has('isolated');

export const BACKENDS: readonly string[] = [parameters.get('backend') ?? 'cpu'];

setWasmPaths('/wasm/');

/** Pages have no run through kernels of one kind. */
export function expectKernelCalls(): void {}

/** Nothing is to be loaded, and nothing is skipped. */
export async function loadBackend(name: string): Promise<undefined> {
  if (isolated !== crossOriginIsolated) throw new Error(`this page is ${isolated ? 'not ' : ''}isolated`);
  if (name === 'wasm' && (await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT')) !== isolated)
    throw new Error(`the wasm backend has ${isolated ? 'no ' : ''}threads`);
}

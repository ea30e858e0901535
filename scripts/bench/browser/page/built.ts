/** Takes the place of ../../built.ts in pages, whose bundler compiles the source as it does for the package's users. */

import * as api from 'tfjs-torch-rnn';
import * as wasm from '../../../../src/kernels/host/runtime/wasm.js';

const MODULES: Readonly<Record<string, object>> = { 'index.js': api, 'kernels/host/runtime/wasm.js': wasm };

export async function importBuilt<T>(path: string): Promise<T> {
  return MODULES[path] as T;
}

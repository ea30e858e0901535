/** onnxruntime-web: onnxruntime compiled to WebAssembly. */

import { importOrt, ortPeer, sessionOptions } from './ort.js';
import type { StartPeer } from './peer.js';

export const start: StartPeer = async (options) => {
  const ort = await importOrt('onnxruntime-web');
  ort.env.wasm.numThreads = options.threads;
  return ortPeer('onnxruntime-web', ort, sessionOptions('wasm', options));
};

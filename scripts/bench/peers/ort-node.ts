/** onnxruntime-node: onnxruntime as native code. */

import { importOrt, ortPeer, sessionOptions } from './ort.js';
import type { StartPeer } from './peer.js';

export const start: StartPeer = async (options) => {
  const ort = await importOrt('onnxruntime-node');
  return ortPeer('onnxruntime-node', ort, sessionOptions('cpu', options));
};

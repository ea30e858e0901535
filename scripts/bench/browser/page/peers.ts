/** The peers that run in a page. */

import { importOrt, ortPeer, sessionOptions } from '../../peers/ort.js';
import { startPeer as startLayers } from '../../peers/ours.js';
import type { StartPeer } from '../../peers/peer.js';
import { start as startTfLayers } from '../../peers/tf-layers.js';

/** The server has onnxruntime-web at /ort; each execution provider is a build of its own. */
function ort(build: string, provider: string): StartPeer {
  return async (options) => {
    const module = await importOrt(`/ort/${build}.min.mjs`);
    module.env.wasm.numThreads = options.threads;
    return ortPeer('onnxruntime-web', module, sessionOptions(provider, options));
  };
}

export const PEERS: Readonly<Record<string, StartPeer>> = {
  ours: (options) => startLayers(options, 'auto'),
  reference: (options) => startLayers(options, 'reference'),
  'tf-layers': startTfLayers,
  'ort-web': ort('ort.wasm', 'wasm'),
  'ort-webgpu': ort('ort.webgpu', 'webgpu'),
};

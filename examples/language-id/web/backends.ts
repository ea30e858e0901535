/** The backends of tfjs, and how this page starts them. */

import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import wasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';

export const BACKENDS = ['wasm', 'cpu', 'webgl', 'webgpu'] as const;
export type Backend = (typeof BACKENDS)[number];

setWasmPaths({
  'tfjs-backend-wasm.wasm': wasm,
  'tfjs-backend-wasm-simd.wasm': simd,
  'tfjs-backend-wasm-threaded-simd.wasm': threaded,
});
// The workers of tfjs's own wasm backend are scripts in blobs that import others, which the policy of this page forbids: it would
// wait for them for ever. The threads of this package are others.
tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
tf.enableProdMode();

/** What this browser has, without starting it: a backend may still fail to start. */
export function backendsHere(): readonly Backend[] {
  return BACKENDS.filter((name) => {
    if (name === 'webgpu') return 'gpu' in navigator;
    return name !== 'webgl' || 'WebGL2RenderingContext' in globalThis;
  });
}

/**
 * Makes a backend the active one.
 *
 * @throws Error when it does not start in this browser; then the one before stays.
 */
export async function startBackend(name: Backend): Promise<void> {
  const before = tf.getBackend();
  if (name === 'webgpu') await import('@tensorflow/tfjs-backend-webgpu');
  const starts = await tf.setBackend(name).catch(() => false);
  if (starts) return;
  if (before !== undefined) await tf.setBackend(before);
  throw new Error(`The ${name} backend does not start in this browser.`);
}

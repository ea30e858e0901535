/** tfjs's backends in a page. */

import * as tf from '@tensorflow/tfjs';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-webgpu';
import type { TfjsStart } from '../../peers/peer.js';

export function tfjsStart(backend: string, threads: number): TfjsStart {
  return {
    // Ops have threads on wasm, as the page is isolated.
    opsHaveThreads: backend === 'wasm',
    start: async () => {
      if (!crossOriginIsolated) throw new Error('this page is not isolated, so it has no threads');
      tf.enableProdMode();
      setWasmPaths('/wasm/');
      setThreadsCount(threads);
      if (!(await tf.setBackend(backend))) throw new Error(`The ${backend} backend does not start.`);
      await tf.ready();
    },
  };
}

/** Rejects when the browser has lost the GPU of the active backend; what waits for it then may wait for ever. */
export function gpuLost(): Promise<never> {
  const { canvas, device } = tf.backend() as unknown as {
    readonly canvas?: EventTarget;
    readonly device?: { readonly lost: Promise<{ readonly message: string }> };
  };
  return new Promise((_, reject) => {
    canvas?.addEventListener('webglcontextlost', () => reject(new Error('the WebGL context was lost')));
    void device?.lost.then(({ message }) => reject(new Error(`the WebGPU device was lost: ${message}`)));
  });
}

/** The first thing that tfjs computes on a backend and that a page then reads. */
export async function firstOp(): Promise<void> {
  const a = tf.ones([16, 16]);
  const product = tf.matMul(a, a);
  await product.data();
  tf.dispose([a, product]);
}

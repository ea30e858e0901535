import * as tf from '@tensorflow/tfjs-core';

/** @param backend  the name of a backend that is imported already. */
export async function startBackend(backend: string): Promise<void> {
  // Otherwise tfjs recommends tfjs-node in a banner, whatever the backend.
  tf.enableProdMode();
  await tf.setBackend(backend);
  await tf.ready();
}

import { engine, getBackend } from '@tensorflow/tfjs-core';

/**
 * Whether a tensor's values can be read without waiting for a device. Values of lengths and masks are validated
 * only then: on a GPU, reading them would stall the queue at every call.
 */
export function readsValuesCheaply(): boolean {
  const name = getBackend();
  return name === 'cpu' || name === 'wasm' || (name === 'tensorflow' && !usesGpuDevice());
}

/** Whether this is a GPU build of tfjs-node. */
export function usesGpuDevice(): boolean {
  const backend = engine().backend as { readonly isUsingGpuDevice?: boolean };
  return backend.isUsingGpuDevice === true;
}

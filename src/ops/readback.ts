import { getBackend } from '@tensorflow/tfjs-core';
import { kernelsOf } from '../kernels/contract.js';

/**
 * Whether a tensor's values can be read without waiting for a device. Values of lengths and masks are validated
 * only then: on a GPU, reading them would stall the queue at every call.
 */
export function readsValuesCheaply(): boolean {
  return kernelsOf(getBackend())?.hasTensorsOnHost() ?? false;
}

/** Values that an op must know before it can make its result. */

import { getBackend, type Tensor } from '@tensorflow/tfjs-core';
import { message } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import type { Call } from '../types.js';

/**
 * Reads a tensor's values, on which the size of a result depends.
 *
 * @throws UnsupportedError on webgpu, which has no synchronous read.
 */
export function readNow(call: Call, tensor: Tensor): Float32Array | Int32Array | Uint8Array {
  if (getBackend() === 'webgpu')
    throw new UnsupportedError(
      message(
        call.where,
        'backend',
        'one that reads values at once, for a size that depends on them',
        'webgpu',
      ),
    );
  return tensor.dataSync();
}

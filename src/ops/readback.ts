import { getBackend, type Tensor } from '@tensorflow/tfjs-core';
import { isOnHost } from '../tfjs-internals/backends.js';

/**
 * Whether the values of lengths or of a mask are read, and so validated. On webgl they are read from the GPU too, which takes
 * less than the steps that follow, and the engine needs them; on webgpu and tfjs-node's GPU build nothing is.
 */
export function readsLengths(tensor: Tensor): boolean {
  return getBackend() === 'webgl' || isOnHost(tensor);
}

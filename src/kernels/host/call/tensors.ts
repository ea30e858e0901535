/** Tensors of the cpu, wasm and tensorflow backends as arrays, and arrays as their tensors. */

import {
  type DataType,
  getBackend,
  type KernelBackend,
  type TensorInfo,
  engine as tfEngine,
} from '@tensorflow/tfjs-core';
import { wasmView } from '../../../tfjs-internals.js';

/** The values of a tensor. Only to be read, and only until a tensor is made: it may be a view of the backend's memory. */
export function valuesOf(backend: KernelBackend, info: TensorInfo): Float32Array | Int32Array {
  // It was made on another backend. tfjs-node's readSync does not fetch it, and a weight counts as alive by its data here.
  if (backend.refCount(info.dataId) === 0) tfEngine().moveData(backend, info.dataId);
  // The wasm backend has no view of a tensor without elements.
  if (getBackend() === 'wasm' && !info.shape.includes(0))
    return wasmView(backend, info) as Float32Array | Int32Array;
  return backend.readSync(info.dataId) as Float32Array | Int32Array;
}

/** A tensor with a copy of `values`. */
export function makeTensor(
  backend: KernelBackend,
  values: Float32Array | Int32Array,
  shape: number[],
  dtype: DataType = 'float32',
): TensorInfo {
  // wasm copies what it is given into its own memory; the others keep it.
  const owned = getBackend() === 'wasm' ? values : values.slice();
  return { dataId: backend.write(owned, shape, dtype), shape, dtype };
}

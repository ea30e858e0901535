/** Tensors as arrays, and arrays as tensors. */

import {
  concat1d,
  type DataId,
  type DataType,
  getBackend,
  type KernelBackend,
  reshape,
  type Tensor,
  type Tensor1D,
  type TensorInfo,
  engine as tfEngine,
  tidy,
  util,
} from '@tensorflow/tfjs-core';
import { isOnHost, wasmView } from '../../../tfjs-internals/backends.js';

/** By their data, values that {@link valuesOf} does not have to read. */
const fetched = new Map<DataId, Float32Array | Int32Array>();

/**
 * Runs `body` with the values of these float32 tensors at hand. Those on a GPU are joined there and read at once: each read waits
 * for the device.
 */
export function fetchTogether<T>(infos: readonly TensorInfo[], body: () => T): T {
  const remote = infos.filter((info) => !fetched.has(info.dataId) && !isOnHost(info));
  // valuesOf reads a single one.
  if (remote.length < 2) return body();
  const flat = (info: TensorInfo) => reshape(info as Tensor, [-1]) as Tensor1D;
  const values = tidy(() => concat1d(remote.map(flat)).dataSync()) as Float32Array;
  let begin = 0;
  const parts = remote.map(({ dataId, shape }): [DataId, Float32Array] => {
    const end = begin + util.sizeFromShape(shape);
    const part = values.subarray(begin, end);
    begin = end;
    return [dataId, part];
  });
  return withValues(parts, body);
}

/** Runs `body` with values at hand that were read before. */
export function withValues<T>(
  values: readonly (readonly [DataId, Float32Array | Int32Array])[],
  body: () => T,
): T {
  for (const [dataId, each] of values) fetched.set(dataId, each);
  try {
    return body();
  } finally {
    for (const [dataId] of values) fetched.delete(dataId);
  }
}

/** The values of a tensor. Only to be read, and only until a tensor is made: it may be a view of the backend's memory. */
export function valuesOf(backend: KernelBackend, info: TensorInfo): Float32Array | Int32Array {
  const known = fetched.get(info.dataId);
  if (known) return known;
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

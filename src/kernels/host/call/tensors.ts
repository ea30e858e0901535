/** Tensors as arrays, and arrays as tensors. */

import {
  concat1d,
  type DataId,
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
import { isOnHost, makeWasmOutput, wasmView } from '../../../tfjs-internals/backends.js';

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

/** A float32 tensor with what `fill` writes into its memory. `fill` makes no tensor. */
export function makeFilled(
  backend: KernelBackend,
  shape: number[],
  fill: (values: Float32Array) => void,
): TensorInfo {
  const size = util.sizeFromShape(shape);
  if (getBackend() !== 'wasm' || size === 0) {
    const values = new Float32Array(size);
    fill(values);
    return { dataId: backend.write(values, shape, 'float32'), shape, dtype: 'float32' };
  }
  const info = makeWasmOutput(backend, shape, 'float32');
  try {
    fill(wasmView(backend, info) as Float32Array);
    return info;
  } catch (error) {
    backend.disposeData(info.dataId);
    throw error;
  }
}

/** A float32 tensor with a copy of `values`. */
export function makeTensor(backend: KernelBackend, values: Float32Array, shape: number[]): TensorInfo {
  return makeFilled(backend, shape, (to) => to.set(values));
}

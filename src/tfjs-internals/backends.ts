/** Where backends keep the data of tensors. */

import {
  type DataId,
  engine,
  getBackend,
  type KernelBackend,
  type TensorInfo,
  type TypedArray,
} from '@tensorflow/tfjs-core';
import { expectPart } from './expect-part.js';

interface WasmBackend {
  typedArrayFromHeap(info: TensorInfo): TypedArray;
}

/** The elements of a tensor of the wasm backend where they lie: a view until another tensor is made. */
export function wasmView(backend: KernelBackend, info: TensorInfo): TypedArray {
  const { typedArrayFromHeap } = backend as unknown as Partial<WasmBackend>;
  const isFunction = typeof typedArrayFromHeap === 'function';
  expectPart('BackendWasm.typedArrayFromHeap', 'a function', isFunction, typedArrayFromHeap);
  return (backend as unknown as WasmBackend).typedArrayFromHeap(info);
}

/** Whether the active backend is a GPU build of tfjs-node. */
export function usesTensorflowGpu(): boolean {
  if (getBackend() !== 'tensorflow') return false;
  const { isUsingGpuDevice } = engine().backend as unknown as { readonly isUsingGpuDevice?: boolean };
  const isBoolean = typeof isUsingGpuDevice === 'boolean';
  expectPart('NodeJSKernelBackend.isUsingGpuDevice', 'a boolean', isBoolean, isUsingGpuDevice);
  return isUsingGpuDevice === true;
}

/** What the webgl and webgpu backends know of the data of a tensor. */
interface DeviceData {
  /** Null once the data are on the device. */
  readonly values: unknown;
  /** What lies there: a cast to float32 makes another tensor of the same data. */
  readonly dtype: TensorInfo['dtype'];
  /** Of webgl: part of the data of another tensor, on the device. */
  readonly slice?: unknown;
  /** Of webgl: whether a texel of the texture holds 2 x 2 elements. */
  readonly isPacked?: boolean;
}

interface DeviceStorage {
  has(dataId: DataId): boolean;
  get(dataId: DataId): DeviceData;
}

interface DeviceBackend {
  /** Where webgl keeps its data. */
  readonly texData?: DeviceStorage;
  /** Where webgpu does; tfjs-node has a storage of this name too. */
  readonly tensorMap?: DeviceStorage;
  /** Of webgpu alone. */
  readonly bufferManager?: object;
}

/** Undefined for a backend without a device of its own. */
function storageOf(backend: KernelBackend): DeviceStorage | undefined {
  const { texData, tensorMap, bufferManager } = backend as KernelBackend & DeviceBackend;
  const storage = texData ?? (bufferManager && tensorMap);
  const part = texData ? 'MathBackendWebGL.texData' : 'WebGPUBackend.tensorMap';
  if (storage) expectPart(part, 'a storage of data', typeof storage.has === 'function', storage);
  return storage;
}

/** Whether the active backend computes on a device, whose results the host does not see at once. */
export function usesDevice(): boolean {
  return storageOf(engine().backend) !== undefined || usesTensorflowGpu();
}

/** Whether the active backend can read the elements of a tensor without waiting for a device. */
export function isOnHost({ dataId }: TensorInfo): boolean {
  const { backend, state } = engine();
  const storage = storageOf(backend);
  if (storage === undefined) return !usesTensorflowGpu();
  if (storage.has(dataId)) {
    const { values, slice } = storage.get(dataId);
    return values != null && slice == null;
  }
  // It was made on another backend.
  const holder = state.tensorInfo.get(dataId)?.backend;
  return holder !== undefined && storageOf(holder) === undefined;
}

/** The dtype in which the data of a tensor of webgpu are stored, which may be another than its own. */
export function storedDtype(backend: KernelBackend, { dataId }: TensorInfo): TensorInfo['dtype'] {
  return (storageOf(backend) as DeviceStorage).get(dataId).dtype;
}

/** Whether a tensor lies in a texture of webgl with 2 x 2 elements in a texel. */
export function isPackedTexture(backend: KernelBackend, { dataId }: TensorInfo): boolean {
  const storage = storageOf(backend);
  return storage?.has(dataId) === true && storage.get(dataId).isPacked === true;
}

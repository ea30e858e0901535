/** Where backends keep the data of tensors. */

import {
  type DataId,
  type DataType,
  engine,
  type KernelBackend,
  type TensorInfo,
  type TypedArray,
} from '@tensorflow/tfjs-core';
import { expectPart } from './expect-part.js';

interface WasmBackend {
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  typedArrayFromHeap(info: TensorInfo): TypedArray;
}

function wasmBackend(backend: KernelBackend, used: keyof WasmBackend): WasmBackend {
  const parts = backend as unknown as WasmBackend;
  expectPart(`BackendWasm.${used}`, 'a function', typeof parts[used] === 'function', parts[used]);
  return parts;
}

/** The elements of a tensor of the wasm backend where they lie: a view until another tensor is made. */
export function wasmView(backend: KernelBackend, info: TensorInfo): TypedArray {
  return wasmBackend(backend, 'typedArrayFromHeap').typedArrayFromHeap(info);
}

/** A tensor of the wasm backend, whatever its elements are. */
export function makeWasmOutput(backend: KernelBackend, shape: number[], dtype: DataType): TensorInfo {
  return wasmBackend(backend, 'makeOutput').makeOutput(shape, dtype);
}

interface TensorflowBackend {
  /** Whether it is that of tfjs-node-gpu. */
  readonly isGPUPackage: boolean;
  /** Whether TensorFlow has found a GPU. */
  readonly isUsingGpuDevice: boolean;
}

/** tfjs-node's backend where it is loaded, active or not. */
function tensorflowBackend(): TensorflowBackend | undefined {
  const backend = engine().registry.tensorflow as unknown as Partial<TensorflowBackend> | undefined;
  if (backend === undefined) return undefined;
  const { isUsingGpuDevice } = backend;
  const isBoolean = typeof isUsingGpuDevice === 'boolean';
  expectPart('NodeJSKernelBackend.isUsingGpuDevice', 'a boolean', isBoolean, isUsingGpuDevice);
  return backend as TensorflowBackend;
}

/** Whether the tensorflow backend, active or not, runs on a GPU. */
export function tensorflowUsesGpu(): boolean {
  return tensorflowBackend()?.isUsingGpuDevice === true;
}

/** Which package has the tensorflow backend, and what it computes on. */
export function describeTensorflow(): string {
  const backend = tensorflowBackend();
  if (!backend?.isGPUPackage) return 'tfjs-node, which runs on the processor';
  return backend.isUsingGpuDevice ? 'tfjs-node-gpu on a GPU' : 'tfjs-node-gpu, which found no GPU';
}

/** What the webgl and webgpu backends, and tfjs-node on a GPU, know of the data of a tensor. */
interface DeviceData {
  /** Null once the data are on the device. tfjs-node moves them there when an op first uses them. */
  readonly values: unknown;
  /** What lies there, on webgpu: a cast to float32 makes another tensor of the same data. */
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
  /** Where webgpu and tfjs-node do. */
  readonly tensorMap?: DeviceStorage;
  /** Of webgpu alone. */
  readonly bufferManager?: object;
  /** Of tfjs-node: whether TensorFlow has found a GPU. */
  readonly isUsingGpuDevice?: boolean;
}

/** Undefined for a backend without a device of its own. */
function storageOf(backend: KernelBackend): DeviceStorage | undefined {
  const { texData, tensorMap, bufferManager, isUsingGpuDevice } = backend as KernelBackend & DeviceBackend;
  const storage = texData ?? (bufferManager || isUsingGpuDevice ? tensorMap : undefined);
  const part = texData
    ? 'MathBackendWebGL.texData'
    : `${bufferManager ? 'WebGPU' : 'NodeJSKernel'}Backend.tensorMap`;
  if (storage) expectPart(part, 'a storage of data', typeof storage.has === 'function', storage);
  return storage;
}

/** Whether the active backend computes on a device, whose results the host does not see at once. */
export function usesDevice(): boolean {
  return storageOf(engine().backend) !== undefined;
}

/** Whether the active backend can read the elements of a tensor without waiting for a device. */
export function isOnHost({ dataId }: TensorInfo): boolean {
  const { backend, state } = engine();
  const storage = storageOf(backend);
  if (storage === undefined) return true;
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

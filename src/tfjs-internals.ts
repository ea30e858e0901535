/**
 * Everything that this package uses of tfjs 4.22 and that tfjs does not document. No other file does: a change in another
 * version of tfjs is followed here alone. Each part is checked when it is first used.
 */

import {
  type DataId,
  engine,
  getBackend,
  type KernelBackend,
  keep,
  type Tensor,
  type TensorInfo,
  type TypedArray,
} from '@tensorflow/tfjs-core';
import { LayersModel, type LayerVariable, type layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { message, show } from './check.js';
import { UnsupportedError } from './errors.js';

const checked = new Set<string>();

/** @param part where tfjs keeps it: 'Engine.state.activeTape'. */
function expectPart(part: string, rule: string, isAsExpected: boolean, value: unknown): void {
  if (checked.has(part)) return;
  if (!isAsExpected)
    throw new UnsupportedError(
      message('tfjs', part, `${rule}, as in tfjs 4.22`, show(value), 'Install tfjs ~4.22.0'),
    );
  checked.add(part);
}

/** How many gradients are being recorded inside each other. */
export function gradientDepth(): number {
  const depth: unknown = engine().state.gradientDepth;
  expectPart('Engine.state.gradientDepth', 'a number', typeof depth === 'number', depth);
  return depth as number;
}

/**
 * The tape that records, or whose gradients are being computed; nested gradients share it. Undefined where tfjs has only left
 * one behind as the active tape, since a loss or a gradient has thrown: nothing records then, and no scope of gradients is open.
 */
export function liveTape(): object | undefined {
  const { activeTape, scopeStack } = engine().state;
  expectPart('Engine.state.scopeStack', 'an array', Array.isArray(scopeStack), scopeStack);
  const isLive = gradientDepth() > 0 || scopeStack.some(({ name }) => name === 'backward');
  return isLive ? (activeTape ?? undefined) : undefined;
}

interface TapeNode {
  readonly kernelName: string;
  readonly saved: Tensor[];
}

/** The tape that recorded last, and what {@link saveOnTape} has added to it. */
let lastTape: object | undefined;
const savedOnLast: Tensor[] = [];

/**
 * Adds to what the tape has saved for the gradient of the kernel that it recorded last; tfjs disposes it with the tape, and
 * hands it to the `gradFunc`. The configuration of a gradient can save inputs and outputs as well, but by copies on wasm.
 */
export function saveOnTape(kernelName: string, tensors: readonly Tensor[]): void {
  const tape = engine().state.activeTape as unknown as readonly TapeNode[] | null;
  const node = tape?.at(-1);
  const isOurs = node?.kernelName === kernelName && Array.isArray(node.saved);
  expectPart('Engine.state.activeTape', `to end with a node of ${kernelName}`, isOurs, node?.kernelName);
  disposeOfDeadTape();
  lastTape = tape ?? undefined;
  savedOnLast.push(...tensors);
  node?.saved.push(...tensors);
}

/**
 * Disposes what was saved on a tape that is over. tfjs does so itself where the gradients were made; where the loss or a
 * gradient threw it never does.
 */
export function disposeOfDeadTape(): void {
  if (lastTape === undefined || lastTape === liveTape()) return;
  lastTape = undefined;
  for (const tensor of savedOnLast.splice(0)) tensor.dispose();
}

/** Another tensor of the same data, which keeps them when the first is disposed or its variable is assigned. */
export function share({ dataId, shape, dtype }: Tensor): Tensor {
  const { backend } = engine();
  // It was made on another backend, and this one does not count its references.
  if (backend.refCount(dataId) === 0) engine().moveData(backend, dataId);
  backend.incRef(dataId);
  return engine().makeTensorFromTensorInfo({ dataId, shape, dtype });
}

/** As `share`; no `tidy` disposes the tensor. */
export function pin(tensor: Tensor): Tensor {
  return keep(share(tensor));
}

/** As `pin`, of a tensor that may lie on any backend: its data stay where they are. */
export function hold({ dataId, shape, dtype }: Tensor): Tensor {
  const { backend, state } = engine();
  const holder = state.tensorInfo.get(dataId)?.backend ?? backend;
  holder.incRef(dataId);
  return keep(engine().makeTensorFromTensorInfo({ dataId, shape, dtype }));
}

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

/** Counts a use of a layer that was built without `apply`: tfjs disposes no layer that was never used (null). */
export function countUse(layer: layers.Layer): void {
  const counted = layer as unknown as { _refCount: number | null };
  expectPart('Layer._refCount', 'a field', '_refCount' in layer, undefined);
  counted._refCount ??= 1;
}

/** Where a layer keeps those inside it: wrappers, recurrent layers, and stacks of cells. */
type Inner = Partial<Record<'layer' | 'forwardLayer' | 'backwardLayer' | 'cell', layers.Layer>> & {
  readonly cells?: readonly layers.Layer[];
};

/** Has a layer begin with zeros, and all layers inside it: tfjs tells all of them but the cells of a stack. */
export function beginWithZeros(outermost: layers.Layer): void {
  const all = [outermost];
  for (const layer of all) {
    layer.setFastWeightInitDuringBuild(true);
    const { layer: wrapped, forwardLayer, backwardLayer, cell, cells = [] } = layer as Inner;
    if (layer.getClassName() === 'StackedRNNCells')
      expectPart('StackedRNNCells.cells', 'a list of cells', cells.length > 0, cells);
    for (const inner of [wrapped, forwardLayer, backwardLayer, cell, ...cells]) if (inner) all.push(inner);
  }
}

/**
 * Runs `body`, and disposes all tensors and variables that it has made when it throws.
 *
 * Neither a scope nor a model has them all: tfjs keeps the states of a layer beyond every scope, an incomplete model lists no
 * weights, and `dispose` of a complete one keeps the layers that it uses twice.
 */
export function disposingOnFailure<T>(body: () => T): T {
  const tracker = engine() as unknown as { track?: (tensor: Tensor) => Tensor };
  const { track } = tracker;
  expectPart('Engine.track', 'a function', typeof track === 'function', track);
  const { registeredVariables } = engine().state;
  const before = new Set(Object.keys(registeredVariables));
  const made: Tensor[] = [];
  tracker.track = (tensor) => {
    made.push(tensor);
    return (track as (tensor: Tensor) => Tensor).call(tracker, tensor);
  };
  try {
    return body();
  } catch (error) {
    for (const [name, variable] of Object.entries(registeredVariables))
      if (!before.has(name)) variable.dispose();
    for (const tensor of made) tensor.dispose();
    throw error;
  } finally {
    // It is a method of the class.
    delete tracker.track;
  }
}

/** Gives a weight the name under which a saved model holds it. */
export function renameWeight(weight: LayerVariable, originalName: string): void {
  const { originalName: old } = weight;
  expectPart('LayerVariable.originalName', 'a string', typeof old === 'string', old);
  Object.assign(weight, { originalName });
}

/**
 * Lets a built layer normalization take inputs of every rank: once it is built, tfjs counts its axes from the front, as the
 * input had them that it was built for.
 * @param axes  counted from the end.
 */
export function countAxesFromEnd(layer: layers.Layer, axes: readonly number[]): void {
  const normalization = layer as unknown as { axis: number[] };
  const { axis } = normalization;
  expectPart('LayerNormalization.axis', 'a list', Array.isArray(axis), axis);
  const { call } = layer;
  normalization.axis = [...axes];
  layer.call = (inputs, kwargs) => {
    const [x] = Array.isArray(inputs) ? inputs : [inputs];
    normalization.axis = axes.map((fromEnd) => fromEnd + (x as Tensor).rank);
    try {
      return call.call(layer, inputs, kwargs);
    } finally {
      // What getConfig reads.
      normalization.axis = [...axes];
    }
  };
}

/** A call of a layer in a graph, for one of its outputs: the executor calls a layer again for each one that a model uses. */
export interface GraphCall {
  readonly layer: layers.Layer;
  readonly inputs: readonly SymbolicTensor[];
  /** All outputs of the symbolic call. */
  readonly outputs: readonly SymbolicTensor[];
  readonly output: SymbolicTensor;
}

/** The call in a graph whose inputs were gathered last, and how many tensors had been made then. */
let gathered: { readonly graphCall: GraphCall; readonly madeTensors: number } | undefined;

/** How many tensors have been made in all. */
function madeTensors(): number {
  const { nextTensorId } = engine().constructor as unknown as { readonly nextTensorId?: number };
  expectPart('Engine.nextTensorId', 'a number', typeof nextTensorId === 'number', nextTensorId);
  return nextTensorId as number;
}

/**
 * Watches the outputs of a symbolic call, so that {@link takeGraphCall} knows the executor's calls from a user's. tfjs passes
 * nothing that tells, but directly before it calls a layer, the executor gathers the inputs in a loop over `inputs` of the
 * layer's output.
 */
export function watchOutputs(outputs: readonly SymbolicTensor[]): void {
  for (const output of outputs) {
    expectPart('SymbolicTensor.inputs', 'an array', Array.isArray(output.inputs), output.inputs);
    const inputs = [...output.inputs];
    const graphCall = { layer: output.sourceLayer, inputs: [...inputs], outputs, output };
    const iterate = () => {
      gathered = { graphCall, madeTensors: madeTensors() };
      return graphCall.inputs.values();
    };
    Object.defineProperty(inputs, Symbol.iterator, { value: iterate });
    Object.assign(output, { inputs });
  }
}

/** The call in a graph for which the executor of a model calls this layer now; undefined where someone else does. */
export function takeGraphCall(layer: layers.Layer): GraphCall | undefined {
  const last = gathered;
  gathered = undefined;
  const isNow = last?.graphCall.layer === layer && last.madeTensors === madeTensors();
  return isNow ? last.graphCall : undefined;
}

/** The masks with which models are called now, the innermost last. */
const modelMasks: unknown[] = [];
let startedModels = 0;
let areModelsWatched = false;

interface Container {
  call(inputs: unknown, kwargs?: { readonly mask?: unknown }): unknown;
}

/**
 * Makes {@link modelMask} and {@link startedModelCalls} work. A model that is called inside another one, or by `apply`, hands its layers the mask that it was
 * called with, but the masks of its own layers take its place as they run.
 */
export function watchModels(): void {
  if (areModelsWatched) return;
  const container = Object.getPrototypeOf(LayersModel.prototype) as Container;
  const { call } = container;
  expectPart('Container.call', 'a function', typeof call === 'function', call);
  container.call = function (this: Container, inputs, kwargs) {
    modelMasks.push(kwargs?.mask);
    startedModels++;
    try {
      return call.call(this, inputs, kwargs);
    } finally {
      modelMasks.pop();
    }
  };
  areModelsWatched = true;
}

/** The mask with which the innermost model was called. `predict`, `fit` and `evaluate` call a model with none. */
export function modelMask(): unknown {
  return modelMasks.at(-1);
}

/** How many calls of models have begun, but for those of `predict`, `fit` and `evaluate`. */
export function startedModelCalls(): number {
  return startedModels;
}

/** Limits of a GPU's device, as WebGPU names them. */
export interface DeviceLimits {
  readonly maxComputeInvocationsPerWorkgroup: number;
  readonly maxComputeWorkgroupSizeX: number;
  readonly maxComputeWorkgroupStorageSize: number;
  readonly maxStorageBufferBindingSize: number;
  readonly maxBufferSize: number;
}

/** A compute shader for tfjs's webgpu backend, which declares `result`, the inputs and `uniforms` for it. */
export interface WebGpuProgram {
  readonly variableNames: string[];
  /** Elements of a variable's vectors: `array<vec4<f32>>` where it is 4. */
  readonly variableComponents: number[];
  /** Declarations, each with a comma behind it. */
  readonly uniforms: string;
  readonly outputShape: number[];
  readonly workgroupSize: [number, number, number];
  readonly dispatchLayout: { x: number[] };
  dispatch: [number, number, number];
  /** tfjs lengthens it. */
  shaderKey: string;
  getUserCode(): string;
}

/** tfjs's webgpu backend. Its package is not imported: pages that do not use it must not load it. */
export interface WebGpuBackend extends KernelBackend {
  readonly device: { readonly limits: DeviceLimits };
  makeTensorInfo(shape: readonly number[], dtype: TensorInfo['dtype']): TensorInfo;
  /** Runs a program, whose inputs are uploaded where they are on the host, and writes into `output`. */
  runWebGPUProgram(
    program: WebGpuProgram,
    inputs: readonly TensorInfo[],
    dtype: TensorInfo['dtype'],
    uniforms: readonly { readonly type: 'int32'; readonly data: number[] }[],
    output: TensorInfo,
  ): TensorInfo;
}

export function webGpuBackend(backend: KernelBackend): WebGpuBackend {
  const { device, runWebGPUProgram } = backend as Partial<WebGpuBackend>;
  const isFunction = typeof runWebGPUProgram === 'function';
  expectPart('WebGPUBackend.runWebGPUProgram', 'a function', isFunction, runWebGPUProgram);
  const hasLimits = typeof device?.limits?.maxStorageBufferBindingSize === 'number';
  expectPart('WebGPUBackend.device', 'a device with limits', hasLimits, device);
  return backend as WebGpuBackend;
}

/** Lets the kernel that runs keep one of the data that it has made: under `IS_TEST` tfjs takes them for a leak. */
export function keepBeyondKernel(): void {
  const { numDataMovesStack: moves } = engine().state;
  expectPart('Engine.state.numDataMovesStack', 'a list', Array.isArray(moves), moves);
  // Data that move here from another backend are counted so, and left out.
  const last = moves.pop();
  if (last !== undefined) moves.push(last + 1);
}

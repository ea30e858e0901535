/** What the kernels run on tfjs's webgpu backend: shaders of ours, and kernels of its own. */

import { getKernel, type NamedAttrMap, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { WebGpuBackend } from '../../tfjs-internals/webgpu.js';

/** A shader, and how it is run. */
export interface Shader {
  /** Names it, with everything that its code depends on: tfjs compiles once for each key. */
  readonly key: string;
  /** The inputs by name; those in `vectors` are arrays of vec4. Seven at most, since a shader has eight storage buffers. */
  readonly inputs: readonly string[];
  readonly vectors?: readonly string[];
  /** The sizes of a call are uniforms, so that another one compiles nothing. */
  readonly uniforms: readonly string[];
  /** Threads of a workgroup. */
  readonly threads: number;
  /** `fn main(index : i32)` and what it calls; `index` counts the threads of all workgroups. */
  readonly code: string;
}

/**
 * Each buffer is shown to tfjs as one of this shape: it would compile again where shapes are equal, or broadcast.
 * Shaders take all sizes from uniforms.
 */
const ANY_SHAPE = [1];

/** Runs a shader, which writes into `result`. */
export function runShader(
  backend: WebGpuBackend,
  { key, inputs: names, vectors = [], uniforms: sizes, threads, code }: Shader,
  workgroups: number,
  inputs: readonly TensorInfo[],
  uniforms: Readonly<Record<string, number>>,
  result: TensorInfo,
): void {
  const program = {
    variableNames: [...names],
    variableComponents: names.map((name) => (vectors.includes(name) ? 4 : 1)),
    uniforms: sizes.map((name) => `${name} : i32,`).join(' '),
    outputShape: ANY_SHAPE,
    workgroupSize: [threads, 1, 1] as [number, number, number],
    dispatchLayout: { x: [0] },
    dispatch: [workgroups, 1, 1] as [number, number, number],
    shaderKey: key,
    getUserCode: () => code,
  };
  const asAny = ({ dataId, dtype }: TensorInfo) => ({ dataId, dtype, shape: ANY_SHAPE });
  const data = sizes.map((name) => ({ type: 'int32' as const, data: [uniforms[name] as number] }));
  backend.runWebGPUProgram(program, inputs.map(asAny), result.dtype, data, asAny(result));
}

/** Runs a kernel of tfjs. The caller frees the result. */
function runKernel(
  backend: WebGpuBackend,
  name: string,
  inputs: Readonly<Record<string, TensorInfo>> | readonly TensorInfo[],
  attrs: Readonly<Record<string, unknown>> = {},
): TensorInfo {
  const kernel = getKernel(name, 'webgpu');
  if (!kernel) throw new Error(`the webgpu backend has no kernel ${name}`);
  const map = inputs as Readonly<Record<string, TensorInfo>>;
  return kernel.kernelFunc({ inputs: map, backend, attrs: attrs as unknown as NamedAttrMap }) as TensorInfo;
}

/** A product of two matrices, either of which may be transposed. */
export function matMul(
  backend: WebGpuBackend,
  a: TensorInfo,
  b: TensorInfo,
  transposed: { readonly a?: boolean; readonly b?: boolean } = {},
): TensorInfo {
  return runKernel(
    backend,
    'BatchMatMul',
    { a, b },
    { transposeA: transposed.a ?? false, transposeB: transposed.b ?? false },
  );
}

/** `x @ weight^T + bias`. */
export function linear(
  backend: WebGpuBackend,
  x: TensorInfo,
  weight: TensorInfo,
  bias?: TensorInfo,
): TensorInfo {
  if (!bias) return matMul(backend, x, weight, { b: true });
  const attrs = { transposeA: false, transposeB: true, activation: 'linear' };
  return runKernel(backend, '_FusedMatMul', { a: x, b: weight, bias }, attrs);
}

/** The sum over the rows of a matrix. */
export function sumRows(backend: WebGpuBackend, x: TensorInfo): TensorInfo {
  return runKernel(backend, 'Sum', { x }, { axis: [0], keepDims: false });
}

export function add(backend: WebGpuBackend, a: TensorInfo, b: TensorInfo): TensorInfo {
  return runKernel(backend, 'Add', { a, b });
}

/** A copy of a part of a buffer of `floats` floats, as a tensor of its own. */
export function copyOf(
  backend: WebGpuBackend,
  { dataId, dtype }: TensorInfo,
  floats: number,
  begin: number,
  shape: readonly number[],
): TensorInfo {
  const size = util.sizeFromShape([...shape]);
  const flat = { dataId, dtype, shape: [floats] };
  const part = runKernel(backend, 'Slice', { x: flat }, { begin: [begin], size: [size] });
  return reshaped(part, shape);
}

/** The same elements under another shape. */
export function reshaped({ dataId, dtype }: TensorInfo, shape: readonly number[]): TensorInfo {
  return { dataId, dtype, shape: [...shape] };
}

/** As `reshaped`; the caller frees it, which leaves `x` as it is. */
export function shared(backend: WebGpuBackend, x: TensorInfo, shape: readonly number[]): TensorInfo {
  backend.incRef(x.dataId);
  return reshaped(x, shape);
}

export function free(backend: WebGpuBackend, tensors: readonly TensorInfo[]): void {
  for (const { dataId } of tensors) backend.disposeData(dataId);
}

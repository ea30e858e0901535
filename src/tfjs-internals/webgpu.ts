/** The webgpu backend of tfjs, and the programs that it runs. */

import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { expectPart } from './expect-part.js';

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

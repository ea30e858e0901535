/**
 * Integers and booleans of webgpu in another order of axes.
 *
 * The program of tfjs 4.22 reads what is stored and writes floats, so WebGPU refuses it where int32 or bool are stored, and the result
 * holds zeros or what another tensor has left there; nothing throws. A cast from bool or int32 to float32 stores nothing new, so
 * `mask.cast('float32')` is such a tensor too: masks of `tf.layers.rnn`, and sums, means and running sums along any but the last axis.
 */

import { engine, type KernelBackend, registerKernel, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { storedDtype } from '../../tfjs-internals/backends.js';
import { type WebGpuBackend, webGpuBackend } from '../../tfjs-internals/webgpu.js';
import { runShader, type Shader } from './run.js';

/** The most axes that tfjs transposes here. */
const MAX_RANK = 6;
const AXES = Array.from({ length: MAX_RANK }, (_, axis) => axis);

/** `result[index] = x[sum over axes of the index along it * the stride in x]`; axes that are missing have one index. */
function shaderFor(dtype: TensorInfo['dtype'], stored: string): Shader {
  return {
    key: `torchTranspose_${stored}_${dtype}`,
    inputs: ['x'],
    uniforms: ['size', ...AXES.flatMap((axis) => [`count${axis}`, `stride${axis}`])],
    threads: 64,
    code: /* wgsl */ `
  fn main(index : i32) {
    if (index >= uniforms.size) { return; }
    var rest = index;
    var source = 0;
    ${AXES.map((axis) => `source += rest % uniforms.count${axis} * uniforms.stride${axis}; rest /= uniforms.count${axis};`).join('\n    ')}
    result[index] = ${dtype === 'float32' ? 'f32' : 'i32'}(x[source]);
  }
  `,
  };
}

function transposed(
  backend: WebGpuBackend,
  x: TensorInfo,
  perm: readonly number[],
  stored: string,
): TensorInfo {
  const strides = [...util.computeStrides(x.shape), 1];
  const shape = perm.map((axis) => x.shape[axis] as number);
  const size = util.sizeFromShape(shape);
  const result = backend.makeTensorInfo(shape, x.dtype);
  const shader = shaderFor(x.dtype, stored);
  const uniforms: Record<string, number> = { size };
  // From the last axis of the result to the first.
  for (const axis of AXES) {
    const from = perm.at(-1 - axis);
    uniforms[`count${axis}`] = from === undefined ? 1 : (x.shape[from] as number);
    uniforms[`stride${axis}`] = from === undefined ? 0 : (strides[from] as number);
  }
  runShader(backend, shader, Math.ceil(size / shader.threads), [x], uniforms, result);
  return result;
}

/** The program of tfjs that transposes. Kernels run it without asking for the kernel of that name: sums, running sums, argMax, einsum. */
interface TransposeProgram {
  readonly shaderKey: string;
  readonly newDim?: readonly number[];
}

let watched: object | undefined;

/** Has every backend of the class run the program above in place of tfjs's. */
function watch(backend: KernelBackend): void {
  const prototype = Object.getPrototypeOf(webGpuBackend(backend)) as WebGpuBackend;
  if (prototype === watched) return;
  watched = prototype;
  const { runWebGPUProgram } = prototype;
  const run: WebGpuBackend['runWebGPUProgram'] = function (this: WebGpuBackend, program, inputs, ...rest) {
    const { shaderKey, newDim } = program as TransposeProgram;
    const [x] = inputs;
    if (newDim && x && shaderKey.startsWith('transpose_') && newDim.length <= MAX_RANK) {
      const stored = storedDtype(this, x);
      if (stored !== 'float32' && !x.shape.includes(0)) return transposed(this, x, newDim, stored);
    }
    return runWebGPUProgram.call(this, program, inputs, ...rest);
  };
  Object.assign(prototype, { runWebGPUProgram: run });
}

// Now, if there is such a backend, and when one becomes the active one.
const present = engine().registry.webgpu;
if (present) watch(present);
registerKernel({
  kernelName: 'TorchSetupTranspose',
  backendName: 'webgpu',
  kernelFunc: () => [],
  setupFunc: (backend) => watch(backend as KernelBackend),
});

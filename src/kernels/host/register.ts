/** The recurrent kernels of the backends whose tensors are in the memory of the host: cpu, wasm, and tensorflow on a CPU. */

import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { usesTensorflowGpu } from '../../tfjs-internals.js';
import {
  groupBackward,
  groupInputs,
  groupProduct,
  type RecurrentKernels,
  registerKernels,
  roleOf,
} from '../contract.js';
import { infer, train } from './call/forward.js';
import { makeTensor, valuesOf } from './call/tensors.js';
import { host } from './host.js';
import { isSupported } from './runtime/wasm.js';
import { StackGradient } from './training/gradient.js';

const kernels: RecurrentKernels = {
  get description() {
    const { lastLoss } = host;
    const lost = lastLoss === undefined ? '' : `; the one before was lost: ${lastLoss}`;
    return `the engine runs whole sequences in WebAssembly SIMD${lost}`;
  },

  supports(request) {
    if (!isSupported()) return 'this machine has no WebAssembly SIMD with shared memory';
    if (usesTensorflowGpu()) return 'a GPU device, whose tensors would have to be read back';
    return host.whyNotStarted() ?? (request && host.whyNoRoom(request));
  },

  hasTensorsOnHost: () => !usesTensorflowGpu(),

  inference: (backend, inputs, call) =>
    host.run((running) => {
      running.sweep();
      return infer(running.engine, running.cache, running.bufferCache, backend, call, inputs);
    }),

  training: (backend, inputs, call) =>
    host.run((running) => {
      running.sweep();
      const { outputs, reserve } = train(running.engine, running.cache, backend, call, inputs);
      return [handleTensor(backend, running.reserves.add(reserve)), ...outputs];
    }),

  backward: (backend, tensors, call) =>
    host.run(({ engine, reserves }) => {
      const { inputs, reserve, dys } = groupBackward(call, tensors);
      const kept = reserves.get(handleIn(backend, reserve));
      const { directions } = groupInputs(call, inputs);
      const handle = reserves.addGradient(new StackGradient(engine, kept, backend, directions, dys));
      return [handleTensor(backend, handle)];
    }),

  product: (backend, tensors, call, input) =>
    host.run(({ reserves }) => {
      const [list] = groupProduct(call, tensors).list as [TensorInfo];
      const gradient = reserves.gradientOf(handleIn(backend, list));
      return gradient.of(roleOf(call, input), backend);
    }),
};

/** A tensor that stands for memory of the engine on the tape: a number, known by its value. */
function handleTensor(backend: KernelBackend, handle: number): TensorInfo {
  return makeTensor(backend, Int32Array.of(handle), [1], 'int32');
}

function handleIn(backend: KernelBackend, tensor: TensorInfo): number {
  return valuesOf(backend, tensor)[0] as number;
}

for (const backendName of ['cpu', 'wasm', 'tensorflow']) registerKernels(backendName, kernels);

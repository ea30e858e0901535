/** The kernels that run on the engine, whatever the backend. */

import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import {
  type CallRequest,
  groupBackward,
  groupInputs,
  groupProduct,
  type RecurrentKernels,
  roleOf,
} from '../contract.js';
import { infer, train } from './call/forward.js';
import { valuesOf } from './call/tensors.js';
import { host } from './host.js';
import { whyNoEngine } from './runtime/start.js';
import { StackGradient } from './training/gradient.js';

/** Why the engine does not run a call, wherever its data are. */
export function whyNot(request: CallRequest | undefined): string | undefined {
  return whyNoEngine() ?? host.whyNotStarted() ?? (request && host.whyNoRoom(request));
}

export const run: Pick<RecurrentKernels, 'inference' | 'training' | 'backward' | 'product'> = {
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
  return { dataId: backend.write(Int32Array.of(handle), [1], 'int32'), shape: [1], dtype: 'int32' };
}

function handleIn(backend: KernelBackend, tensor: TensorInfo): number {
  return valuesOf(backend, tensor)[0] as number;
}

/** The recurrent kernels of tfjs's webgpu backend, in WGSL. */

import { engine, type TensorInfo } from '@tensorflow/tfjs-core';
import { disposeOfDeadTape, webGpuBackend } from '../../tfjs-internals.js';
import {
  groupBackward,
  groupInputs,
  groupProduct,
  type RecurrentKernels,
  registerKernels,
  roleOf,
} from '../contract.js';
import { runBackward } from './backward.js';
import { runForward } from './forward.js';
import { DISPATCH_WORK, obstacleTo } from './limits.js';
import { planOf } from './plan.js';
import { productOf } from './product.js';
import { free, shared } from './run.js';
import { weightCacheOf } from './weights.js';

/** @param dispatchWork the multiply-adds of one dispatch. */
export function makeKernels(dispatchWork = DISPATCH_WORK): RecurrentKernels {
  return {
    name: 'wgsl',
    description: 'one compute shader runs whole sequences of a layer on the GPU',

    // Of the backend itself it knows nothing before the first call: it may not have started.
    supports: (request) => request && obstacleTo(request, webGpuBackend(engine().backend).device.limits),

    inference(anyBackend, tensors, call) {
      const backend = webGpuBackend(anyBackend);
      disposeOfDeadTape();
      weightCacheOf(backend).sweep();
      const plan = planOf(call, tensors[0] as TensorInfo);
      const { outputs, written } = runForward(backend, plan, groupInputs(call, tensors), false, dispatchWork);
      free(backend, [written]);
      return outputs;
    },

    training(anyBackend, tensors, call) {
      const backend = webGpuBackend(anyBackend);
      disposeOfDeadTape();
      weightCacheOf(backend).sweep();
      const plan = planOf(call, tensors[0] as TensorInfo);
      const { outputs, written } = runForward(backend, plan, groupInputs(call, tensors), true, dispatchWork);
      return [written, ...outputs];
    },

    backward(anyBackend, tensors, call) {
      const backend = webGpuBackend(anyBackend);
      const { inputs, reserve, dys } = groupBackward(call, tensors);
      const plan = planOf(call, inputs[0] as TensorInfo);
      const gradients = runBackward(backend, plan, groupInputs(call, inputs), reserve, dys, dispatchWork);
      // The products read the reserve as well.
      return [gradients, shared(backend, reserve, reserve.shape)];
    },

    product(anyBackend, tensors, call, input) {
      const { inputs, list } = groupProduct(call, tensors);
      const [gradients, reserve] = list as [TensorInfo, TensorInfo];
      const plan = planOf(call, inputs[0] as TensorInfo);
      const grouped = groupInputs(call, inputs);
      return productOf(webGpuBackend(anyBackend), plan, grouped, reserve, gradients, roleOf(call, input));
    },
  };
}

registerKernels('webgpu', makeKernels());

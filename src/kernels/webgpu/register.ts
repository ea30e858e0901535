/** The recurrent kernels of tfjs's webgpu backend, in WGSL. */

import { engine, type TensorInfo } from '@tensorflow/tfjs-core';
import { disposeOfDeadTape } from '../../tfjs-internals/tape.js';
import { type WebGpuBackend, webGpuBackend } from '../../tfjs-internals/webgpu.js';
import {
  groupBackward,
  groupInputs,
  groupProduct,
  type RecurrentCall,
  type RecurrentKernels,
  registerKernels,
  roleOf,
} from '../contract.js';
import { runBackward } from './backward.js';
import { chunksOf } from './chunks.js';
import { runForward } from './forward.js';
import { DISPATCH_WORK, obstacleTo } from './limits.js';
import { planOf } from './plan.js';
import { productOf } from './product.js';
import { free, shared } from './run.js';
import { weightCacheOf } from './weights.js';

/** @param dispatchWork the multiply-adds of one dispatch. */
export function makeKernels(dispatchWork = DISPATCH_WORK): RecurrentKernels {
  const forward = (
    backend: WebGpuBackend,
    tensors: readonly TensorInfo[],
    call: RecurrentCall,
    isTraining: boolean,
  ) => {
    disposeOfDeadTape();
    weightCacheOf(backend).sweep();
    const plan = planOf(call, tensors[0] as TensorInfo);
    return runForward(backend, { plan, inputs: groupInputs(call, tensors), isTraining, dispatchWork });
  };

  return {
    name: 'wgsl',
    description: 'compute shaders run all steps of a layer at once on the GPU',

    // Of the backend itself it knows nothing before the first call: it may not have started.
    supports: (request) => request && obstacleTo(request, webGpuBackend(engine().backend).device.limits),

    reasonFor({ call, inputs }) {
      const plan = planOf(call, inputs[0] as TensorInfo);
      const dispatches = plan.layers * chunksOf(plan, dispatchWork).length;
      return `${plan.steps} steps in ${dispatches} dispatches, beside the products for the input`;
    },

    inference(anyBackend, tensors, call) {
      const backend = webGpuBackend(anyBackend);
      const { outputs, written } = forward(backend, tensors, call, false);
      free(backend, [written]);
      return outputs;
    },

    training(anyBackend, tensors, call) {
      const backend = webGpuBackend(anyBackend);
      const { outputs, written } = forward(backend, tensors, call, true);
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

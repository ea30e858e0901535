/** The gradient of one input of a call, from what backward left. */

import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGpuBackend } from '../../tfjs-internals/webgpu.js';
import type { GroupedInputs, InputRole, WeightName } from '../contract.js';
import { gateGradients, inputGradient } from './backward.js';
import { BackwardLayout, ForwardLayout, type Plan } from './plan.js';
import { copyOf, free, matMul, reshaped, runShader, shared, sumRows } from './run.js';
import { WITHOUT_PADDING } from './shaders/without-padding.js';

/** @param gradients in the order of {@link BackwardLayout}. */
export function productOf(
  backend: WebGpuBackend,
  plan: Plan,
  inputs: GroupedInputs<TensorInfo>,
  reserve: TensorInfo,
  gradients: TensorInfo,
  role: InputRole,
): TensorInfo {
  switch (role.kind) {
    case 'x':
      return reshaped(inputGradient(backend, plan, 0, inputs.directions, gradients), inputs.x.shape);
    case 'state': {
      const layout = new BackwardLayout(plan);
      const shape = [plan.call.directions, plan.batch, plan.hiddenSize];
      return copyOf(backend, gradients, layout.floats, layout.stateAt(role.state), shape);
    }
    case 'weight':
      return ofWeight(backend, plan, inputs, reserve, gradients, role.name, role.direction);
    default:
      throw new Error('lengths have no gradient');
  }
}

function ofWeight(
  backend: WebGpuBackend,
  plan: Plan,
  inputs: GroupedInputs<TensorInfo>,
  reserve: TensorInfo,
  gradients: TensorInfo,
  name: WeightName,
  k: number,
): TensorInfo {
  const d = gateGradients(backend, plan, gradients, name.endsWith('ih') ? 'input' : 'state', k);
  if (name.startsWith('bias')) {
    const sum = sumRows(backend, d);
    free(backend, [d]);
    return sum;
  }
  const factor =
    name === 'weight_ih' ? inputOf(backend, plan, inputs, reserve, k) : hBefore(backend, plan, reserve, k);
  const product = matMul(backend, d, factor, { a: true });
  free(backend, [d, factor]);
  return product;
}

/** What W_ih of a direction was multiplied with, `[rows, I]`; zeros in padding, where gradients are zeros as well. */
function inputOf(
  backend: WebGpuBackend,
  plan: Plan,
  { x, lengths }: GroupedInputs<TensorInfo>,
  reserve: TensorInfo,
  k: number,
): TensorInfo {
  const { rows, inputSize, directions, hiddenSize, steps, batch, stepStride, batchStride } = plan;
  const layer = Math.floor(k / directions);
  if (layer > 0) {
    const layout = new ForwardLayout(plan, true);
    return copyOf(backend, reserve, layout.floats, layout.sequenceAt(layer - 1), [
      rows,
      directions * hiddenSize,
    ]);
  }
  if (!lengths) return shared(backend, x, [rows, inputSize]);
  const result = backend.makeTensorInfo([rows, inputSize], 'float32');
  const size = rows * inputSize;
  const uniforms = { size, width: inputSize, steps, batch, stepStride, batchStride };
  const groups = Math.ceil(size / WITHOUT_PADDING.threads);
  runShader(backend, WITHOUT_PADDING, groups, [x, lengths], uniforms, result);
  return result;
}

/** h before each step of a direction, `[rows, H]`. */
function hBefore(backend: WebGpuBackend, plan: Plan, reserve: TensorInfo, k: number): TensorInfo {
  const layout = new ForwardLayout(plan, true);
  return copyOf(backend, reserve, layout.floats, layout.slotsAt(k), [plan.rows, plan.hiddenSize]);
}

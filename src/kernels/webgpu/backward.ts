/** A stack of layers, backward: one shader for each chunk of steps of a layer; the products are made when they are asked for. */

import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGpuBackend } from '../../tfjs-internals/webgpu.js';
import type { DirectionOf, GroupedInputs } from '../contract.js';
import { chunksOf, walkUniforms, workgroups } from './chunks.js';
import { threadsFor } from './limits.js';
import { BackwardLayout, ForwardLayout, type Plan } from './plan.js';
import { add, copyOf, free, matMul, runShader } from './run.js';
import { backwardShader } from './shaders/backward.js';
import { weightCacheOf } from './weights.js';

/**
 * @param dys the gradients of the output and of the final states.
 * @returns the gradients of the states and of the gates' sums, in the order of {@link BackwardLayout}.
 */
export function runBackward(
  backend: WebGpuBackend,
  plan: Plan,
  { directions: weights, lengths }: GroupedInputs<TensorInfo>,
  reserve: TensorInfo,
  [dOutput, ...dStates]: readonly TensorInfo[],
  dispatchWork: number,
): TensorInfo {
  const { layers, directions, rows, hiddenSize } = plan;
  const layout = new BackwardLayout(plan);
  const reserved = new ForwardLayout(plan, true);
  const shader = backwardShader(plan, threadsFor(hiddenSize, backend.device.limits));
  const gradients = backend.makeTensorInfo([layout.floats], 'float32');
  let dy = dOutput as TensorInfo;
  for (let layer = layers - 1; layer >= 0; layer--) {
    const k = layer * directions;
    const packed = weightCacheOf(backend).get('backward', plan, weights.slice(k, k + directions));
    const uniforms = {
      ...walkUniforms(plan),
      layerRows: k * plan.batch,
      slotsAt: reserved.slotsAt(k),
      slotFloats: rows * hiddenSize,
      inputGradientsAt: layout.inputGradientsAt(k),
      stateGradientsAt: layout.stateGradientsAt(k),
      directionFloats: layout.inputGradientsAt(1) - layout.inputGradientsAt(0),
      hAt: layout.stateAt(0),
      cAt: layout.stateAt(1),
    };
    const sources = [packed, reserve, dy, ...dStates, ...(lengths ? [lengths] : [])];
    for (const chunk of chunksOf(plan, dispatchWork))
      runShader(backend, shader, workgroups(plan), sources, { ...uniforms, ...chunk }, gradients);
    if (dy !== dOutput) free(backend, [dy]);
    if (layer > 0) dy = inputGradient(backend, plan, layer, weights, gradients);
  }
  return gradients;
}

/** The gradient of a layer's input, `[rows, I]`: the sum over its directions of d(W_ih x) @ W_ih. */
export function inputGradient(
  backend: WebGpuBackend,
  plan: Plan,
  layer: number,
  weights: readonly DirectionOf<TensorInfo, TensorInfo>[],
  gradients: TensorInfo,
): TensorInfo {
  let sum: TensorInfo | undefined;
  for (let k = layer * plan.directions; k < (layer + 1) * plan.directions; k++) {
    const d = gateGradients(backend, plan, gradients, 'input', k);
    const product = matMul(backend, d, (weights[k] as DirectionOf<TensorInfo, TensorInfo>).weight_ih);
    const next = sum ? add(backend, sum, product) : product;
    free(backend, sum ? [d, sum, product] : [d]);
    sum = next;
  }
  return sum as TensorInfo;
}

/** The gradients of W_ih x + b_ih, or of W_hh h + b_hh, of one direction of a layer: `[rows, G*H]`. */
export function gateGradients(
  backend: WebGpuBackend,
  plan: Plan,
  gradients: TensorInfo,
  side: 'input' | 'state',
  k: number,
): TensorInfo {
  const layout = new BackwardLayout(plan);
  const begin = side === 'input' ? layout.inputGradientsAt(k) : layout.stateGradientsAt(k);
  return copyOf(backend, gradients, layout.floats, begin, [plan.rows, plan.gates * plan.hiddenSize]);
}

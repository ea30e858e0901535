/** A stack of layers, forward: layer by layer, each with one projection of its input and one shader for each chunk of steps. */

import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGpuBackend } from '../../tfjs-internals/webgpu.js';
import type { GroupedInputs } from '../contract.js';
import { chunksOf, walkUniforms, workgroups } from './chunks.js';
import { threadsFor } from './limits.js';
import { ForwardLayout, type Plan } from './plan.js';
import { copyOf, free, linear, reshaped, runShader } from './run.js';
import { forwardShader } from './shaders/forward.js';
import { weightCacheOf } from './weights.js';

/** Outputs of a call: the output, then the final states; and what forward wrote, in the order of {@link ForwardLayout}. */
export interface Ran {
  readonly outputs: TensorInfo[];
  readonly written: TensorInfo;
}

/** What the layers of one call share. */
interface Call {
  readonly plan: Plan;
  readonly inputs: GroupedInputs<TensorInfo>;
  readonly isTraining: boolean;
  /** The multiply-adds of one dispatch. */
  readonly dispatchWork: number;
}

export function runForward(backend: WebGpuBackend, forward: Call): Ran {
  const { plan, inputs, isTraining } = forward;
  const { call, layers, directions, rows, batch, steps, inputSize, hiddenSize, states } = plan;
  const layout = new ForwardLayout(plan, isTraining);
  const written = backend.makeTensorInfo([layout.floats], 'float32');
  const width = directions * hiddenSize;
  let input = reshaped(inputs.x, [rows, inputSize]);
  for (let layer = 0; layer < layers; layer++) {
    runLayer(backend, forward, layer, input, written);
    if (layer > 0) free(backend, [input]);
    input = copyOf(backend, written, layout.floats, layout.sequenceAt(layer), [rows, width]);
  }
  const output = reshaped(input, call.batchFirst ? [batch, steps, width] : [steps, batch, width]);
  const finalStates = Array.from({ length: states }, (_, state) => {
    const shape = [call.directions, batch, hiddenSize];
    return copyOf(backend, written, layout.floats, layout.stateAt(state), shape);
  });
  return { outputs: [output, ...finalStates], written };
}

function runLayer(
  backend: WebGpuBackend,
  { plan, inputs, isTraining, dispatchWork }: Call,
  layer: number,
  input: TensorInfo,
  written: TensorInfo,
): void {
  const { hiddenSize, directions, rows } = plan;
  const { states, lengths } = inputs;
  const k = layer * directions;
  const weights = inputs.directions.slice(k, k + directions);
  const layout = new ForwardLayout(plan, isTraining);
  const threads = threadsFor(hiddenSize, backend.device.limits);
  const shader = forwardShader(plan, { threads, isTraining });
  const packed = weightCacheOf(backend).get('forward', plan, weights);
  const projected = weights.map(({ weight_ih, bias_ih }) => linear(backend, input, weight_ih, bias_ih));
  const sources = [packed, ...projected, ...states, ...(lengths ? [lengths] : [])];
  const uniforms = {
    ...walkUniforms(plan),
    layerRows: k * plan.batch,
    sequenceAt: layout.sequenceAt(layer),
    slotsAt: layout.slotsAt(k),
    slotFloats: rows * hiddenSize,
    hAt: layout.stateAt(0),
    cAt: layout.stateAt(1),
  };
  for (const chunk of chunksOf(plan, dispatchWork))
    runShader(backend, shader, workgroups(plan), sources, { ...uniforms, ...chunk }, written);
  free(backend, projected);
}

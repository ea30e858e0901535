/** Whether the engine takes a call while a GPU backend is active: where the data are, and what it costs to fetch them. */

import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { isOnHost } from '../../../tfjs-internals/backends.js';
import { type CallRequest, groupInputs } from '../../contract.js';
import { callFlops, type Plan, planOf } from '../call/plan.js';
import {
  BYTES_READ,
  CUDNN_OPS,
  CUDNN_STEP,
  DISPATCH,
  ENGINE_FLOPS,
  GPU_FLOPS,
  OPS_OF_STEP,
  STALL,
} from './costs.js';

/** What a call costs, in milliseconds. */
interface Estimate {
  readonly engine: number;
  /** In tf ops. */
  readonly ops: number;
  /** In cuDNN. */
  readonly cudnn: number;
  /** Bytes that the engine has to read back. */
  readonly bytes: number;
}

/**
 * In inference, what lies on the GPU is read, but for the weights: they are read once for many calls. In training the optimizer
 * leaves the weights there, and the loss the gradient of the output, so everything is read, in two stalls.
 */
export function estimate({ call, inputs, isTraining }: CallRequest): Estimate {
  const { x, states, lengths } = groupInputs(call, inputs);
  const plan = planOf(call, x);
  const read = isTraining ? inputs : [x, ...states, lengths].filter((info) => info && !isOnHost(info));
  const bytes = bytesOf(read as TensorInfo[]) + (isTraining ? bytesOfOutput(plan) : 0);
  const stalls = isTraining ? 2 : Math.min(1, bytes);
  // The products of the gradient are twice those of the call.
  const flops = callFlops(plan) * (isTraining ? 3 : 1);
  const { steps, directions, layers } = plan;
  const passes = isTraining ? 2 : 1;
  const kind = isTraining ? 'training' : 'inference';
  const dispatches = steps * directions * layers * OPS_OF_STEP[call.cell][kind];
  return {
    engine: stalls * STALL + bytes / BYTES_READ + flops / ENGINE_FLOPS,
    ops: dispatches * DISPATCH + flops / GPU_FLOPS,
    cudnn: CUDNN_OPS[kind] * DISPATCH + passes * steps * layers * CUDNN_STEP + flops / GPU_FLOPS,
    bytes,
  };
}

function bytesOf(infos: readonly TensorInfo[]): number {
  return infos.reduce((sum, { shape }) => sum + 4 * util.sizeFromShape(shape), 0);
}

function bytesOfOutput({ steps, batch, directions, outSize }: Plan): number {
  return 4 * steps * batch * directions * outSize;
}

/** Why the engine does not take a call of webgl, or of tfjs-node on a GPU, where tf ops would be faster; undefined where it does. */
export function declinedByCosts(request: CallRequest): string | undefined {
  const made = estimate(request);
  return request.isForced || made.engine <= made.ops ? undefined : told(made);
}

/**
 * As {@link declinedByCosts}, for the webgpu backend, where nothing on the GPU can be read at once.
 * @param isPacked whether the engine has the weights.
 */
export function declinedOnWebgpu(request: CallRequest, isPacked: () => boolean): string | undefined {
  if (request.isTraining) return 'a gradient follows, whose data are on the GPU';
  const { call, inputs } = request;
  const { x, states, lengths } = groupInputs(call, inputs);
  for (const info of [x, ...states, lengths])
    if (info && !isOnHost(info)) return 'data of the call are on the GPU';
  const weights = inputs.slice(1 + states.length);
  if (!weights.every(isOnHost) && !isPacked()) return 'weights are on the GPU';
  return declinedByCosts(request);
}

/** Why cuDNN does not take a call that the engine would have faster; undefined where it does. */
export function slowerOnCudnn(request: CallRequest): string | undefined {
  const made = estimate(request);
  return request.isForced || made.cudnn <= made.engine ? undefined : toldOfCudnn(made);
}

/** The costs of a call, for `describeKernels`. */
export function told(made: Estimate): string {
  return `${toldOfEngine(made)} against ${digits(made.ops)} in tf ops on a fast GPU`;
}

/** The same where cuDNN runs. */
export function toldOfCudnn(made: Estimate): string {
  return `${toldOfEngine(made)} against ${digits(made.cudnn)} in cuDNN`;
}

function toldOfEngine({ engine, bytes }: Estimate): string {
  const read = bytes > 0 ? `, ${Math.ceil(bytes / 1024)} KiB of data read back,` : '';
  return `about ${digits(engine)} ms on the engine${read}`;
}

const digits = (milliseconds: number) => Number(milliseconds.toPrecision(2));

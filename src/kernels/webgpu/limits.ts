/** What the kernels take and leave. */

import type { DeviceLimits } from '../../tfjs-internals/webgpu.js';
import type { CallRequest } from '../contract.js';
import { BackwardLayout, ForwardLayout, type Plan, planOf } from './plan.js';

/**
 * The largest H: above it the reference runs. A workgroup reads all of W_hh at every step, where the reference spreads that
 * over the whole GPU; where the two meet has not been measured on a GPU.
 */
const MAX_HIDDEN_SIZE = 512;

/** Threads of a workgroup: what every device has (`maxComputeInvocationsPerWorkgroup` is 256 at least, but in compatibility mode). */
const MAX_THREADS = 256;

/**
 * Multiply-adds of one dispatch, whose steps are chosen by it. A GPU of 20 billion a second takes 50 ms: browsers and drivers
 * stop a dispatch after some seconds, and the page is not drawn meanwhile.
 */
export const DISPATCH_WORK = 2 ** 30;

/** Rows of a tile: the components of a vector. */
export const TILE = 4;

/** Floats of a vector that a weight or a state is padded to. */
const VECTOR = 4;

const BYTES = 4;

/** H as whole vectors. */
export function quads(hiddenSize: number): number {
  return Math.ceil(hiddenSize / VECTOR);
}

/** Rows of the batch that a workgroup owns: few rows have a workgroup each, more share the weights that it reads. */
export function tileRows(batch: number): number {
  return batch < TILE ? 1 : TILE;
}

/** Threads of a workgroup: one for each unit, in whole groups of 32, up to what the device takes. */
export function threadsFor(hiddenSize: number, limits: DeviceLimits): number {
  const { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX } = limits;
  return Math.min(
    32 * Math.ceil(hiddenSize / 32),
    MAX_THREADS,
    maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupSizeX,
  );
}

/** Steps of one dispatch. */
export function chunkSteps({ batch, directions, gates, hiddenSize }: Plan, dispatchWork: number): number {
  return Math.max(1, Math.floor(dispatchWork / (batch * directions * gates * hiddenSize ** 2)));
}

/** Why a call is not taken; undefined where it is. */
export function obstacleTo(
  { call, inputs, isTraining }: CallRequest,
  limits: DeviceLimits,
): string | undefined {
  const { hiddenSize, projSize } = call;
  if (projSize > 0) return 'an LSTM with a projection, which the WGSL kernels do not have';
  if (hiddenSize > MAX_HIDDEN_SIZE)
    return `hiddenSize ${hiddenSize}, where the WGSL kernels take at most ${MAX_HIDDEN_SIZE}`;
  const plan = planOf(call, inputs[0] as CallRequest['inputs'][number]);
  if (plan.batch === 0) return 'an empty batch, which needs no kernel';
  // Both halves of h forward; the gradients of all gates backward.
  const vectors = Math.max(2, isTraining ? plan.gates : 0) * VECTOR * quads(hiddenSize);
  return (
    tooLarge('workgroup memory', vectors * TILE, limits.maxComputeWorkgroupStorageSize) ??
    tooLarge('one buffer', largestBuffer(plan, isTraining), limits.maxStorageBufferBindingSize) ??
    tooLarge('one buffer', largestBuffer(plan, isTraining), limits.maxBufferSize)
  );
}

/** Floats of the largest buffer of a call: x, a projected input, or what forward or backward writes. */
function largestBuffer(plan: Plan, isTraining: boolean): number {
  const { rows, inputSize, gates, hiddenSize } = plan;
  const written = [new ForwardLayout(plan, isTraining), ...(isTraining ? [new BackwardLayout(plan)] : [])];
  return Math.max(rows * inputSize, rows * gates * hiddenSize, ...written.map(({ floats }) => floats));
}

function tooLarge(what: string, floats: number, limit: number): string | undefined {
  const bytes = floats * BYTES;
  return bytes <= limit ? undefined : `${what} of ${bytes} bytes, where the device takes ${limit}`;
}

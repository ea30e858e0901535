/** Calls that run off the calling thread: it copies their data in and out, workers do the rest. */

import { type Tensor, type TensorInfo, engine as tfEngine } from '@tensorflow/tfjs-core';
import { isOnHost } from '../../../tfjs-internals/backends.js';
import { groupInputs, type OffThreadOutputs, type RecurrentCall } from '../../contract.js';
import type { RunningEngine } from '../host.js';
import { lostInThreads } from '../runtime/engine-lost-error.js';
import { tensorsOf } from '../weights/packed-weights.js';
import type { CallBuffers } from './call-buffers.js';
import { fill, giveBack, makeBuffers, outputsOf, takeWeights } from './forward.js';
import { planOf } from './plan.js';
import { withValues } from './tensors.js';

/**
 * Runs the stack on the inputs of the inference kernel, which stay alive until the promise settles. One call at a time.
 * @returns rejected with NoRoomError where the arena is full, with EngineLostError where the engine is lost.
 */
export async function inferOffThread(
  running: RunningEngine,
  tensors: readonly Tensor[],
  call: RecurrentCall,
): Promise<OffThreadOutputs> {
  const { engine, cache } = running;
  const inputs = groupInputs<TensorInfo>(call, tensors);
  const packed = new Set(inputs.directions.filter((each) => cache.has(each)).flatMap(tensorsOf));
  const remote = tensors.filter((tensor) => !packed.has(tensor) && !isOnHost(tensor));
  const values = await Promise.all(remote.map((tensor) => tensor.data<'float32' | 'int32'>()));
  const known = remote.map(({ dataId }, i) => [dataId, values[i] as Float32Array] as const);
  const plan = planOf(call, inputs.x);
  running.sweep();
  const { backend } = tfEngine();
  const [weights, buffers] = withValues(known, () => {
    const weights = takeWeights(cache, backend, plan, inputs, false);
    let buffers: CallBuffers | undefined;
    try {
      buffers = makeBuffers(engine, backend, plan, inputs, 'off-thread');
      buffers.use(weights);
      fill(engine, backend, buffers, inputs);
      return [weights, buffers] as const;
    } catch (error) {
      buffers?.release();
      giveBack(weights);
      throw error;
    }
  });
  try {
    const callerReason = await runBuffers(running, buffers);
    if (running.isLost) throw lostInThreads('an engine that another call has lost');
    return { outputs: outputsOf(engine, tfEngine().backend, buffers), callerReason };
  } finally {
    buffers.release();
    giveBack(weights);
  }
}

async function runBuffers({ engine }: RunningEngine, buffers: CallBuffers): Promise<string | undefined> {
  const { threads, mirror } = engine;
  if (mirror === undefined) return threads.runOffThread(buffers.rounds);
  const obstacle = await mirror.run(buffers.mirrored);
  if (obstacle !== undefined) buffers.run([]);
  return obstacle;
}

/** A stack of layers on the engine: forward, and the reserve that its gradient starts from. */

import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { type GroupedInputs, groupInputs, type RecurrentCall } from '../../contract.js';
import type { Scope } from '../runtime/arena.js';
import type { Engine } from '../runtime/engine.js';
import { type PackedWeights, tensorsOf, type WeightCache } from '../weights/packed-weights.js';
import type { BufferCache } from './buffer-cache.js';
import { CallBuffers, type Purpose, type StackArrays } from './call-buffers.js';
import { groupCount, inputSizeOf, type Plan, packingsOf, planOf, threadsFor } from './plan.js';
import { copyIn, copyOut } from './sequences.js';
import { fetchTogether, makeTensor, valuesOf } from './tensors.js';

/** What a training call leaves for its gradient. All blocks belong to `scope`. */
export interface Reserve extends StackArrays {
  readonly scope: Scope;
  /** How many threads the call may use. */
  readonly threads: number;
}

/** Outputs of a call: output, then the final states. */
type Outputs = TensorInfo[];

/**
 * Runs the stack on the inputs of the inference kernel.
 * @throws NoRoomError when the arena is full; nothing is kept then.
 */
export function infer(
  engine: Engine,
  cache: WeightCache,
  bufferCache: BufferCache,
  backend: KernelBackend,
  call: RecurrentCall,
  tensors: readonly TensorInfo[],
): Outputs {
  const inputs = groupInputs(call, tensors);
  const plan = planOf(call, inputs.x);
  const key = { backend, plan, threads: engine.threads.count };
  return withWeights(cache, backend, plan, inputs, false, (weights) => {
    const known = call.hasLengths ? undefined : bufferCache.find(key, weights);
    const buffers = known ?? makeBuffers(engine, backend, plan, inputs, 'inference');
    let isKept = known !== undefined;
    try {
      buffers.use(weights);
      const outputs = run(engine, backend, buffers, inputs);
      isKept ||= !call.hasLengths && bufferCache.keep(key, buffers);
      return outputs;
    } finally {
      if (!isKept) buffers.release();
    }
  });
}

/**
 * Runs the stack on the inputs of the training kernel.
 * @returns also a reserve: the caller releases its scope, and counts `users` of its weights down.
 * @throws NoRoomError when the arena is full; nothing is kept then.
 */
export function train(
  engine: Engine,
  cache: WeightCache,
  backend: KernelBackend,
  call: RecurrentCall,
  tensors: readonly TensorInfo[],
): { readonly outputs: Outputs; readonly reserve: Reserve } {
  const inputs = groupInputs(call, tensors);
  const plan = planOf(call, inputs.x);
  const buffers = makeBuffers(engine, backend, plan, inputs, 'training');
  const { groups, initial, threads, kept } = buffers;
  try {
    return withWeights(cache, backend, plan, inputs, true, (weights) => {
      buffers.use(weights);
      const outputs = run(engine, backend, buffers, inputs);
      for (const packed of weights) packed.users++;
      buffers.releaseTemporary();
      return { outputs, reserve: { plan, groups, initial, weights, scope: kept, threads } };
    });
  } catch (error) {
    buffers.release();
    throw error;
  }
}

export function makeBuffers(
  engine: Engine,
  backend: KernelBackend,
  plan: Plan,
  { states, lengths }: GroupedInputs<TensorInfo>,
  purpose: Purpose,
): CallBuffers {
  const { countOffThread } = engine.threads;
  const threads = purpose === 'off-thread' ? countOffThread : threadsFor(plan, engine.threads);
  const values = lengths && (valuesOf(backend, lengths) as Int32Array);
  const packings = packingsOf(plan, values, groupCount(plan, threads, engine.threads.thresholds));
  return new CallBuffers(engine, plan, packings, states.length > 0, threads, purpose);
}

/** Runs `body` with the packed weights, which are not freed meanwhile. */
function withWeights<T>(
  cache: WeightCache,
  backend: KernelBackend,
  plan: Plan,
  inputs: GroupedInputs<TensorInfo>,
  isTraining: boolean,
  body: (weights: readonly PackedWeights[]) => T,
): T {
  const weights = takeWeights(cache, backend, plan, inputs, isTraining);
  try {
    return body(weights);
  } finally {
    giveBack(weights);
  }
}

/** The packed weights of a call. They are not freed until they are given back. */
export function takeWeights(
  cache: WeightCache,
  backend: KernelBackend,
  plan: Plan,
  { directions }: GroupedInputs<TensorInfo>,
  isTraining: boolean,
): PackedWeights[] {
  const weights: PackedWeights[] = [];
  const read = directions.filter((direction) => !cache.has(direction)).flatMap(tensorsOf);
  try {
    fetchTogether(read, () => {
      for (const [k, direction] of directions.entries()) {
        const inputSize = inputSizeOf(plan, Math.floor(k / plan.directions));
        weights.push(cache.get(backend, direction, plan, inputSize, isTraining));
      }
    });
    return weights;
  } catch (error) {
    giveBack(weights);
    throw error;
  }
}

export function giveBack(weights: readonly PackedWeights[]): void {
  for (const packed of weights) packed.users--;
}

function run(
  engine: Engine,
  backend: KernelBackend,
  buffers: CallBuffers,
  inputs: GroupedInputs<TensorInfo>,
): Outputs {
  fill(engine, backend, buffers, inputs);
  buffers.run(inputs.directions);
  return outputsOf(engine, backend, buffers);
}

/** Copies x and the initial states into the buffers of a call. */
export function fill(
  engine: Engine,
  backend: KernelBackend,
  { plan, groups, initial }: CallBuffers,
  { x, states }: GroupedInputs<TensorInfo>,
): void {
  for (const [s, state] of states.entries())
    engine.write(initial[s]?.[0] as number, valuesOf(backend, state));
  const first = groups.map(({ sequences }) => sequences[0] as number);
  copyIn(engine, backend, plan, groups, x, first);
}

/** The outputs of a call whose jobs have run, copied out of its buffers. */
export function outputsOf(
  engine: Engine,
  backend: KernelBackend,
  { plan, groups, finals }: CallBuffers,
): Outputs {
  const { batch, directions, outSize, layers, stateSizes } = plan;
  const last = groups.map(({ sequences }) => sequences[layers] as number);
  const output = copyOut(engine, backend, plan, groups, last, directions * outSize);
  const count = layers * directions;
  const finalStates = stateSizes.map((size, s) =>
    makeTensor(backend, engine.floats(finals[s] as number, count * batch * size), [count, batch, size]),
  );
  return [output, ...finalStates];
}

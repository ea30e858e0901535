/** A stack of layers on the engine: forward, and the reserve that its gradient starts from. */

import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import type { RecurrentAttrs } from '../contract.js';
import { Scope } from './arena.js';
import { DIRECTION_SIZE, type DirectionFields, noFields, TEAM_SIZE, writeDirection } from './direction.js';
import { type Engine, padded, VECTOR } from './engine.js';
import { sortInputs } from './inputs.js';
import {
  CELL_CODES,
  GATES,
  groupCount,
  type Packing,
  type Plan,
  packingsOf,
  planOf,
  SLOTS,
  teamSize,
  threadsFor,
} from './plan.js';
import { copyIn, copyOut } from './sequences.js';
import { makeTensor, valuesOf } from './tensors.js';
import type { Job } from './threads.js';
import type { PackedWeights, WeightCache } from './weights.js';

/** Floats of the input's share that are held at a time: 1 MiB stays in the second-level cache until the steps read it. */
const CHUNK_FLOATS = 2 ** 18;

/** Rows of the batch that run together, and where their arrays lie in the arena. */
export interface Group {
  readonly packing: Packing;
  readonly order: number;
  readonly counts: number;
  /** The input of each layer, `[M, I of the layer]`, and behind them the output of the last. */
  readonly sequences: readonly number[];
  /** By direction; 0 in inference. */
  readonly reserves: readonly number[];
}

/** What a training call leaves for its gradient. All blocks belong to `scope`. */
export interface Reserve {
  readonly plan: Plan;
  readonly groups: readonly Group[];
  /** By state, then by direction, of the whole batch: the initial states, 0 where there are none. */
  readonly initial: readonly (readonly number[])[];
  readonly weights: readonly PackedWeights[];
  readonly scope: Scope;
  /** Threads that the call was worth. */
  readonly threads: number;
}

export interface StackResult {
  /** Output, then the final states. */
  readonly outputs: TensorInfo[];
  readonly reserve?: Reserve;
}

/** I of a layer. */
export function inputSizeOf({ inputSize, directions, outSize }: Plan, layer: number): number {
  return layer === 0 ? inputSize : directions * outSize;
}

/** Runs the stack on the inputs of a kernel. @throws UnsupportedError when the arena is full; nothing is kept then. */
export function runStack(
  engine: Engine,
  cache: WeightCache,
  backend: KernelBackend,
  attrs: RecurrentAttrs,
  tensors: readonly TensorInfo[],
  isTraining: boolean,
): StackResult {
  const { x, states, lengths, directions } = sortInputs(attrs.inputNames, tensors);
  const plan = planOf(attrs, x, directions.length);
  const threads = threadsFor(plan, engine.threads.count);
  const packings = packingsOf(
    plan,
    lengths && (valuesOf(backend, lengths) as Int32Array),
    groupCount(plan, threads),
  );
  const scope = new Scope(engine.arena);
  const temporary = new Scope(engine.arena);
  const weights: PackedWeights[] = [];
  let isKept = false;
  try {
    for (const [k, direction] of directions.entries()) {
      const layer = Math.floor(k / plan.directions);
      weights.push(cache.get(backend, direction, plan, inputSizeOf(plan, layer)));
    }
    const owner = isTraining ? scope : temporary;
    const groups = packings.map((packing) => makeGroup(engine, plan, packing, owner, isTraining));
    const initial = copyStates(engine, backend, plan, states, owner);
    copyIn(
      engine,
      plan,
      groups,
      valuesOf(backend, x),
      plan.inputSize,
      groups.map(({ sequences }) => sequences[0] as number),
      temporary,
    );
    const reserve: Reserve = { plan, groups, initial, weights, scope, threads };
    const finals = runLayers(engine, reserve, temporary);
    const outputs = collect(engine, backend, reserve, finals, temporary);
    isKept = isTraining;
    return isTraining ? { outputs, reserve } : { outputs };
  } finally {
    temporary.release();
    if (!isKept) {
      scope.release();
      for (const packed of weights) packed.users--;
    }
  }
}

function makeGroup(engine: Engine, plan: Plan, packing: Packing, scope: Scope, isTraining: boolean): Group {
  const { layers, directions, cell, hiddenSize, inputSize, outSize } = plan;
  const { rows } = packing;
  const width = directions * outSize;
  // In inference a layer's input is not needed any more when its output is there: two buffers take turns.
  const turns = [0, 1].map(() => (isTraining || layers < 2 ? 0 : scope.allocate(rows * width)));
  const sequences = [scope.allocate(rows * inputSize)];
  for (let layer = 0; layer < layers; layer++)
    sequences.push(turns[layer % 2] || scope.allocate(rows * width));
  const slots = isTraining && !cell.startsWith('RNN') ? SLOTS[cell] * padded(hiddenSize) : 0;
  const reserves: number[] = [];
  for (let k = 0; k < layers * directions; k++) reserves.push(slots > 0 ? scope.allocate(rows * slots) : 0);
  const [order, counts] = [packing.order, packing.counts].map((values) => {
    const at = scope.allocate(values.length);
    engine.ints(at, values.length).set(values);
    return at;
  }) as [number, number];
  return { packing, order, counts, sequences, reserves };
}

/** The initial states, `[L*D, B, S]` each, as the caller has them. */
function copyStates(
  engine: Engine,
  backend: KernelBackend,
  { layers, directions, batch, stateSizes }: Plan,
  states: readonly TensorInfo[],
  scope: Scope,
): number[][] {
  return stateSizes.map((size, s) => {
    const state = states[s];
    const values = state && valuesOf(backend, state);
    const at = values ? scope.allocate(values.length) : 0;
    if (values) engine.floats(at, values.length).set(values);
    return Array.from({ length: layers * directions }, (_, k) => (values ? at + k * batch * size : 0));
  });
}

/** The fields of a direction of a group that forward and backward have in common. */
export function commonFields({ plan, initial, weights }: Reserve, group: Group, k: number): DirectionFields {
  const { cell, steps, hiddenSize, projSize, outSize, directions } = plan;
  const layer = Math.floor(k / directions);
  const direction = k % directions;
  const packed = weights[k] as PackedWeights;
  const fields = noFields();
  fields.cell = CELL_CODES[cell];
  fields.steps = steps;
  fields.batch = group.packing.order.length;
  fields.rows = group.packing.rows;
  fields.input_size = packed.inputSize;
  fields.hidden_size = hiddenSize;
  fields.proj_size = projSize;
  fields.reverse = direction;
  fields.counts = group.counts;
  fields.order = group.order;
  fields.x = group.sequences[layer] as number;
  fields.x_stride = packed.inputSize;
  fields.y = (group.sequences[layer + 1] as number) + direction * outSize;
  fields.y_stride = directions * outSize;
  fields.h0 = initial[0]?.[k] ?? 0;
  fields.c0 = initial[1]?.[k] ?? 0;
  fields.weight_ih = packed.weight_ih;
  fields.weight_hh = packed.weight_hh;
  fields.weight_hr = packed.weight_hr;
  fields.bias_ih = packed.bias_ih;
  fields.bias_hh = packed.bias_hh;
  fields.reserve = group.reserves[k] as number;
  return fields;
}

/** Runs jobs that do not depend on each other on as many threads as the call is worth. */
export function runJobs(engine: Engine, { threads }: Reserve, jobs: readonly Job[]): void {
  if (threads > 1) engine.threads.run(jobs);
  else for (const { job, at } of jobs) engine.functions[job](engine.base, at);
}

/** All layers; within each, every direction of every group is a job, or several. @returns where each final state lies. */
function runLayers(engine: Engine, reserve: Reserve, temporary: Scope): number[] {
  const { plan, groups, threads } = reserve;
  const { batch, directions, layers, stateSizes } = plan;
  const finals = stateSizes.map((size) => temporary.allocate(layers * directions * batch * size));
  const team = teamSize(plan, threads, groups.length);
  const buffers = groups.map((group) =>
    Array.from({ length: directions }, () => forwardBuffers(engine, plan, group, team, temporary)),
  );
  for (let layer = 0; layer < layers; layer++) {
    const jobs: Job[] = [];
    for (const [g, group] of groups.entries())
      for (let direction = 0; direction < directions; direction++) {
        const k = layer * directions + direction;
        const fields = commonFields(reserve, group, k);
        fields.hn = (finals[0] as number) + k * batch * (stateSizes[0] as number);
        fields.cn = finals[1] === undefined ? 0 : finals[1] + k * batch * (stateSizes[1] as number);
        jobs.push(...describeForward(engine, plan, fields, buffers[g]?.[direction] as ForwardBuffers));
      }
    runJobs(engine, reserve, jobs);
  }
  return finals;
}

interface ForwardBuffers {
  readonly scratch: number;
  readonly chunkRows: number;
  /** A struct direction for each member of the team. */
  readonly members: readonly number[];
  /** A struct team; 0 for one alone. */
  readonly team: number;
}

function forwardBuffers(
  engine: Engine,
  plan: Plan,
  { packing }: Group,
  team: number,
  temporary: Scope,
): ForwardBuffers {
  const { cell, hiddenSize, projSize } = plan;
  const batch = packing.order.length;
  const held = Math.floor(CHUNK_FLOATS / (GATES[cell] * padded(hiddenSize)));
  const chunkRows = Math.max(batch, Math.min(held, packing.rows));
  const size = engine.functions.forward_scratch(CELL_CODES[cell], batch, hiddenSize, projSize, chunkRows);
  return {
    scratch: temporary.allocate(size),
    chunkRows,
    members: Array.from({ length: team }, () => temporary.allocate(DIRECTION_SIZE)),
    team: team > 1 ? temporary.allocate(TEAM_SIZE) : 0,
  };
}

/** Writes the struct of each job of a direction. */
function describeForward(
  engine: Engine,
  { hiddenSize }: Plan,
  fields: DirectionFields,
  { scratch, chunkRows, members, team }: ForwardBuffers,
): Job[] {
  fields.scratch = scratch;
  fields.chunk_rows = chunkRows;
  fields.team = team;
  if (team !== 0) engine.ints(team, TEAM_SIZE).fill(0)[0] = members.length;
  const share = Math.ceil(hiddenSize / members.length / VECTOR) * VECTOR;
  return members.map((at, i) => {
    fields.unit_begin = Math.min(hiddenSize, i * share);
    fields.unit_end = Math.min(hiddenSize, (i + 1) * share);
    writeDirection(engine, at, fields);
    return { job: 'forward', at };
  });
}

function collect(
  engine: Engine,
  backend: KernelBackend,
  { plan, groups }: Reserve,
  finals: readonly number[],
  temporary: Scope,
): TensorInfo[] {
  const { steps, batch, directions, outSize, layers, stateSizes, attrs } = plan;
  const width = directions * outSize;
  const outputs = groups.map(({ sequences }) => sequences[layers] as number);
  const values = copyOut(engine, plan, groups, outputs, width, temporary);
  const shape = attrs.batchFirst ? [batch, steps, width] : [steps, batch, width];
  const output = makeTensor(backend, values, shape);
  const count = layers * directions;
  const states = stateSizes.map((size, s) =>
    makeTensor(backend, engine.floats(finals[s] as number, count * batch * size), [count, batch, size]),
  );
  return [output, ...states];
}

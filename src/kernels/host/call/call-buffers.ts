/** The buffers of a call in the arena, and the structs that tell its jobs where they lie. */

import { CELL_CODES, padded, SLOTS } from '../abi/constants.js';
import { DIRECTION, type Fields, noFields, TEAM, writeStruct } from '../abi/structs.js';
import { Scope } from '../runtime/arena.js';
import type { Engine, Job, Round } from '../runtime/engine.js';
import type { Block, MirroredCall } from '../threads/mirror.js';
import type { PackedWeights } from '../weights/packed-weights.js';
import { project, usesBackend } from './backend-projection.js';
import {
  type DirectionTensors,
  inputSizeOf,
  type Packing,
  type Plan,
  rowsOf,
  stepFlops,
  teamSize,
} from './plan.js';

/** Floats of the input projection that are held at a time: 1 MiB stays in the second-level cache until the steps read it. */
const CHUNK_FLOATS = 2 ** 18;

const NO_DIRECTION = noFields(DIRECTION);

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

/** What forward and backward of a stack both read. */
export interface StackArrays {
  readonly plan: Plan;
  readonly groups: readonly Group[];
  /** The initial states of the whole batch, by state, then by direction; 0 where there are none. */
  readonly initial: readonly (readonly number[])[];
  readonly weights: readonly PackedWeights[];
}

/** The buffers of one direction of a group, which its layers use one after the other. */
interface ForwardBuffers {
  readonly scratch: number;
  readonly chunkRows: number;
  /** A struct team; 0 where one job computes all units. */
  readonly team: number;
  /** The input projection where the backend makes it, else 0. */
  readonly gx: number;
}

/** The fields of a direction of a group that forward and backward have in common. */
export function commonFields(
  { plan, initial, weights }: Omit<StackArrays, 'groups'>,
  group: Group,
  k: number,
): Fields<typeof DIRECTION> {
  const { cell, steps, hiddenSize, projSize, outSize, directions } = plan;
  const layer = Math.floor(k / directions);
  const direction = k % directions;
  const packed = weights[k] as PackedWeights;
  const fields: Fields<typeof DIRECTION> = { ...NO_DIRECTION };
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

/** Inference on the calling thread or off it, or training. */
export type Purpose = 'inference' | 'off-thread' | 'training';

/** The arrays of a forward call of one shape. Calls of that shape can use it one after the other, with any weights. */
export class CallBuffers {
  readonly groups: readonly Group[];
  readonly initial: readonly (readonly number[])[];
  /** By state, `[L*D, B, S]`. */
  readonly finals: readonly number[];
  /** The blocks that a gradient reads. */
  readonly kept: Scope;
  private readonly temporary: Scope;
  /** By layer; in a layer by group, direction and member of the team. */
  private readonly jobs: readonly (readonly Job[])[];
  private readonly teams: readonly number[];
  private readonly members: number;
  /** The weights that the jobs read. */
  private used: readonly PackedWeights[] = [];
  private readonly buffers: readonly (readonly ForwardBuffers[])[];
  /** Packed rows of all groups. */
  private readonly rows: number;
  /** Whether the backend makes the input projections. */
  private readonly isProjected: boolean;

  /**
   * @param packings one for each group of rows.
   * @param hasStates whether the caller gives initial states.
   * @param threads how many the call may use.
   * @param purpose decides what is kept for a gradient, and whether the backend may make projections.
   * @throws NoRoomError when the arena is full; nothing is kept then.
   */
  constructor(
    private readonly engine: Engine,
    readonly plan: Plan,
    packings: readonly Packing[],
    hasStates: boolean,
    readonly threads: number,
    private readonly purpose: Purpose,
  ) {
    this.kept = new Scope(engine.arena);
    this.temporary = new Scope(engine.arena);
    this.rows = rowsOf(packings);
    this.isProjected = purpose !== 'off-thread' && usesBackend(engine, plan, this.rows);
    try {
      this.groups = packings.map((packing) => this.makeGroup(packing));
      this.initial = this.makeInitial(hasStates);
      const { layers, directions, batch, stateSizes } = plan;
      this.finals = stateSizes.map((size) => this.temporary.allocate(layers * directions * batch * size));
      this.members = teamSize(plan, threads, packings.length, engine);
      this.buffers = this.groups.map((group) =>
        Array.from({ length: directions }, () => this.makeBuffers(group)),
      );
      this.teams = this.buffers.flat().flatMap(({ team }) => (team === 0 ? [] : [team]));
      this.jobs = Array.from({ length: layers }, () => this.makeJobs());
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** Floats of the arena that it takes. */
  get floats(): number {
    return this.kept.floats + this.temporary.floats;
  }

  /** Releases all blocks but those that a gradient reads. */
  releaseTemporary(): void {
    this.temporary.release();
  }

  release(): void {
    this.temporary.release();
    this.kept.release();
  }

  /** Whether the jobs read these weights, or others that are gone. */
  canTake(weights: readonly PackedWeights[]): boolean {
    return this.reads(weights) || this.used.some(({ isFreed }) => isFreed);
  }

  private reads(weights: readonly PackedWeights[]): boolean {
    return this.used.length > 0 && weights.every((packed, k) => packed === this.used[k]);
  }

  /** Makes the jobs read these weights, one for each direction of each layer. */
  use(weights: readonly PackedWeights[]): void {
    if (this.reads(weights)) return;
    this.used = weights;
    for (let layer = 0; layer < this.plan.layers; layer++) this.describe(layer);
  }

  /**
   * Runs all layers: the inputs of the first and the initial states to the output of the last and the final states.
   * @param tensors the weights as the backend has them.
   */
  run(tensors: readonly DirectionTensors[]): void {
    for (let layer = 0; layer < this.plan.layers; layer++) {
      if (this.isProjected) this.project(layer, tensors);
      runJobs(this.engine, this.threads, this.roundOf(layer));
    }
  }

  /** What runs the layers, one after the other, where the backend makes no projections. */
  get rounds(): Round[] {
    return this.jobs.map((_, layer) => this.roundOf(layer));
  }

  private roundOf(layer: number): Round {
    const { plan, jobs, teams, members } = this;
    const flopsOfStep = stepFlops(plan, inputSizeOf(plan, layer));
    const flops = flopsOfStep * this.rows * plan.directions;
    return {
      jobs: jobs[layer] as readonly Job[],
      flops,
      kind: flopsOfStep * plan.batch,
      teams: { at: teams, members, flopsOfStep },
    };
  }

  /** What runs all layers where nothing of the arena is shared: no team. */
  get mirrored(): MirroredCall {
    const { engine, groups, initial, finals, used, plan } = this;
    const blocks = (places: readonly number[]): Block[] =>
      places.flatMap((at) => (at === 0 ? [] : [{ at, count: engine.arena.sizeOf(at) }]));
    const jobs = this.jobs.flat();
    const ofGroups = groups.flatMap(({ order, counts, sequences }) => [
      order,
      counts,
      sequences[0] as number,
    ]);
    const states = initial.map(([at]) => at as number);
    return {
      size: engine.arena.end,
      jobs,
      inputs: blocks([...jobs.map(({ at }) => at), ...ofGroups, ...states]),
      weights: new Map(used.map((packed) => [packed, blocks(packed.read)])),
      results: blocks([...groups.map(({ sequences }) => sequences[plan.layers] as number), ...finals]),
    };
  }

  private project(layer: number, tensors: readonly DirectionTensors[]): void {
    const { directions } = this.plan;
    for (const [g, { sequences, packing }] of this.groups.entries())
      for (let direction = 0; direction < directions; direction++) {
        const k = layer * directions + direction;
        const { gx } = (this.buffers[g] as readonly ForwardBuffers[])[direction] as ForwardBuffers;
        const { bias_ih } = this.used[k] as PackedWeights;
        const from = sequences[layer] as number;
        project(this.engine, tensors[k] as DirectionTensors, from, packing.rows, bias_ih, gx);
      }
  }

  private makeGroup(packing: Packing): Group {
    const { engine, plan, kept } = this;
    const isTraining = this.purpose === 'training';
    const { layers, directions, cell, hiddenSize, inputSize, outSize } = plan;
    const { rows } = packing;
    const width = directions * outSize;
    // In inference a layer's input is not needed any more when its output is there: two buffers take turns.
    const turns = [0, 1].map(() => (isTraining || layers < 2 ? 0 : kept.allocate(rows * width)));
    const sequences = [kept.allocate(rows * inputSize)];
    for (let layer = 0; layer < layers; layer++)
      sequences.push(turns[layer % 2] || kept.allocate(rows * width));
    const slots = isTraining ? SLOTS[cell] * padded(hiddenSize, engine.pad) : 0;
    const reserves: number[] = [];
    for (let k = 0; k < layers * directions; k++) reserves.push(slots > 0 ? kept.allocate(rows * slots) : 0);
    const [order, counts] = [packing.order, packing.counts].map((values) => {
      const at = kept.allocate(values.length);
      engine.ints(at, values.length).set(values);
      return at;
    }) as [number, number];
    return { packing, order, counts, sequences, reserves };
  }

  private makeInitial(hasStates: boolean): number[][] {
    const { layers, directions, batch, stateSizes } = this.plan;
    const count = layers * directions;
    return stateSizes.map((size) => {
      const at = hasStates ? this.kept.allocate(count * batch * size) : 0;
      return Array.from({ length: count }, (_, k) => (hasStates ? at + k * batch * size : 0));
    });
  }

  private makeBuffers({ packing }: Group): ForwardBuffers {
    const { engine, temporary } = this;
    const { cell, gates, hiddenSize, projSize } = this.plan;
    const batch = packing.order.length;
    const held = Math.floor(CHUNK_FLOATS / (gates * padded(hiddenSize, engine.pad)));
    const chunkRows = this.isProjected ? 0 : Math.max(batch, Math.min(held, packing.rows));
    const size = engine.functions.forward_scratch(CELL_CODES[cell], batch, hiddenSize, projSize, chunkRows);
    return {
      scratch: temporary.allocate(size),
      chunkRows,
      team: this.members > 1 ? temporary.allocate(TEAM.length) : 0,
      gx: this.isProjected ? temporary.allocate(packing.rows * gates * padded(hiddenSize, engine.pad)) : 0,
    };
  }

  /** The jobs of one layer. */
  private makeJobs(): Job[] {
    const count = this.groups.length * this.plan.directions * this.members;
    return Array.from({ length: count }, () => ({
      job: 'forward',
      at: this.temporary.allocate(DIRECTION.length),
    }));
  }

  /** Writes the struct of each job of a layer. */
  private describe(layer: number): void {
    const { engine, plan, members, initial, used } = this;
    const jobs = [...(this.jobs[layer] as readonly Job[])];
    const { batch, directions, hiddenSize, stateSizes } = plan;
    const share = padded(hiddenSize / members, engine.vector);
    for (const [g, group] of this.groups.entries())
      for (let direction = 0; direction < directions; direction++) {
        const k = layer * directions + direction;
        const buffers = this.buffers[g]?.[direction] as ForwardBuffers;
        const fields = commonFields({ plan, initial, weights: used }, group, k);
        const [hn, cn] = this.finals.map((at, s) => at + k * batch * (stateSizes[s] as number));
        fields.hn = hn as number;
        fields.cn = cn ?? 0;
        fields.scratch = buffers.scratch;
        fields.chunk_rows = buffers.chunkRows;
        fields.team = buffers.team;
        fields.gx = buffers.gx;
        for (let member = 0; member < members; member++) {
          fields.unit_begin = Math.min(hiddenSize, member * share);
          fields.unit_end = Math.min(hiddenSize, (member + 1) * share);
          writeStruct(engine, (jobs.shift() as Job).at, DIRECTION, fields);
        }
      }
  }
}

/** Runs jobs that do not depend on each other. @param threads how many the call may use. */
export function runJobs(engine: Engine, threads: number, round: Round): void {
  if (threads > 1) engine.threads.run(round);
  else for (const { job, at } of round.jobs) engine.functions[job](engine.base, at);
}

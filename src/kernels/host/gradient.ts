/**
 * The gradients of a stack on the engine, each made when it is asked for. tfjs asks for those that something depends on, one
 * by one: what nobody asks for is not computed.
 */

import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { CELL_CODES, HIDDEN_SLOTS, INPUT_SLOTS, padded, SLOTS, UNIT_GROUP } from './abi/constants.js';
import { DIRECTION, INPUT_GRADIENT, placeStruct, WEIGHT_GRADIENT } from './abi/structs.js';
import { Scope } from './arena.js';
import type { Engine, Job } from './engine.js';
import { commonFields, type Group, inputSizeOf, runJobs } from './layout.js';
import { GATES, stepFlops } from './plan.js';
import { allocateStaging, copyIn, copyOut } from './sequences.js';
import type { Reserve } from './stack.js';
import { makeTensor, valuesOf } from './tensors.js';

/** What backward leaves of one direction of one group. Blocks of the reserve's scope. */
interface DirectionGradient {
  /** `[M, slots * Hp]`. */
  readonly dgates: number;
  /** `[M, S]`, h before each step. */
  readonly hBefore: number;
  /** `[M, P]` and `[M, H]`, of a projection. */
  readonly dhSum: number;
  readonly unprojected: number;
}

/** Two matrices with M rows, whose product over the rows is the gradient of a weight. */
interface Factors {
  readonly left: number;
  readonly leftStride: number;
  readonly right: number;
  readonly rows: number;
}

/** Packed rows of all groups. */
const rowsOf = (groups: readonly Group[]) => groups.reduce((sum, { packing }) => sum + packing.rows, 0);

const sizeOf = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

/** Where the gradients of a stack stand: layers are gone through from the last to the first, no further than asked for. */
export class StackGradient {
  /** By direction, then by group. */
  private readonly done: DirectionGradient[][] = [];
  /** By group: the gradient of the output of the layer that is next, `[M, D*S]`. */
  private dy: number[];
  /** `[L*D, B, S]` each. */
  private readonly dFinals: readonly number[];
  private readonly dInitials: readonly number[];
  private nextLayer: number;

  /** @param dys the gradients of output and final states. */
  constructor(
    private readonly engine: Engine,
    private readonly reserve: Reserve,
    backend: KernelBackend,
    [dOutput, ...dStates]: readonly TensorInfo[],
  ) {
    const { plan, groups, scope } = reserve;
    const { layers, directions, batch, stateSizes } = plan;
    const width = directions * plan.outSize;
    this.nextLayer = layers - 1;
    this.dy = groups.map(({ packing }) => scope.allocate(packing.rows * width));
    this.withTemporary((temporary) => {
      const staging = this.allocateStaging(temporary, width);
      copyIn(engine, plan, groups, valuesOf(backend, dOutput as TensorInfo), width, this.dy, staging);
    });
    this.dFinals = dStates.map((state) => {
      const values = valuesOf(backend, state);
      const at = scope.allocate(values.length);
      engine.write(at, values);
      return at;
    });
    this.dInitials = stateSizes.map((size) => scope.allocate(layers * directions * batch * size));
  }

  /** The gradient of one input of the training kernel, by its name there. */
  of(name: string, backend: KernelBackend): TensorInfo {
    const [kind, place] = name.split(' ') as [string, string | undefined];
    if (kind === 'x') return this.ofX(backend);
    if (kind.startsWith('state')) return this.ofState(backend, Number(kind.slice('state'.length)));
    const k = Number(place);
    this.reach(Math.floor(k / this.reserve.plan.directions));
    return kind.startsWith('bias') ? this.ofBias(backend, kind, k) : this.ofWeight(backend, kind, k);
  }

  private allocateStaging(scope: Scope, width: number): number {
    const { plan, groups } = this.reserve;
    const packings = groups.map(({ packing }) => packing);
    return allocateStaging(scope, plan, packings, width);
  }

  private withTemporary<T>(body: (temporary: Scope) => T): T {
    const temporary = new Scope(this.engine.arena);
    try {
      return body(temporary);
    } finally {
      temporary.release();
    }
  }

  /** Of a direction of a group, once its layer was reached. */
  private gradientOf(k: number, g: number): DirectionGradient {
    const gradients = this.done[k] as DirectionGradient[];
    return gradients[g] as DirectionGradient;
  }

  /** Goes back through the layers down to `layer`. */
  private reach(layer: number): void {
    const { plan, scope } = this.reserve;
    while (this.nextLayer >= layer) {
      const above = this.nextLayer + 1;
      if (above < plan.layers) this.dy = this.inputGradients(above, scope);
      this.withTemporary((temporary) => this.runLayer(above - 1, temporary));
      this.nextLayer--;
    }
  }

  private runLayer(layer: number, temporary: Scope): void {
    const { engine, reserve } = this;
    const { plan, groups } = reserve;
    const jobs: Job[] = [];
    for (let direction = 0; direction < plan.directions; direction++) {
      const k = layer * plan.directions + direction;
      this.done[k] = groups.map((group, g) => {
        const gradient = this.makeGradient(group, k);
        jobs.push({ job: 'backward', at: this.describe(group, g, k, gradient, temporary) });
        return gradient;
      });
    }
    const flops = stepFlops(plan, 0) * rowsOf(groups) * plan.directions;
    runJobs(engine, reserve.threads, { jobs, flops });
  }

  private makeGradient({ packing, reserves }: Group, k: number): DirectionGradient {
    const { plan, scope } = this.reserve;
    const { cell, hiddenSize, projSize, outSize } = plan;
    const { rows } = packing;
    return {
      dgates: reserves[k] || scope.allocate(rows * SLOTS[cell] * padded(hiddenSize)),
      hBefore: scope.allocate(rows * outSize),
      // Its last row is read in whole groups of units.
      dhSum: projSize > 0 ? scope.allocate(rows * projSize + UNIT_GROUP) : 0,
      unprojected: projSize > 0 ? scope.allocate(rows * hiddenSize) : 0,
    };
  }

  /** Writes the struct of a backward job. @returns where it lies. */
  private describe(
    group: Group,
    g: number,
    k: number,
    gradient: DirectionGradient,
    temporary: Scope,
  ): number {
    const { engine, reserve, dFinals, dInitials } = this;
    const { plan, weights } = reserve;
    const { cell, batch, hiddenSize, projSize, outSize, directions, stateSizes } = plan;
    const packed = weights[k] as (typeof weights)[number];
    const ofState = (places: readonly number[], s: number) =>
      places[s] === undefined ? 0 : places[s] + k * batch * (stateSizes[s] as number);
    const scratch = engine.functions.backward_scratch(
      CELL_CODES[cell],
      group.packing.order.length,
      hiddenSize,
      projSize,
    );
    const fields = commonFields(reserve, group, k);
    fields.scratch = temporary.allocate(scratch);
    fields.dy = (this.dy[g] as number) + (k % directions) * outSize;
    fields.dy_stride = directions * outSize;
    fields.dhn = ofState(dFinals, 0);
    fields.dcn = ofState(dFinals, 1);
    fields.dh0 = ofState(dInitials, 0);
    fields.dc0 = ofState(dInitials, 1);
    fields.weight_hh_t = packed.transpose('weight_hh');
    fields.weight_hr_t = projSize > 0 ? packed.transpose('weight_hr') : 0;
    fields.dgates = gradient.dgates;
    fields.h_before = gradient.hBefore;
    fields.dh_sum = gradient.dhSum;
    fields.unprojected = gradient.unprojected;
    return placeStruct(engine, temporary, DIRECTION, fields);
  }

  /** By group: the gradient of a layer's input, `[M, I of the layer]`, summed over its directions. */
  private inputGradients(layer: number, scope: Scope): number[] {
    const { engine, reserve } = this;
    const { plan, groups, weights } = reserve;
    const { cell, hiddenSize, directions } = plan;
    const gate = padded(hiddenSize);
    const columns = inputSizeOf(plan, layer);
    const dx = groups.map(({ packing }) => scope.allocate(packing.rows * columns));
    this.withTemporary((temporary) => {
      // One direction after the other: the second adds to the first.
      for (let direction = 0; direction < directions; direction++) {
        const k = layer * directions + direction;
        const weight = (weights[k] as (typeof weights)[number]).transpose('weight_ih');
        const jobs = groups.map(({ packing }, g): Job => {
          const dgates = this.gradientOf(k, g).dgates + (INPUT_SLOTS[cell][0] as number) * gate;
          const at = placeStruct(engine, temporary, INPUT_GRADIENT, {
            dgates,
            dgates_stride: SLOTS[cell] * gate,
            weight_t: weight,
            depth: GATES[cell] * gate,
            dx: dx[g] as number,
            rows: packing.rows,
            columns,
            add: direction,
          });
          return { job: 'input_gradient', at };
        });
        const flops = 2 * GATES[cell] * gate * columns * rowsOf(groups);
        runJobs(engine, reserve.threads, { jobs, flops });
      }
    });
    return dx;
  }

  private ofX(backend: KernelBackend): TensorInfo {
    this.reach(0);
    const { plan, groups } = this.reserve;
    const { inputSize, steps, batch, attrs } = plan;
    return this.withTemporary((temporary) => {
      const dx = this.inputGradients(0, temporary);
      const staging = this.allocateStaging(temporary, inputSize);
      const values = copyOut(this.engine, plan, groups, dx, inputSize, staging);
      const shape = attrs.batchFirst ? [batch, steps, inputSize] : [steps, batch, inputSize];
      return makeTensor(backend, values, shape);
    });
  }

  private ofState(backend: KernelBackend, s: number): TensorInfo {
    this.reach(0);
    const { layers, directions, batch, stateSizes } = this.reserve.plan;
    const shape = [layers * directions, batch, stateSizes[s] as number];
    return makeTensor(backend, this.engine.floats(this.dInitials[s] as number, sizeOf(shape)), shape);
  }

  private ofBias(backend: KernelBackend, kind: string, k: number): TensorInfo {
    const { engine, reserve } = this;
    const { cell, hiddenSize } = reserve.plan;
    const shape = [GATES[cell] * hiddenSize];
    return this.withTemporary((temporary) => {
      const slots = writeInts(engine, temporary, (kind === 'bias_hh' ? HIDDEN_SLOTS : INPUT_SLOTS)[cell]);
      const db = temporary.allocate(sizeOf(shape));
      for (const [g, { packing }] of reserve.groups.entries()) {
        const { dgates } = this.gradientOf(k, g);
        const stride = SLOTS[cell] * padded(hiddenSize);
        engine.functions.bias_gradient(
          engine.base,
          dgates,
          stride,
          slots,
          db,
          packing.rows,
          GATES[cell],
          hiddenSize,
          Number(g > 0),
        );
      }
      return makeTensor(backend, engine.floats(db, sizeOf(shape)), shape);
    });
  }

  private ofWeight(backend: KernelBackend, kind: string, k: number): TensorInfo {
    const { plan, groups } = this.reserve;
    const { cell, hiddenSize, projSize, outSize, directions } = plan;
    const layer = Math.floor(k / directions);
    const stride = SLOTS[cell] * padded(hiddenSize);
    const factors = groups.map(({ packing, sequences }, g): Factors => {
      const { dgates, hBefore, dhSum, unprojected } = this.gradientOf(k, g);
      const { rows } = packing;
      if (kind === 'weight_hr') return { left: dhSum, leftStride: projSize, right: unprojected, rows };
      const right = kind === 'weight_hh' ? hBefore : (sequences[layer] as number);
      return { left: dgates, leftStride: stride, right, rows };
    });
    if (kind === 'weight_hr') return this.sumOver(backend, factors, [0], projSize, hiddenSize);
    if (kind === 'weight_hh') return this.sumOver(backend, factors, HIDDEN_SLOTS[cell], hiddenSize, outSize);
    return this.sumOver(backend, factors, INPUT_SLOTS[cell], hiddenSize, inputSizeOf(plan, layer));
  }

  /** `[gates * units, columns]`: groups one after the other, each on all threads, which share the units. */
  private sumOver(
    backend: KernelBackend,
    factors: readonly Factors[],
    slotOfGate: readonly number[],
    units: number,
    columns: number,
  ): TensorInfo {
    const { engine, reserve } = this;
    const gates = slotOfGate.length;
    const share = Math.ceil(units / reserve.threads / UNIT_GROUP) * UNIT_GROUP;
    const begins: number[] = [];
    for (let begin = 0; begin < units; begin += share) begins.push(begin);
    const shape = [gates * units, columns];
    return this.withTemporary((temporary) => {
      const slots = writeInts(engine, temporary, slotOfGate);
      const dw = temporary.allocate(sizeOf(shape));
      const scratch = begins.map(() =>
        temporary.allocate(engine.functions.weight_gradient_scratch(gates, share)),
      );
      for (const [g, { left, leftStride, right, rows }] of factors.entries()) {
        const jobs = begins.map((begin, i): Job => {
          const at = placeStruct(engine, temporary, WEIGHT_GRADIENT, {
            dgates: left,
            dgates_stride: leftStride,
            slot_of_gate: slots,
            x: right,
            dw,
            rows,
            gates,
            units,
            columns,
            unit_begin: begin,
            unit_end: Math.min(units, begin + share),
            add: Number(g > 0),
            scratch: scratch[i] as number,
          });
          return { job: 'weight_gradient', at };
        });
        runJobs(engine, reserve.threads, { jobs, flops: 2 * gates * units * columns * rows });
      }
      return makeTensor(backend, engine.floats(dw, sizeOf(shape)), shape);
    });
  }
}

/** An array of integers in the arena. @returns where it lies. */
function writeInts(engine: Engine, scope: Scope, values: readonly number[]): number {
  const at = scope.allocate(values.length);
  engine.ints(at, values.length).set(values);
  return at;
}

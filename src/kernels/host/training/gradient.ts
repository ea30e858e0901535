/** The gradients of a stack on the engine: one backward pass, then a product for each gradient that is asked for. */

import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import type { InputRole, WeightName } from '../../contract.js';
import { CELL_CODES, GRADIENT_SLOTS, HIDDEN_SLOTS, INPUT_SLOTS, padded } from '../abi/constants.js';
import { DIRECTION, INPUT_GRADIENT, placeStruct, WEIGHT_GRADIENT } from '../abi/structs.js';
import { commonFields, type Group, runJobs } from '../call/call-buffers.js';
import type { Reserve } from '../call/forward.js';
import { type DirectionTensors, inputSizeOf, rowsOf, stepFlops } from '../call/plan.js';
import { copyIn, copyOut } from '../call/sequences.js';
import { makeTensor, valuesOf } from '../call/tensors.js';
import { Scope } from '../runtime/arena.js';
import type { Engine, Job } from '../runtime/engine.js';
import type { MatrixName, PackedWeights } from '../weights/packed-weights.js';

/** What the backward pass leaves of one direction of one group. */
interface DirectionGradient {
  /** `[M, gradient slots * Hp]`. */
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

const sizeOf = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

/** What the backward pass of a stack leaves for the products. It only reads the reserve. */
export class StackGradient {
  private readonly scope: Scope;
  /** Packed rows of all groups. */
  private readonly rows: number;
  /** By direction of each layer, then by group. */
  private readonly directions: DirectionGradient[][] = [];
  /** By state, `[L*D, B, S]`. */
  private readonly dInitials: readonly number[];

  /**
   * Runs the layers backward, from the last to the first.
   * @param tensors the weights, with the values that they had.
   * @param dys the gradients of output and final states.
   * @throws NoRoomError when the arena is full; nothing is kept then.
   */
  constructor(
    private readonly engine: Engine,
    private readonly reserve: Reserve,
    backend: KernelBackend,
    private readonly tensors: readonly DirectionTensors[],
    [dOutput, ...dStates]: readonly TensorInfo[],
  ) {
    const { layers, directions, batch, stateSizes } = reserve.plan;
    this.scope = new Scope(engine.arena);
    this.rows = rowsOf(reserve.groups.map(({ packing }) => packing));
    try {
      this.dInitials = stateSizes.map((size) => this.scope.allocate(layers * directions * batch * size));
      this.withTemporary((temporary) => {
        const dFinals = dStates.map((state) => {
          const values = valuesOf(backend, state);
          const at = temporary.allocate(values.length);
          engine.write(at, values);
          return at;
        });
        let dy = this.copyOutputGradient(backend, dOutput as TensorInfo, temporary);
        for (let layer = layers - 1; layer >= 0; layer--) {
          this.runLayer(layer, dy, dFinals);
          if (layer > 0) dy = this.inputGradients(layer, temporary);
        }
      });
    } catch (error) {
      this.release();
      throw error;
    }
  }

  release(): void {
    this.scope.release();
  }

  /** The gradient of one input of the training kernel. */
  of(role: InputRole, backend: KernelBackend): TensorInfo {
    switch (role.kind) {
      case 'x':
        return this.ofX(backend);
      case 'state':
        return this.ofState(backend, role.state);
      case 'weight':
        return role.name.startsWith('bias')
          ? this.ofBias(backend, role.name, role.direction)
          : this.ofWeight(backend, role.name, role.direction);
      default:
        throw new Error('lengths have no gradient');
    }
  }

  /** @returns by group, `[M, D*S]`. */
  private copyOutputGradient(backend: KernelBackend, dOutput: TensorInfo, temporary: Scope): number[] {
    const { plan, groups } = this.reserve;
    const width = plan.directions * plan.outSize;
    const dy = groups.map(({ packing }) => temporary.allocate(packing.rows * width));
    copyIn(this.engine, backend, plan, groups, dOutput, dy);
    return dy;
  }

  private withTemporary<T>(body: (temporary: Scope) => T): T {
    const temporary = new Scope(this.engine.arena);
    try {
      return body(temporary);
    } finally {
      temporary.release();
    }
  }

  private gradientOf(k: number, g: number): DirectionGradient {
    const gradients = this.directions[k] as DirectionGradient[];
    return gradients[g] as DirectionGradient;
  }

  /** @param dy by group, the gradient of the layer's output. */
  private runLayer(layer: number, dy: readonly number[], dFinals: readonly number[]): void {
    const { engine, reserve } = this;
    const { plan, groups } = reserve;
    this.withTemporary((temporary) => {
      const jobs: Job[] = [];
      for (let direction = 0; direction < plan.directions; direction++) {
        const k = layer * plan.directions + direction;
        this.directions[k] = groups.map((group, g) => {
          const gradient = this.makeGradient(group);
          const at = this.describe(group, dy[g] as number, dFinals, k, gradient, temporary);
          jobs.push({ job: 'backward', at });
          return gradient;
        });
      }
      const flopsOfStep = stepFlops(plan, 0);
      const flops = flopsOfStep * this.rows * plan.directions;
      runJobs(engine, reserve.threads, { jobs, flops, kind: flopsOfStep * plan.batch });
    });
  }

  private makeGradient({ packing }: Group): DirectionGradient {
    const { scope } = this;
    const { cell, hiddenSize, projSize, outSize } = this.reserve.plan;
    const { rows } = packing;
    return {
      dgates: scope.allocate(rows * GRADIENT_SLOTS[cell] * padded(hiddenSize, this.engine.pad)),
      hBefore: scope.allocate(rows * outSize),
      dhSum: projSize > 0 ? scope.allocate(rows * projSize) : 0,
      unprojected: projSize > 0 ? scope.allocate(rows * hiddenSize) : 0,
    };
  }

  private transposeOf(k: number, name: MatrixName): number {
    const tensors = this.tensors[k] as DirectionTensors;
    return (this.reserve.weights[k] as PackedWeights).transpose(name, tensors[name] as TensorInfo);
  }

  /** Writes the struct of a backward job. @returns where it lies. */
  private describe(
    group: Group,
    dy: number,
    dFinals: readonly number[],
    k: number,
    gradient: DirectionGradient,
    temporary: Scope,
  ): number {
    const { engine, reserve, dInitials } = this;
    const { cell, batch, hiddenSize, projSize, outSize, directions, stateSizes } = reserve.plan;
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
    fields.dy = dy + (k % directions) * outSize;
    fields.dy_stride = directions * outSize;
    fields.dhn = ofState(dFinals, 0);
    fields.dcn = ofState(dFinals, 1);
    fields.dh0 = ofState(dInitials, 0);
    fields.dc0 = ofState(dInitials, 1);
    fields.weight_hh_t = this.transposeOf(k, 'weight_hh');
    fields.weight_hr_t = projSize > 0 ? this.transposeOf(k, 'weight_hr') : 0;
    fields.dgates = gradient.dgates;
    fields.h_before = gradient.hBefore;
    fields.dh_sum = gradient.dhSum;
    fields.unprojected = gradient.unprojected;
    return placeStruct(engine, temporary, DIRECTION, fields);
  }

  /** By group: the gradient of a layer's input, `[M, I of the layer]`, summed over its directions. */
  private inputGradients(layer: number, scope: Scope): number[] {
    const { engine, reserve } = this;
    const { plan, groups } = reserve;
    const { cell, gates, hiddenSize, directions } = plan;
    const gate = padded(hiddenSize, this.engine.pad);
    const columns = inputSizeOf(plan, layer);
    const dx = groups.map(({ packing }) => scope.allocate(packing.rows * columns));
    this.withTemporary((temporary) => {
      // One direction after the other: the second adds to the first.
      for (let direction = 0; direction < directions; direction++) {
        const k = layer * directions + direction;
        const weight = this.transposeOf(k, 'weight_ih');
        const jobs = groups.map(({ packing }, g): Job => {
          const dgates = this.gradientOf(k, g).dgates + (INPUT_SLOTS[cell][0] as number) * gate;
          const at = placeStruct(engine, temporary, INPUT_GRADIENT, {
            dgates,
            dgates_stride: GRADIENT_SLOTS[cell] * gate,
            weight_t: weight,
            depth: gates * gate,
            dx: dx[g] as number,
            rows: packing.rows,
            columns,
            add: direction,
          });
          return { job: 'input_gradient', at };
        });
        const kind = 2 * gates * gate * columns;
        runJobs(engine, reserve.threads, { jobs, flops: kind * this.rows, kind });
      }
    });
    return dx;
  }

  private ofX(backend: KernelBackend): TensorInfo {
    const { plan, groups } = this.reserve;
    return this.withTemporary((temporary) => {
      const dx = this.inputGradients(0, temporary);
      return copyOut(this.engine, backend, plan, groups, dx, plan.inputSize);
    });
  }

  private ofState(backend: KernelBackend, s: number): TensorInfo {
    const { layers, directions, batch, stateSizes } = this.reserve.plan;
    const shape = [layers * directions, batch, stateSizes[s] as number];
    return makeTensor(backend, this.engine.floats(this.dInitials[s] as number, sizeOf(shape)), shape);
  }

  private ofBias(backend: KernelBackend, name: WeightName, k: number): TensorInfo {
    const { engine, reserve } = this;
    const { cell, gates, hiddenSize } = reserve.plan;
    const shape = [gates * hiddenSize];
    return this.withTemporary((temporary) => {
      const slots = writeInts(engine, temporary, (name === 'bias_hh' ? HIDDEN_SLOTS : INPUT_SLOTS)[cell]);
      const db = temporary.allocate(sizeOf(shape));
      for (const [g, { packing }] of reserve.groups.entries()) {
        const { dgates } = this.gradientOf(k, g);
        const stride = GRADIENT_SLOTS[cell] * padded(hiddenSize, this.engine.pad);
        engine.functions.bias_gradient(
          engine.base,
          dgates,
          stride,
          slots,
          db,
          packing.rows,
          gates,
          hiddenSize,
          Number(g > 0),
        );
      }
      return makeTensor(backend, engine.floats(db, sizeOf(shape)), shape);
    });
  }

  private ofWeight(backend: KernelBackend, name: WeightName, k: number): TensorInfo {
    const { plan, groups } = this.reserve;
    const { cell, hiddenSize, projSize, outSize, directions } = plan;
    const layer = Math.floor(k / directions);
    const stride = GRADIENT_SLOTS[cell] * padded(hiddenSize, this.engine.pad);
    const factors = groups.map(({ packing, sequences }, g): Factors => {
      const { dgates, hBefore, dhSum, unprojected } = this.gradientOf(k, g);
      const { rows } = packing;
      if (name === 'weight_hr') return { left: dhSum, leftStride: projSize, right: unprojected, rows };
      const right = name === 'weight_hh' ? hBefore : (sequences[layer] as number);
      return { left: dgates, leftStride: stride, right, rows };
    });
    if (name === 'weight_hr') return this.sumOver(backend, factors, [0], projSize, hiddenSize);
    if (name === 'weight_hh') return this.sumOver(backend, factors, HIDDEN_SLOTS[cell], hiddenSize, outSize);
    return this.sumOver(backend, factors, INPUT_SLOTS[cell], hiddenSize, inputSizeOf(plan, layer));
  }

  /** The products of the factors, `[gates * units, columns]`, summed over the groups. Threads share the units of a product. */
  private sumOver(
    backend: KernelBackend,
    factors: readonly Factors[],
    slotOfGate: readonly number[],
    units: number,
    columns: number,
  ): TensorInfo {
    const { engine, reserve } = this;
    const gates = slotOfGate.length;
    const share = padded(units / reserve.threads, engine.pad);
    const begins: number[] = [];
    for (let begin = 0; begin < units; begin += share) begins.push(begin);
    const shape = [gates * units, columns];
    return this.withTemporary((temporary) => {
      const slots = writeInts(engine, temporary, slotOfGate);
      const dw = temporary.allocate(sizeOf(shape));
      const scratch = begins.map(() =>
        temporary.allocate(engine.functions.weight_gradient_scratch(share, columns)),
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
        const kind = 2 * gates * units * columns;
        runJobs(engine, reserve.threads, { jobs, flops: kind * rows, kind });
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

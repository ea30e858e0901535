/**
 * The gradients of a stack on the engine, each made when it is asked for. tfjs asks for those that something depends on, one
 * by one: what nobody asks for is not computed.
 */

import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { Scope } from './arena.js';
import { DIRECTION_SIZE, writeDirection } from './direction.js';
import { type Engine, padded } from './engine.js';
import { CELL_CODES, GATES, HIDDEN_SLOTS, INPUT_SLOTS, SLOTS } from './plan.js';
import { commonFields, copyIn, copyOut, inputSizeOf, type Reserve } from './stack.js';
import { makeTensor, valuesOf } from './tensors.js';

/** ROWS of engine/tile.h. */
const GROUP = 4;

/** What backward leaves of one direction. Blocks of the reserve's scope. */
interface DirectionGradient {
  /** `[M, slots * Hp]`. */
  readonly dgates: number;
  /** `[M, S]`, h before each step. */
  readonly hBefore: number;
  /** `[M, P]` and `[M, H]`, of a projection. */
  readonly dhSum: number;
  readonly unprojected: number;
}

/** Where the gradients of a stack stand: layers are gone through from the last to the first, no further than asked for. */
export class StackGradient {
  private readonly done: DirectionGradient[] = [];
  /** The gradient of the output of the layer that is next, `[M, D*S]`. */
  private dy: number;
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
    const { plan, packing, layout, scope } = reserve;
    const { layers, directions, batch, stateSizes } = plan;
    const width = directions * plan.outSize;
    const count = layers * directions;
    this.nextLayer = layers - 1;
    this.dy = scope.allocate(packing.rows * width);
    const temporary = new Scope(engine.arena);
    try {
      const values = valuesOf(backend, dOutput as TensorInfo);
      copyIn(engine, plan, packing, layout, values, width, this.dy, temporary);
    } finally {
      temporary.release();
    }
    this.dFinals = dStates.map((state) => {
      const values = valuesOf(backend, state);
      const at = scope.allocate(values.length);
      engine.floats(at, values.length).set(values);
      return at;
    });
    this.dInitials = stateSizes.map((size) => scope.allocate(count * batch * size));
  }

  /** The gradient of one input of the training kernel, by its name there. */
  of(name: string, backend: KernelBackend): TensorInfo {
    const [kind, place] = name.split(' ') as [string, string | undefined];
    const temporary = new Scope(this.engine.arena);
    try {
      if (kind === 'x') return this.ofX(backend, temporary);
      if (kind.startsWith('state')) return this.ofState(backend, Number(kind.slice(5)));
      return this.ofParameter(backend, kind, Number(place), temporary);
    } finally {
      temporary.release();
    }
  }

  /** Goes back through the layers down to `layer`. */
  private reach(layer: number): void {
    while (this.nextLayer >= layer) {
      const at = this.nextLayer;
      if (at < this.reserve.plan.layers - 1) this.dy = this.inputGradient(at + 1, this.reserve.scope);
      this.runLayer(at);
      this.nextLayer--;
    }
  }

  private runLayer(layer: number): void {
    const { engine, reserve } = this;
    const { plan, packing, layout, weights, scope } = reserve;
    const { cell, batch, hiddenSize, projSize, outSize, directions, stateSizes } = plan;
    const { functions, base } = engine;
    const code = CELL_CODES[cell];
    const temporary = new Scope(engine.arena);
    try {
      const scratch = temporary.allocate(functions.backward_scratch(code, batch, hiddenSize, projSize));
      const at = temporary.allocate(DIRECTION_SIZE);
      for (let direction = 0; direction < directions; direction++) {
        const k = layer * directions + direction;
        const packed = weights[k] as (typeof weights)[number];
        const dgates = layout.reserves[k] || scope.allocate(packing.rows * SLOTS[cell] * padded(hiddenSize));
        const gradient: DirectionGradient = {
          dgates,
          hBefore: scope.allocate(packing.rows * outSize),
          // Its last row is read in whole groups of units.
          dhSum: projSize > 0 ? scope.allocate(packing.rows * projSize + GROUP) : 0,
          unprojected: projSize > 0 ? scope.allocate(packing.rows * hiddenSize) : 0,
        };
        const ofState = (places: readonly number[], s: number) =>
          places[s] === undefined ? 0 : places[s] + k * batch * (stateSizes[s] as number);
        const fields = commonFields(plan, packing, layout, packed, k);
        fields.scratch = scratch;
        fields.dy = this.dy + direction * outSize;
        fields.dy_stride = directions * outSize;
        fields.dhn = ofState(this.dFinals, 0);
        fields.dcn = ofState(this.dFinals, 1);
        fields.dh0 = ofState(this.dInitials, 0);
        fields.dc0 = ofState(this.dInitials, 1);
        fields.weight_hh_t = packed.transpose('weight_hh');
        fields.weight_hr_t = projSize > 0 ? packed.transpose('weight_hr') : 0;
        fields.dgates = dgates;
        fields.h_before = gradient.hBefore;
        fields.dh_sum = gradient.dhSum;
        fields.unprojected = gradient.unprojected;
        writeDirection(engine, at, fields);
        functions.backward(base, at);
        this.done[k] = gradient;
      }
    } finally {
      temporary.release();
    }
  }

  /** The gradient of a layer's input, `[M, I of the layer]`, summed over its directions. */
  private inputGradient(layer: number, scope: Scope): number {
    const { engine, reserve } = this;
    const { plan, packing, weights } = reserve;
    const { cell, hiddenSize, directions } = plan;
    const gate = padded(hiddenSize);
    const columns = inputSizeOf(plan, layer);
    const dx = scope.allocate(packing.rows * columns);
    for (let direction = 0; direction < directions; direction++) {
      const k = layer * directions + direction;
      const { dgates } = this.done[k] as DirectionGradient;
      const firstSlot = (INPUT_SLOTS[cell][0] as number) * gate;
      engine.functions.input_gradient(
        engine.base,
        dgates + firstSlot,
        SLOTS[cell] * gate,
        (weights[k] as (typeof weights)[number]).transpose('weight_ih'),
        GATES[cell] * gate,
        dx,
        columns,
        packing.rows,
        columns,
        direction,
      );
    }
    return dx;
  }

  private ofX(backend: KernelBackend, temporary: Scope): TensorInfo {
    this.reach(0);
    const { plan, packing, layout } = this.reserve;
    const { inputSize, steps, batch, attrs } = plan;
    const dx = this.inputGradient(0, temporary);
    const values = copyOut(this.engine, plan, packing, layout, dx, inputSize, temporary);
    const shape = attrs.batchFirst ? [batch, steps, inputSize] : [steps, batch, inputSize];
    return makeTensor(backend, values, shape);
  }

  private ofState(backend: KernelBackend, s: number): TensorInfo {
    this.reach(0);
    const { layers, directions, batch, stateSizes } = this.reserve.plan;
    const shape = [layers * directions, batch, stateSizes[s] as number];
    const size = shape.reduce((product, n) => product * n, 1);
    return makeTensor(backend, this.engine.floats(this.dInitials[s] as number, size), shape);
  }

  private ofParameter(backend: KernelBackend, kind: string, k: number, temporary: Scope): TensorInfo {
    const { plan, packing, layout } = this.reserve;
    const { cell, hiddenSize, projSize, outSize, directions } = plan;
    const layer = Math.floor(k / directions);
    this.reach(layer);
    const { functions, base } = this.engine;
    const { dgates, hBefore, dhSum, unprojected } = this.done[k] as DirectionGradient;
    const { rows } = packing;
    const gates = kind === 'weight_hr' ? 1 : GATES[cell];
    const slotsOf = kind.endsWith('_hh') ? HIDDEN_SLOTS : INPUT_SLOTS;
    const slots = temporary.allocate(4);
    this.engine.ints(slots, gates).set(kind === 'weight_hr' ? [0] : slotsOf[cell]);
    const stride = SLOTS[cell] * padded(hiddenSize);
    if (kind.startsWith('bias')) {
      const db = temporary.allocate(gates * hiddenSize);
      functions.bias_gradient(base, dgates, stride, slots, db, rows, gates, hiddenSize);
      return this.toTensor(backend, db, [gates * hiddenSize]);
    }
    const [units, columns, left, leftStride, right] =
      kind === 'weight_hr'
        ? [projSize, hiddenSize, dhSum, projSize, unprojected]
        : kind === 'weight_hh'
          ? [hiddenSize, outSize, dgates, stride, hBefore]
          : [hiddenSize, inputSizeOf(plan, layer), dgates, stride, layout.sequences[layer] as number];
    const dw = temporary.allocate(gates * units * columns);
    const scratch = temporary.allocate(functions.weight_gradient_scratch(gates, units));
    functions.weight_gradient(
      base,
      left,
      leftStride,
      slots,
      right,
      columns,
      dw,
      rows,
      gates,
      units,
      columns,
      scratch,
    );
    return this.toTensor(backend, dw, [gates * units, columns]);
  }

  private toTensor(backend: KernelBackend, at: number, shape: number[]): TensorInfo {
    const size = shape.reduce((product, n) => product * n, 1);
    return makeTensor(backend, this.engine.floats(at, size), shape);
  }
}

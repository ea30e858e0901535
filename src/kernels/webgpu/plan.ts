/** The sizes of a call, and where its parts lie in the buffers that its shaders write. Offsets are counted in floats. */

import type { TensorInfo } from '@tensorflow/tfjs-core';
import { CELLS } from '../../torch/cells.js';
import type { RecurrentCall } from '../contract.js';
import type { CellShader } from './cells/cell.js';
import { CELL_SHADERS } from './cells/cells.js';

export interface Plan {
  readonly call: RecurrentCall;
  readonly shader: CellShader;
  /** G. */
  readonly gates: number;
  readonly steps: number;
  readonly batch: number;
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly directions: number;
  readonly layers: number;
  /** How many states the cell has. */
  readonly states: number;
  /** T*B: the rows of a sequence as a matrix, in the order of x. Row (t, b) is `t * stepStride + b * batchStride`. */
  readonly rows: number;
  readonly stepStride: number;
  readonly batchStride: number;
  /** What is kept of a step for the gradient: slots of `[rows, H]`, the states before it first. */
  readonly slots: number;
}

export function planOf(call: RecurrentCall, x: TensorInfo): Plan {
  const [outer, inner, inputSize] = x.shape as [number, number, number];
  const { cell, batchFirst, hiddenSize } = call;
  const [steps, batch] = batchFirst ? [inner, outer] : [outer, inner];
  const directions = call.bidirectional ? 2 : 1;
  const shader = CELL_SHADERS[cell];
  const states = CELLS[cell].states.length;
  return {
    call,
    shader,
    gates: shader.gates.length,
    steps,
    batch,
    inputSize,
    hiddenSize,
    directions,
    layers: call.directions / directions,
    states,
    rows: steps * batch,
    stepStride: batchFirst ? 1 : batch,
    batchStride: batchFirst ? steps : 1,
    slots: states + Object.keys(shader.kept).length,
  };
}

/** Floats of one state of all layers, `[L*D, B, H]`. */
export function stateFloats({ call, batch, hiddenSize }: Plan): number {
  return call.directions * batch * hiddenSize;
}

/** Floats of the output of a layer, `[rows, D*H]`. */
export function sequenceFloats({ rows, directions, hiddenSize }: Plan): number {
  return rows * directions * hiddenSize;
}

/** Floats of one slot, `[rows, H]`. */
function slotFloats({ rows, hiddenSize }: Plan): number {
  return rows * hiddenSize;
}

/**
 * What forward writes: the states; the output of each layer in training, of the last one alone otherwise; in training the
 * slots of each direction of each layer. In training it is the reserve.
 */
export class ForwardLayout {
  readonly floats: number;

  constructor(
    private readonly plan: Plan,
    private readonly isTraining: boolean,
  ) {
    this.floats = isTraining ? this.slotsAt(plan.call.directions) : this.sequenceAt(0) + sequenceFloats(plan);
  }

  stateAt(state: number): number {
    return state * stateFloats(this.plan);
  }

  sequenceAt(layer: number): number {
    return this.stateAt(this.plan.states) + (this.isTraining ? layer : 0) * sequenceFloats(this.plan);
  }

  /** @param k the direction of a layer, in the order of the weights. */
  slotsAt(k: number): number {
    return this.sequenceAt(this.plan.layers) + k * this.plan.slots * slotFloats(this.plan);
  }
}

/** What backward writes: the gradients of the states, then those of the gates' sums by direction of each layer. */
export class BackwardLayout {
  readonly floats: number;
  /** How many matrices of gradients a direction has. */
  private readonly matrices: number;

  constructor(private readonly plan: Plan) {
    const { inputGradients, stateGradients } = plan.shader;
    this.matrices = inputGradients === stateGradients ? 1 : 2;
    this.floats = this.inputGradientsAt(plan.call.directions);
  }

  stateAt(state: number): number {
    return state * stateFloats(this.plan);
  }

  /** The gradients of W_ih x + b_ih, `[rows, G*H]`. */
  inputGradientsAt(k: number): number {
    return this.stateAt(this.plan.states) + k * this.matrices * this.gateFloats;
  }

  /** The gradients of W_hh h + b_hh, `[rows, G*H]`. */
  stateGradientsAt(k: number): number {
    return this.inputGradientsAt(k) + (this.matrices - 1) * this.gateFloats;
  }

  private get gateFloats(): number {
    return this.plan.gates * slotFloats(this.plan);
  }
}

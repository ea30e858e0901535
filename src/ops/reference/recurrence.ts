/**
 * The readable reference of every recurrent op: a stack of layers composed of tf ops, differentiable twice. A cell brings only
 * its step; layers, directions, time and lengths are the same for all of them.
 */

import {
  concat,
  less,
  range,
  reshape,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  tidy,
  tile,
  transpose,
  where,
  zeros,
} from '@tensorflow/tfjs-core';
import type { DirectionWeights, StackAttrs, StackInputs, StackOutputs } from '../../kernels/contract.js';
import { emptyOf } from '../../nn/empty.js';
import { CELLS, type Cell, stateSizes } from '../../torch/cells.js';
import { stackRows, unstackRows } from '../rows.js';
import { selectOrZero } from '../select.js';
import { gateBlocks, linear } from './cell-step.js';
import { EQUATIONS } from './equations.js';

/** Which steps each row has. */
interface StepMask {
  /** Bool `[T, B, 1]`. */
  readonly all: Tensor3D;
  /** By the columns of a state: the same per step, widened to bool `[B, columns]`. */
  readonly at: ReadonlyMap<number, readonly Tensor2D[]>;
}

function stepMask(lengths: Tensor1D, steps: number, sizes: readonly number[]): StepMask {
  const batch = lengths.shape[0];
  const all = less(
    reshape(range(0, steps, 1, 'int32'), [steps, 1, 1]),
    reshape(lengths, [1, batch, 1]),
  ) as Tensor3D;
  const at = [...new Set(sizes)].map((size) => [size, unstackRows(tile(all, [1, 1, size]))] as const);
  return { all, at: new Map(at) };
}

/** `next` in the rows that have step t, `previous` in the others. */
function holdAbsent(mask: StepMask, t: number, next: Tensor2D, previous: Tensor2D): Tensor2D {
  const present = mask.at.get(next.shape[1])?.[t] as Tensor2D;
  return where(present, next, previous);
}

/** One direction of one layer over the whole sequence. `x` is `[T, B, I]`; so is the returned `output`. */
function runDirection(
  cell: Cell,
  x: Tensor3D,
  initialStates: readonly Tensor2D[],
  weights: DirectionWeights,
  reverse: boolean,
  mask?: StepMask,
): { output: Tensor3D; finalStates: readonly Tensor2D[] } {
  const [steps, batch, inputSize] = x.shape;
  // All T input projections in one product: [T*B, I] @ [I, G*H].
  const projected = linear(reshape(x, [steps * batch, inputSize]), weights.weight_ih, weights.bias_ih);
  const count = CELLS[cell].gates;
  const step = EQUATIONS[cell];
  const gates = gateBlocks(reshape(projected, [steps, batch, projected.shape[1]]), count);
  const outputs = new Array<Tensor2D>(steps);
  let states = initialStates;
  for (let i = 0; i < steps; i++) {
    const t = reverse ? steps - 1 - i : i;
    const next = step(gates.slice(t * count, (t + 1) * count), states, weights);
    // A row holds its state on steps it does not have. Read backwards, the initial state waits until the row's own
    // last step: torch's reverse direction over a PackedSequence.
    states = mask ? next.map((state, k) => holdAbsent(mask, t, state, states[k] as Tensor2D)) : next;
    outputs[t] = states[0] as Tensor2D;
  }
  const output = stackRows(outputs);
  return { output: mask ? selectOrZero(mask.all, output) : output, finalStates: states };
}

/** Each initial state as L*D matrices `[B, columns]`, zeros where none was given. */
function splitInitialStates(
  { initialStates, weights }: StackInputs,
  batch: number,
  sizes: readonly number[],
): Tensor2D[][] {
  if (initialStates) return initialStates.map(unstackRows);
  return sizes.map((size) => {
    const zero = zeros([batch, size]) as Tensor2D;
    return weights.map(() => zero);
  });
}

/** The outputs of a batch without rows. */
function emptyOutputs(
  { x, initialStates = [], weights }: StackInputs,
  { bidirectional }: StackAttrs,
  sizes: readonly number[],
): StackOutputs {
  const [first, second] = x.shape;
  const tensors = weights.flatMap((direction) =>
    Object.values(direction).filter((weight) => weight !== undefined),
  );
  const from: Tensor[] = [x, ...initialStates, ...tensors];
  return {
    output: emptyOf([first, second, (bidirectional ? 2 : 1) * (sizes[0] as number)], from),
    finalStates: sizes.map((size) => emptyOf([weights.length, 0, size], from)),
  };
}

/** Runs a stack by tf ops. Contract: {@link StackInputs}, {@link StackOutputs}. */
export function runReference(cell: Cell, inputs: StackInputs, attrs: StackAttrs): StackOutputs {
  return tidy(() => {
    const timeMajor = attrs.batchFirst ? transpose(inputs.x, [1, 0, 2]) : inputs.x;
    const [steps, batch] = timeMajor.shape;
    const sizes = stateSizes(cell, attrs);
    if (batch === 0) return emptyOutputs(inputs, attrs, sizes);
    const mask = inputs.lengths && stepMask(inputs.lengths, steps, sizes);
    const initial = splitInitialStates(inputs, batch, sizes);
    const directions = attrs.bidirectional ? 2 : 1;
    const finals: (readonly Tensor2D[])[] = [];
    // Padding of the input may hold anything, NaN included. Later layers read the zeros that this one leaves there.
    let layerInput = mask ? selectOrZero(mask.all, timeMajor) : timeMajor;
    while (finals.length < inputs.weights.length) {
      const outputs: Tensor3D[] = [];
      for (let d = 0; d < directions; d++) {
        const k = finals.length;
        const states = initial.map((state) => state[k] as Tensor2D);
        const run = runDirection(
          cell,
          layerInput,
          states,
          inputs.weights[k] as DirectionWeights,
          d === 1,
          mask,
        );
        outputs.push(run.output);
        finals.push(run.finalStates);
      }
      layerInput = directions === 1 ? (outputs[0] as Tensor3D) : (concat(outputs, 2) as Tensor3D);
    }
    const output = attrs.batchFirst ? transpose(layerInput, [1, 0, 2]) : layerInput;
    const finalStates = initial.map((_, s) => stackRows(finals.map((states) => states[s] as Tensor2D)));
    return { output, finalStates };
  });
}

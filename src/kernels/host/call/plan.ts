/** What a call asks for, in the engine's terms. */

import type { TensorInfo } from '@tensorflow/tfjs-core';
import { CELLS, type Cell, outputSize, stateSizes } from '../../../torch/cells.js';
import type { DirectionOf, RecurrentCall } from '../../contract.js';
import { GRADIENT_SLOTS, padded, SLOTS, WIDEST_PAD } from '../abi/constants.js';
import type { Engine, Threads } from '../runtime/engine.js';
import type { Thresholds } from '../threads/thresholds.js';

/** The weights of one direction of one layer, as the backend has them. */
export type DirectionTensors = DirectionOf<TensorInfo, TensorInfo>;

/** The shape of a call. */
export interface Plan {
  readonly call: RecurrentCall;
  readonly cell: Cell;
  /** G. */
  readonly gates: number;
  readonly steps: number;
  readonly batch: number;
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly projSize: number;
  /** S, the columns of h. */
  readonly outSize: number;
  readonly directions: number;
  readonly layers: number;
  /** The columns of each state. */
  readonly stateSizes: readonly number[];
}

export function planOf(call: RecurrentCall, x: TensorInfo): Plan {
  const [outer, inner, inputSize] = x.shape as [number, number, number];
  const { cell, hiddenSize, projSize } = call;
  const directions = call.bidirectional ? 2 : 1;
  return {
    call,
    cell,
    gates: CELLS[cell].gates,
    steps: call.batchFirst ? inner : outer,
    batch: call.batchFirst ? outer : inner,
    inputSize,
    hiddenSize,
    projSize,
    outSize: outputSize(call),
    directions,
    layers: call.directions / directions,
    stateSizes: stateSizes(cell, call),
  };
}

/** How the rows of a group lie in its packed sequence. */
export interface Packing {
  /** The caller's row of each sorted row, longest first. */
  readonly order: Int32Array;
  /** Rows that have each step. */
  readonly counts: Int32Array;
  /** M, rows in all. */
  readonly rows: number;
  /** Whether the caller's sequence lies as the packed one does. */
  readonly isIdentity: boolean;
}

/** Rows of all groups. */
export function rowsOf(packings: readonly Packing[]): number {
  let sum = 0;
  for (let i = 0; i < packings.length; i++) sum += (packings[i] as Packing).rows;
  return sum;
}

/** Cuts the batch into `count` groups. They take its sorted rows in turn, so that each has long and short ones. */
export function packingsOf(
  { steps, batch, call }: Plan,
  lengths: Int32Array | undefined,
  count: number,
): Packing[] {
  const lengthOf = (b: number) => (lengths ? (lengths[b] as number) : steps);
  const sorted = Int32Array.from({ length: batch }, (_, b) => b);
  if (lengths) sorted.sort((a, b) => lengthOf(b) - lengthOf(a) || a - b);
  const isIdentity = !lengths && count === 1 && (!call.batchFirst || batch === 1 || steps === 1);
  return Array.from({ length: count }, (_, group) => {
    const order = count === 1 ? sorted : sorted.filter((_, i) => i % count === group);
    const counts = new Int32Array(steps);
    if (!lengths) counts.fill(order.length);
    else for (const b of order) for (let t = 0; t < lengthOf(b); t++) counts[t]++;
    const rows = counts.reduce((sum, n) => sum + n, 0);
    return { order, counts, rows, isIdentity };
  });
}

/** How many of the threads a call may use. */
export function threadsFor(plan: Plan, { count, thresholds }: Threads): number {
  return callFlops(plan) < thresholds.call ? 1 : count;
}

/** Multiplications and additions of a call. */
export function callFlops(plan: Plan): number {
  const { steps, batch, directions, layers, inputSize } = plan;
  return stepFlops(plan, inputSize) * steps * batch * directions * layers;
}

/** Multiplications and additions of a step of one row, in one direction of a layer with so many inputs. */
export function stepFlops({ gates, hiddenSize, outSize }: Plan, inputSize: number): number {
  return 2 * gates * hiddenSize * (inputSize + outSize);
}

/** How many groups of rows to make for so many threads: each direction of each group is a job. */
export function groupCount(plan: Plan, threads: number, thresholds: Thresholds): number {
  const { batch, directions } = plan;
  if (callFlops(plan) < thresholds.groups) return 1;
  return Math.max(1, Math.min(batch, Math.ceil(threads / directions)));
}

/** How many threads share the units of each direction of each group, where there are fewer of these than threads. */
export function teamSize(plan: Plan, threads: number, groups: number, engine: Engine): number {
  const { batch, directions, hiddenSize, inputSize, projSize } = plan;
  const size = Math.floor(threads / (directions * groups));
  const flops = stepFlops(plan, inputSize) * Math.ceil(batch / groups);
  const isWorth = projSize === 0 && flops >= engine.threads.thresholds.teamStep;
  return isWorth ? Math.max(1, Math.min(size, Math.floor(hiddenSize / engine.vector))) : 1;
}

/** I of a layer. */
export function inputSizeOf({ inputSize, directions, outSize }: Plan, layer: number): number {
  return layer === 0 ? inputSize : directions * outSize;
}

/** About what one direction takes beside its sequences: a chunk of the input projection. */
const SCRATCH_FLOATS = 2 ** 18;

/**
 * About how many floats of the arena a call takes at once, packed weights left out: what grows with the sequence.
 * @param rows M, of all groups.
 */
export function floatsOf(plan: Plan, rows: number, isTraining: boolean): number {
  const { cell, layers, directions, hiddenSize, inputSize, outSize } = plan;
  const width = directions * outSize;
  // Engines that reach no memory of the caller's hold its x, then its output beside the packed ones.
  const beside = plan.steps * plan.batch * Math.max(inputSize, width) + directions * SCRATCH_FLOATS;
  if (!isTraining) return beside + rows * (inputSize + Math.min(layers, 2) * width);
  const perDirection = (SLOTS[cell] + GRADIENT_SLOTS[cell]) * padded(hiddenSize, WIDEST_PAD) + outSize;
  const gradients = 2 * width + layers * directions * perDirection;
  return beside + rows * (inputSize + layers * width + gradients);
}

/** An upper bound of {@link floatsOf}, cheap to compute: every call asks for it. */
export function mostFloatsOf({ directions, hiddenSize }: RecurrentCall, { shape }: TensorInfo): number {
  const [outer, inner, inputSize] = shape as [number, number, number];
  // Of each row: x and the output twice; by direction of each layer the output, h before, dy twice, and 9 slots.
  return (
    outer * inner * (2 * inputSize + directions * 16 * padded(hiddenSize, WIDEST_PAD)) + 2 * SCRATCH_FLOATS
  );
}

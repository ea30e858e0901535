/** What the host kernels know of the engine, whatever it was compiled to. */

import type { Arena } from './arena.js';
import type { Threads } from './threads.js';

/** Indices and counts are in floats of the arena. See engine/engine.h for what each function does. */
export interface EngineFunctions {
  forward_scratch(cell: number, batch: number, hidden: number, proj: number, chunkRows: number): number;
  backward_scratch(cell: number, batch: number, hidden: number, proj: number): number;
  forward(arena: number, direction: number): number;
  backward(arena: number, direction: number): void;
  packed_size(gates: number, units: number, columns: number): number;
  packed_transposed_size(gates: number, units: number, columns: number): number;
  pack_weight(
    arena: number,
    weight: number,
    packed: number,
    gates: number,
    units: number,
    columns: number,
  ): void;
  pack_transposed(
    arena: number,
    weight: number,
    packed: number,
    gates: number,
    units: number,
    columns: number,
    firstGate: number,
  ): void;
  pack_bias(
    arena: number,
    bias: number,
    other: number,
    packed: number,
    gates: number,
    units: number,
    addedGates: number,
  ): void;
  add_bias(arena: number, to: number, bias: number, rows: number, columns: number): void;
  pack_sequence(...args: SequenceArgs): void;
  unpack_sequence(...args: SequenceArgs): void;
  input_gradient(arena: number, job: number): void;
  weight_gradient(arena: number, job: number): void;
  weight_gradient_scratch(gates: number, units: number): number;
  bias_gradient(
    arena: number,
    dgates: number,
    dgatesStride: number,
    slotOfGate: number,
    db: number,
    rows: number,
    gates: number,
    units: number,
    add: number,
  ): void;
  work(arena: number, queue: number, round: number): void;
  activation(arena: number, which: number, x: number, y: number, count: number): void;
}

type SequenceArgs = [
  arena: number,
  from: number,
  to: number,
  order: number,
  counts: number,
  steps: number,
  batch: number,
  group: number,
  width: number,
  batchFirst: number,
];

export interface Engine {
  readonly arena: Arena;
  readonly functions: EngineFunctions;
  /** What the functions take for the arena: its address. */
  readonly base: number;
  /** A view of the arena, good until the next allocation. */
  floats(at: number, count: number): Float32Array;
  ints(at: number, count: number): Int32Array;
  /** Copies values into the arena. */
  write(at: number, values: ArrayLike<number>): void;
  readonly threads: Threads;
}

/** Floats of a vector, to which units are padded. */
export const VECTOR = 8;

export const padded = (columns: number): number => Math.ceil(columns / VECTOR) * VECTOR;

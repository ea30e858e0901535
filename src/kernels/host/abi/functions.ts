/** The functions that c/engine.h declares for TypeScript. A spec compares them with the header. */

/** Indices and counts are in floats of the arena; c/engine.h says what each function does. */
export interface EngineFunctions {
  forward_scratch(
    cell: number,
    batch: number,
    hiddenSize: number,
    projSize: number,
    chunkRows: number,
  ): number;
  backward_scratch(cell: number, batch: number, hiddenSize: number, projSize: number): number;
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
  pack_sequence(arena: number, from: number, to: number, ...layout: SequenceLayout): void;
  unpack_sequence(arena: number, from: number, to: number, ...layout: SequenceLayout): void;
  input_gradient(arena: number, job: number): void;
  weight_gradient(arena: number, job: number): void;
  weight_gradient_scratch(units: number, columns: number): number;
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
  await_round(arena: number, queue: number, seen: number): number;
  abandon(arena: number, queue: number): void;
  look(arena: number, at: number, value: number, looks: number): number;
  nap(arena: number, at: number, value: number, milliseconds: number): number;
  activation(arena: number, which: number, x: number, y: number, count: number): void;
}

/** Of a caller's sequence, and of the group of its rows that a packed one holds; c/engine.h says more. */
export type SequenceLayout = [
  order: number,
  counts: number,
  steps: number,
  batch: number,
  group: number,
  width: number,
  batchFirst: number,
];

/** Those of c/packing/sequence.h, which only the native engine has. */
export interface NativeFunctions extends EngineFunctions {
  pack_values(arena: number, values: Float32Array, to: number, ...layout: SequenceLayout): void;
  unpack_values(arena: number, from: number, values: Float32Array, ...layout: SequenceLayout): void;
}

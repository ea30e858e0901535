/** The enumerations and sizes of c/engine.h. A spec compares them with the header. */

import type { Cell } from '../../../torch/cells.js';

/** `enum cell`. */
export const CELL_CODES: Readonly<Record<Cell, number>> = { RNN_TANH: 0, RNN_RELU: 1, GRU: 2, LSTM: 3 };

/** `enum gru_slot`: the slots of a GRU's reserve, and those of the gradients of its gates. */
export const GRU_SLOTS = { q: 0, r: 1, z: 2, n: 3 } as const;

/** `enum lstm_slot`: the same of an LSTM. The gradients of its gates have no slot for c. */
export const LSTM_SLOTS = { i: 0, f: 1, g: 2, o: 3, c: 4 } as const;

/** Slots of the reserve; an RNN has none. */
export const SLOTS: Readonly<Record<Cell, number>> = { RNN_TANH: 0, RNN_RELU: 0, GRU: 4, LSTM: 5 };

/** Slots of the gradients of the gates. */
export const GRADIENT_SLOTS: Readonly<Record<Cell, number>> = { RNN_TANH: 1, RNN_RELU: 1, GRU: 4, LSTM: 4 };

/** The slot of each gate's gradient towards x, in torch's order of gates. */
export const INPUT_SLOTS: Readonly<Record<Cell, readonly number[]>> = {
  RNN_TANH: [0],
  RNN_RELU: [0],
  GRU: [GRU_SLOTS.r, GRU_SLOTS.z, GRU_SLOTS.n],
  LSTM: [LSTM_SLOTS.i, LSTM_SLOTS.f, LSTM_SLOTS.g, LSTM_SLOTS.o],
};

/** The slot of each gate's gradient towards h. GRU's new gate has another there: `q = W_hn h + b_hn` is multiplied by r. */
export const HIDDEN_SLOTS: Readonly<Record<Cell, readonly number[]>> = {
  ...INPUT_SLOTS,
  GRU: [GRU_SLOTS.r, GRU_SLOTS.z, GRU_SLOTS.q],
};

/** `enum job`: the functions that a queue can hold. */
export const JOBS = { forward: 0, backward: 1, input_gradient: 2, weight_gradient: 3 } as const;

/** `VL` and `PAD` of c/machine.h in WebAssembly: floats of a vector, to which units are padded. Both depend on the instruction set. */
export const WASM_VECTOR = 8;

/** The largest `PAD` of all instruction sets. */
export const WIDEST_PAD = 16;

/** `QUEUE_CAPACITY`: jobs of one round. */
export const QUEUE_CAPACITY = 64;

/** `STACK_BYTES`: the stack of each thread; the linker gives the first one the same. */
export const STACK_BYTES = 65536;

/** `columns` with their padding. */
export const padded = (columns: number, pad: number): number => Math.ceil(columns / pad) * pad;

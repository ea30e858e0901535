/** The measured cases: their shapes and numbers. */

import { Random } from '../../spec/support/random.js';
import type { StateDict, TorchTensor } from '../../src/state-dict/index.js';

export const CELLS = ['gru', 'lstm', 'rnn'] as const;
export type CellName = (typeof CELLS)[number];

export const MODES = ['forward', 'training'] as const;
/** `training` is forward and backward: the gradients of x and of every weight for a given gradient of the output. */
export type Mode = (typeof MODES)[number];

export interface Shape {
  readonly name: string;
  /** I */
  readonly inputSize: number;
  /** H */
  readonly hiddenSize: number;
  /** L */
  readonly layers: number;
  /** D, 1 or 2. */
  readonly directions: number;
  /** B */
  readonly batch: number;
  /** T */
  readonly steps: number;
}

export interface BenchCase extends Shape {
  readonly cell: CellName;
  readonly mode: Mode;
}

function shape(
  name: string,
  inputSize: number,
  hiddenSize: number,
  layers: number,
  directions: number,
  batch: number,
  steps: number,
): Shape {
  return { name, inputSize, hiddenSize, layers, directions, batch, steps };
}

export const SHAPES: readonly Shape[] = [
  // A sequence-to-sequence encoder on a batch.
  shape('seed', 256, 256, 1, 1, 32, 100),
  // One sequence: every step waits for the one before.
  shape('b1', 256, 256, 1, 1, 1, 100),
  // A bidirectional classifier.
  shape('cls', 128, 128, 1, 2, 8, 50),
  shape('deep', 64, 128, 3, 2, 16, 80),
  // Small enough for the cost of a call to show.
  shape('tiny', 24, 24, 1, 1, 1, 100),
  // One step at a time, as audio or text comes in.
  shape('stream', 256, 256, 2, 1, 1, 1),
  shape('large', 512, 512, 2, 1, 64, 200),
];

/** LSTM and RNN are measured where they can differ from GRU: bound by arithmetic, by memory, by the cost of a call. */
const SHAPES_BEYOND_GRU = ['seed', 'b1', 'tiny'];

export interface Selection {
  readonly cells: readonly CellName[];
  readonly modes: readonly Mode[];
  /** Names of shapes; by default all of GRU and some of the others. */
  readonly shapes?: readonly string[];
}

export function selectCases({ cells, modes, shapes }: Selection): BenchCase[] {
  const isSelected = (cell: CellName, name: string) =>
    shapes ? shapes.includes(name) : cell === 'gru' || SHAPES_BEYOND_GRU.includes(name);
  return cells.flatMap((cell) =>
    modes.flatMap((mode) =>
      SHAPES.filter(({ name }) => isSelected(cell, name)).map((selected) => ({ ...selected, cell, mode })),
    ),
  );
}

/** `GRU seed`, for titles of one mode. */
export function networkTitle({ cell, name }: BenchCase): string {
  return `${cell.toUpperCase()} ${name}`;
}

/** `GRU seed forward`, for titles. */
export function caseTitle(benchCase: BenchCase): string {
  return `${networkTitle(benchCase)} ${benchCase.mode}`;
}

/** `H 128, L 3, D 2, B 16, T 80`: what is 1 in most cases is left out there. */
export function shapeText({ hiddenSize, layers, directions, batch, steps }: Shape): string {
  const stack = [...(layers > 1 ? [`L ${layers}`] : []), ...(directions > 1 ? [`D ${directions}`] : [])];
  return [`H ${hiddenSize}`, ...stack, `B ${batch}`, `T ${steps}`].join(', ');
}

/** G, the blocks of rows in each weight. */
export const GATES: Readonly<Record<CellName, number>> = { gru: 3, lstm: 4, rnn: 1 };

/** Initial states in the cell's order. */
export function stateNames(cell: CellName): readonly string[] {
  return cell === 'lstm' ? ['h0', 'c0'] : ['h0'];
}

/** The case's numbers before the weights: x, the states, and the gradient of the output. */
const INPUT_NAMES = ['x', 'h0', 'c0', 'dy'];

/** The weights of a case's numbers, a torch `state_dict`. */
export function weightsOf(numbers: StateDict): StateDict {
  return new Map([...numbers].filter(([name]) => !INPUT_NAMES.includes(name)));
}

/**
 * The numbers of a case, repeatable: `x` `[T, B, I]`, `h0` and for LSTM `c0` `[L*D, B, H]`, for training `dy`
 * `[T, B, D*H]`, and the weights under torch's names, distributed as torch initialises them. No zeros, so that a peer that
 * drops a state or a bias fails the check.
 */
export function makeNumbers(benchCase: BenchCase): StateDict {
  const { cell, mode, inputSize, hiddenSize, layers, directions, batch, steps } = benchCase;
  const random = new Random(1);
  const numbers: StateDict = new Map();
  const add = (name: string, bound: number, sizes: readonly number[]) => {
    const data = new Float32Array(sizes.reduce((product, size) => product * size, 1));
    for (let i = 0; i < data.length; i++) data[i] = random.between(-bound, bound);
    numbers.set(name, { dtype: 'F32', shape: sizes, data } satisfies TorchTensor);
  };
  add('x', 1, [steps, batch, inputSize]);
  for (const name of stateNames(cell)) add(name, 0.5, [layers * directions, batch, hiddenSize]);
  if (mode === 'training') add('dy', 1, [steps, batch, directions * hiddenSize]);
  const rows = GATES[cell] * hiddenSize;
  const bound = 1 / Math.sqrt(hiddenSize);
  for (let layer = 0; layer < layers; layer++)
    for (const suffix of ['', '_reverse'].slice(0, directions)) {
      const columns = layer === 0 ? inputSize : directions * hiddenSize;
      add(`weight_ih_l${layer}${suffix}`, bound, [rows, columns]);
      add(`weight_hh_l${layer}${suffix}`, bound, [rows, hiddenSize]);
      add(`bias_ih_l${layer}${suffix}`, bound, [rows]);
      add(`bias_hh_l${layer}${suffix}`, bound, [rows]);
    }
  return numbers;
}

/** The float32 values of one of a case's numbers. */
export function valuesOf(numbers: StateDict, name: string): Float32Array {
  const tensor = numbers.get(name);
  if (!(tensor?.data instanceof Float32Array)) throw new Error(`the case has no ${name}`);
  return tensor.data;
}

/** `[A, B, width]` to `[B, A, width]`. */
export function swapOuter(values: Float32Array, a: number, b: number, width: number): Float32Array {
  const swapped = new Float32Array(values.length);
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++) {
      const from = (i * b + j) * width;
      swapped.set(values.subarray(from, from + width), (j * a + i) * width);
    }
  return swapped;
}

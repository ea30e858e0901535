/** Other ways of reading PyTorch's array, or what a model gives: none of them runs the model again. */

import { elementCount } from '../../../state-dict/tensors/dtypes.js';
import type { NumberArray } from '../arrays.js';

/** Two arrays of one shape. */
export type Pair = readonly [actual: NumberArray, expected: NumberArray];

export interface Reading {
  /** "the numbers fit ..." */
  readonly fits: string;
  /** What was tried. */
  readonly phrase: string;
  /** Undefined where the arrays cannot be read so. */
  read(actual: NumberArray, expected: NumberArray): Pair | undefined;
}

/** Axes beyond this number stay in their order. */
const MOST_AXES = 4;

export function readingsOf(expected: NumberArray): readonly Reading[] {
  return [...axisOrders(expected.shape.length).map(inOrder), ...FUNCTIONS, UNITS, ...STEPS];
}

/** All orders of some axes but their own. */
function axisOrders(rank: number): number[][] {
  if (rank < 2 || rank > MOST_AXES) return [];
  const orders = (rest: readonly number[]): number[][] =>
    rest.length === 0
      ? [[]]
      : rest.flatMap((axis) => orders(rest.filter((own) => own !== axis)).map((order) => [axis, ...order]));
  return orders(Array.from({ length: rank }, (_, axis) => axis)).slice(1);
}

function inOrder(order: readonly number[]): Reading {
  return {
    fits: `with the axes of PyTorch's array in another order: save y.numpy().transpose(${order.join(', ')})`,
    phrase: 'other orders of the axes',
    read: (actual, expected) => [actual, transposed(expected, order)],
  };
}

function transposed({ shape, values }: NumberArray, order: readonly number[]): NumberArray {
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  const sizes = order.map((axis) => shape[axis] as number);
  const moved = new Float64Array(values.length);
  for (let i = 0; i < moved.length; i++) {
    let [from, rest] = [0, i];
    for (let k = order.length - 1; k >= 0; k--) {
      const size = sizes[k] as number;
      from += (rest % size) * (strides[order[k] as number] as number);
      rest = Math.floor(rest / size);
    }
    moved[i] = values[from];
  }
  return { shape: sizes, values: moved };
}

type RowFunction = (row: Float64Array) => Float64Array;

const elementwise =
  (each: (value: number) => number): RowFunction =>
  (row) =>
    row.map(each);

const softmax: RowFunction = (row) => {
  const most = Math.max(...row);
  const powers = row.map((value) => Math.exp(value - most));
  const sum = powers.reduce((all, power) => all + power, 0);
  return powers.map((power) => power / sum);
};

const ROW_FUNCTIONS: readonly (readonly [name: string, RowFunction])[] = [
  ['softmax', softmax],
  ['log_softmax', (row) => softmax(row).map(Math.log)],
  ['sigmoid', elementwise((value) => 1 / (1 + Math.exp(-value)))],
  ['tanh', elementwise(Math.tanh)],
  ['relu', elementwise((value) => Math.max(0, value))],
];

/** Of probabilities and their logarithms. */
const LOG: readonly (readonly [fits: string, RowFunction])[] = [
  ["behind a logarithm of the model's probabilities, as log_softmax gives", elementwise(Math.log)],
  ["behind exp of the model's log-probabilities, as softmax gives", elementwise(Math.exp)],
];

const FUNCTIONS: readonly Reading[] = [
  ...ROW_FUNCTIONS.flatMap(([name, of]): Reading[] => [
    {
      fits: `with ${name} of what the model gives: PyTorch's array has it, and the model has not`,
      phrase: `${name} left out or too much`,
      read: (actual, expected) => [byRow(actual, of), expected],
    },
    {
      fits: `with ${name} of PyTorch's array: the model has it, and PyTorch's array has not`,
      phrase: `${name} left out or too much`,
      read: (actual, expected) => [actual, byRow(expected, of)],
    },
  ]),
  ...LOG.map(
    ([fits, of]): Reading => ({
      fits,
      phrase: 'logarithms of probabilities',
      read: (actual, expected) => [byRow(actual, of), expected],
    }),
  ),
];

/** A function of the last axis; that of one element alone says nothing of the others. */
function byRow({ shape, values }: NumberArray, of: RowFunction): NumberArray {
  const size = shape.at(-1) ?? 1;
  const results = new Float64Array(values.length);
  for (let at = 0; at < values.length; at += size)
    results.set(of(Float64Array.from({ length: size }, (_, i) => values[at + i])), at);
  return { shape, values: results };
}

const UNITS: Reading = {
  fits: "without the axes of one element: save PyTorch's array in the shape that the model gives",
  phrase: 'axes of one element',
  read: (actual, expected) => {
    const sizes = ({ shape }: NumberArray) => shape.filter((size) => size !== 1);
    if (`${sizes(actual)}` !== `${sizes(expected)}`) return undefined;
    return [actual, { ...expected, shape: actual.shape }];
  },
};

/** Where one has all steps `[B, T, F]` and the other one vector of each row `[B, F]`. */
const STEPS: readonly Reading[] = [
  {
    fits: "with the last step of PyTorch's array: save y[:, -1], or give it to a layer that returns all steps",
    phrase: 'the last step',
    read: (actual, expected) => pairOf(actual, lastStep(expected)),
  },
  {
    fits:
      "with the last states of the two directions in PyTorch's array: save torch.cat([h[-2], h[-1]], 1), or give it to a layer " +
      'that returns all steps',
    phrase: 'the last states',
    read: (actual, expected) => pairOf(actual, lastStates(expected)),
  },
  {
    fits: 'with the last step of what the model gives, out[:, -1]',
    phrase: 'the last step',
    read: (actual, expected) => pairOf(lastStep(actual), expected),
  },
  {
    fits: 'with the last states of the two directions, torch.cat([h[-2], h[-1]], 1), in place of all steps',
    phrase: 'the last states',
    read: (actual, expected) => pairOf(lastStates(actual), expected),
  },
];

function pairOf(actual: NumberArray | undefined, expected: NumberArray | undefined): Pair | undefined {
  return actual && expected && [actual, expected];
}

function lastStep(array: NumberArray): NumberArray | undefined {
  return vectorsOf(array, () => -1);
}

/** The forward direction ends at the last step, the reverse one at the first. */
function lastStates(array: NumberArray): NumberArray | undefined {
  const features = array.shape[2] as number;
  return features % 2 === 0 ? vectorsOf(array, (k) => (k < features / 2 ? -1 : 0)) : undefined;
}

/** `[B, F]` of `[B, T, F]`: each feature at a step, where -1 is the last one. */
function vectorsOf({ shape, values }: NumberArray, stepOf: (feature: number) => 0 | -1) {
  if (shape.length !== 3 || shape[1] === 0) return undefined;
  const [rows, steps, features] = shape as [number, number, number];
  const vectors = Float64Array.from({ length: rows * features }, (_, i) => {
    const [row, feature] = [Math.floor(i / features), i % features];
    const step = stepOf(feature) === 0 ? 0 : steps - 1;
    return values[(row * steps + step) * features + feature];
  });
  return { shape: [rows, features], values: vectors };
}

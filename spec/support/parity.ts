/** Puts a PyTorch fixture into a layer or a cell, runs it as torch does, and compares results with it. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import {
  type GRU,
  type GRUCell,
  gru,
  gruCell,
  type LSTM,
  type LSTMArgs,
  LSTMCell,
  lstm,
  lstmCell,
  type RNN,
  type RNNArgs,
  type RNNCell,
  rnn,
  rnnCell,
} from '../../src/index.js';
import type { CellRun, FloatTensor, LayerRun, NamedTensors, RecurrentRun } from './fixtures.js';
import { FORWARD_TOLERANCE } from './tolerance.js';

export type RecurrentLayer = GRU | LSTM | RNN;
export type RecurrentCell = GRUCell | LSTMCell | RNNCell;

/** By torch's names: `x`, and `h0` and `c0` where given. */
export type Inputs = ReadonlyMap<string, tf.Tensor>;

/** By torch's names: `output`, `hn` and an LSTM's `cn` of a layer; `h` and an LSTM's `c` of a cell. */
export type Results = Readonly<Record<string, tf.Tensor>>;

/** A fixture's layer or cell, and torch's call of it. */
export interface Subject {
  readonly layer: RecurrentLayer | RecurrentCell;
  readonly compute: (inputs: Inputs) => Results;
}

/** Of a layer, then of a cell. */
const RESULTS = ['output', 'hn', 'cn', 'h', 'c'];

const LAYERS = { GRU: gru, LSTM: lstm, RNN: rnn };
const CELLS = { GRUCell: gruCell, LSTMCell: lstmCell, RNNCell: rnnCell };

export function toTensor({ data, shape }: FloatTensor): tf.Tensor {
  return tf.tensor(data, [...shape], 'float32');
}

/** The caller disposes `layer`. */
export function subjectOf(run: RecurrentRun): Subject {
  if ('output' in run) {
    const layer = layerOf(run);
    return { layer, compute: (inputs) => forward(layer, inputs, run.lengths) };
  }
  const cell = cellOf(run);
  return { layer: cell, compute: (inputs) => unroll(cell, inputs) };
}

/** A built layer that holds the fixture's weights; the caller disposes it. */
export function layerOf(run: LayerRun, args: Partial<LSTMArgs & RNNArgs> = {}): RecurrentLayer {
  const make = LAYERS[run.module] as (args: LSTMArgs & RNNArgs) => RecurrentLayer;
  return withWeights(make({ ...run.config, ...args }), run);
}

/** A built cell that holds the fixture's weights; the caller disposes it. */
export function cellOf(run: CellRun): RecurrentCell {
  return withWeights(CELLS[run.module](run.config), run);
}

function withWeights<T extends RecurrentLayer | RecurrentCell>(layer: T, run: RecurrentRun): T {
  layer.ensureBuilt(run.config.inputSize);
  const weights = [...run.stateDict.values()] as FloatTensor[];
  tf.tidy(() => layer.setWeights(weights.map(toTensor)));
  return layer;
}

/** torch's call of a layer. */
export function forward(
  layer: RecurrentLayer,
  inputs: Inputs,
  lengths?: readonly number[] | tf.Tensor1D,
): Results {
  const states = ['h0', 'c0'].filter((name) => inputs.has(name)).map((name) => [name, inputs.get(name)]);
  return layer.forward(inputs.get('x')!, { ...Object.fromEntries(states), lengths });
}

/** The states of a cell after each step along the first axis of x, as a decoder loop runs it. */
function unroll(cell: RecurrentCell, inputs: Inputs): Results {
  const history: Results[] = [];
  let states: Results = Object.fromEntries(
    ['h', 'c'].flatMap((name) => (inputs.has(`${name}0`) ? [[name, inputs.get(`${name}0`)!]] : [])),
  );
  const x = inputs.get('x')!;
  for (let t = 0; t < x.shape[0]!; t++) {
    const step = stepOf(x, t);
    states =
      cell instanceof LSTMCell ? { ...cell.forward(step, states) } : { h: cell.forward(step, states.h) };
    history.push(states);
  }
  const names = Object.keys(states);
  return Object.fromEntries(names.map((name) => [name, tf.stack(history.map((each) => each[name]!))]));
}

/** tf.unstack has a gradient that breaks with one step (tfjs 4.22). */
function stepOf(x: tf.Tensor, t: number): tf.Tensor {
  const shape = x.shape.slice(1);
  return tf.reshape(tf.slice(x, [t, ...shape.map(() => 0)], [1, ...shape]), shape);
}

/** torch's results by name. */
export function expectedResults(run: RecurrentRun): Map<string, FloatTensor> {
  const all = run as unknown as NamedTensors;
  return new Map(RESULTS.flatMap((name) => (all[name] ? [[name, all[name]]] : [])));
}

export function maxAbs(values: ArrayLike<number>): number {
  return Array.from(values).reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}

/** The largest difference; NaN where one side is not a number. */
export function maxDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).to.equal(expected.length);
  return maxAbs(Array.from(actual, (value, i) => value - (expected[i] as number)));
}

export async function expectForward(actual: tf.Tensor, expected: FloatTensor, what: string): Promise<void> {
  expect(actual.shape, `shape of ${what}`).to.deep.equal(expected.shape);
  expect(maxDifference(await actual.data(), expected.data), what).to.be.at.most(FORWARD_TOLERANCE);
}

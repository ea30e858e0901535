/** The recurrent cells that share one suite, with the facts that the suite needs. */

import type * as tf from '@tensorflow/tfjs';
import { GRUCell, type GRUCellArgs, LSTMCell, RNNCell, type RNNCellArgs } from '../../src/index.js';
import { describeEachBackend } from './backends.js';
import { GRU_LAYER, LSTM_LAYER, RELU_RNN, TANH_RNN, type Variant } from './family.js';
import type { CellModule } from './fixtures.js';
import type { RecurrentCell } from './parity.js';

export const CELL_CLASSES = { GRUCell, LSTMCell, RNNCell };

/** Arguments that a cell of any class takes. */
export type CellArgs = GRUCellArgs;

/** A cell class with the arguments that make a variant of it. */
export interface CellVariant {
  readonly title: string;
  /** The class's name, in torch and in messages. */
  readonly module: CellModule;
  /** In the order of `apply([x, ...])`. */
  readonly stateNames: readonly string[];
  /** The layer that repeats its step. */
  readonly layer: Variant;
  make(args: CellArgs): RecurrentCell;
}

function variant(layer: Variant, own?: Partial<RNNCellArgs>): CellVariant {
  const module: CellModule = `${layer.module}Cell`;
  return {
    title: layer.title.replace(layer.module, module),
    module,
    stateNames: layer.stateNames.map((name) => name.slice(0, 1)),
    layer,
    make: (args) => new CELL_CLASSES[module]({ ...own, ...args }),
  };
}

export const GRU_CELL = variant(GRU_LAYER);
export const LSTM_CELL = variant(LSTM_LAYER);
export const TANH_RNN_CELL = variant(TANH_RNN, { nonlinearity: 'tanh' });
export const RELU_RNN_CELL = variant(RELU_RNN, { nonlinearity: 'relu' });

export const EVERY_CELL: readonly CellVariant[] = [GRU_CELL, LSTM_CELL, TANH_RNN_CELL, RELU_RNN_CELL];

/** Declares `body` once per variant and backend, with the checks of {@link describeEachBackend}. */
export function describeEachCell(title: string, body: (variant: CellVariant, backend: string) => void): void {
  for (const each of EVERY_CELL)
    describeEachBackend(`${each.title}: ${title}`, (backend) => body(each, backend));
}

/** torch's call, with the states before and after as lists in the order of the cell. */
export function step(
  cell: RecurrentCell,
  x: tf.Tensor,
  states: readonly (tf.Tensor | undefined)[] = [],
): tf.Tensor[] {
  const [h, c] = states;
  return cell instanceof LSTMCell ? Object.values(cell.forward(x, { h, c })) : [cell.forward(x, h)];
}

/** One step after the other, as a loop written by hand: the output of each, and the last states. */
export function unroll(
  cell: RecurrentCell,
  steps: readonly tf.Tensor[],
  initial: readonly tf.Tensor[] = [],
): { outputs: tf.Tensor[]; states: readonly tf.Tensor[] } {
  let states = initial;
  const outputs = steps.map((x) => {
    states = step(cell, x, states);
    return states[0] as tf.Tensor;
  });
  return { outputs, states };
}

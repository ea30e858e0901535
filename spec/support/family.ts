/** The recurrent layers that share one suite, with the facts that the suite needs. */

import * as tf from '@tensorflow/tfjs';
import { GRU, type GRUArgs, type Lengths, LSTM, type LSTMArgs, RNN, type RNNArgs } from '../../src/index.js';
import { describeEachBackend } from './backends.js';
import { type FloatTensor, type LayerFixture, type LayerModule, layerFixture } from './fixtures.js';
import { type RecurrentLayer, toTensor } from './parity.js';

export const CLASSES = { GRU, LSTM, RNN };

/** Arguments that a layer of any class takes. */
export type LayerArgs = GRUArgs;

/** A layer class with the arguments that make a variant of it. */
export interface Variant {
  readonly title: string;
  /** The class's name, in torch and in messages. */
  readonly module: LayerModule;
  /** G, the blocks of rows in its weights. */
  readonly gates: number;
  /** In the order of `apply([x, ...])`. */
  readonly stateNames: readonly string[];
  /** The columns of each state for H; the output has as many columns as the first state. */
  stateSizes(hiddenSize: number): readonly number[];
  make(args: LayerArgs): RecurrentLayer;
  /** A case of PyTorch's with all of its features: layers, directions, lengths, initial states. */
  fixture(): LayerFixture;
}

interface Description {
  readonly title: string;
  readonly module: LayerModule;
  readonly gates: number;
  readonly fixture: string;
  readonly stateSizes: (hiddenSize: number) => readonly number[];
  /** The arguments of this variant alone. */
  readonly own?: (hiddenSize: number) => Partial<LSTMArgs & RNNArgs>;
}

function variant({ own, fixture, ...description }: Description): Variant {
  const { module, stateSizes } = description;
  return {
    ...description,
    stateNames: stateSizes(1).length === 1 ? ['h0'] : ['h0', 'c0'],
    make: (args) => new CLASSES[module]({ ...own?.(args.hiddenSize), ...args }),
    fixture: () => layerFixture(module, fixture),
  };
}

export const GRU_LAYER = variant({
  title: 'GRU',
  module: 'GRU',
  gates: 3,
  fixture: 'lengths-bidirectional-deep',
  stateSizes: (hiddenSize) => [hiddenSize],
});

export const LSTM_LAYER = variant({
  title: 'LSTM',
  module: 'LSTM',
  gates: 4,
  fixture: 'lengths-bidirectional-deep',
  stateSizes: (hiddenSize) => [hiddenSize, hiddenSize],
});

/** With a projection to one unit less. */
export const PROJECTED_LSTM = variant({
  title: 'LSTM with projSize',
  module: 'LSTM',
  gates: 4,
  fixture: 'projected-lengths-bidirectional-deep',
  stateSizes: (hiddenSize) => [hiddenSize - 1, hiddenSize],
  own: (hiddenSize) => ({ projSize: hiddenSize - 1 }),
});

export const TANH_RNN = variant({
  title: 'RNN with tanh',
  module: 'RNN',
  gates: 1,
  fixture: 'lengths-bidirectional-deep',
  stateSizes: (hiddenSize) => [hiddenSize],
});

export const RELU_RNN = variant({
  title: 'RNN with relu',
  module: 'RNN',
  gates: 1,
  fixture: 'relu-lengths-bidirectional-deep',
  stateSizes: (hiddenSize) => [hiddenSize],
  own: () => ({ nonlinearity: 'relu' }),
});

export const EVERY_LAYER: readonly Variant[] = [GRU_LAYER, LSTM_LAYER, PROJECTED_LSTM, TANH_RNN, RELU_RNN];

/** One variant of each class, for suites to which other variants add nothing. */
export const EACH_CLASS: readonly Variant[] = [GRU_LAYER, PROJECTED_LSTM, TANH_RNN];

/** Declares `body` once per variant and backend, with the checks of {@link describeEachBackend}. */
export function describeEachLayer(
  title: string,
  variants: readonly Variant[],
  body: (variant: Variant, backend: string) => void,
): void {
  for (const each of variants)
    describeEachBackend(`${each.title}: ${title}`, (backend) => body(each, backend));
}

/** torch's call, with initial and final states as lists in the order of the cell. */
export function forward(
  layer: RecurrentLayer,
  x: tf.Tensor,
  { states = [], ...options }: ForwardOptions = {},
): { output: tf.Tensor; states: tf.Tensor[] } {
  const initial = Object.fromEntries(states.map((state, i) => [i === 0 ? 'h0' : 'c0', state]));
  const { output, ...finals } = layer.forward(x, { ...initial, ...options });
  return { output, states: Object.values(finals) };
}

interface ForwardOptions {
  readonly states?: readonly tf.Tensor[];
  readonly lengths?: Lengths;
  readonly training?: boolean;
}

/** `[L*D, B, H]` to the batch-leading form of `apply`, and back. */
export function batchLeading(state: tf.Tensor): tf.Tensor {
  return tf.transpose(state, [1, 0, 2]);
}

/** A fixture's initial states, in the order of the cell and in torch's shapes. */
export function initialStates({ h0, c0 }: LayerFixture): tf.Tensor[] {
  return [h0, c0].flatMap((state) => (state ? [toTensor(state)] : []));
}

/** The states that torch ended with, in the same form. */
export function finalStates({ hn, cn }: LayerFixture): FloatTensor[] {
  return cn ? [hn, cn] : [hn];
}

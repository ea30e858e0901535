/** The recurrent layer of any cell, sized by a state_dict. */

import * as tf from '@tensorflow/tfjs';
import { type GRU, gru, type LSTM, lstm, type RecurrentArgs, type RNN, rnn } from '../../src/index.js';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';
import type { Cell, DropoutFixture } from './fixtures.js';

export type RecurrentLayer = GRU | LSTM | RNN;

const FACTORIES = { GRU: gru, LSTM: lstm, RNN: rnn };

/** An unbuilt layer for the module called `args.name`; what loads it also builds it. */
export function recurrent(
  cell: Cell,
  stateDict: StateDict,
  args: Partial<RecurrentArgs> & { readonly name: string },
): RecurrentLayer {
  const path = `${args.name}.weight_hh_l`;
  const [, hiddenSize] = stateDict.get(`${path}0`)!.shape as [number, number];
  const numLayers = [...stateDict.keys()].filter((key) => key.startsWith(path)).length;
  return FACTORIES[cell]({ hiddenSize, numLayers, ...args });
}

/** Two layers without bias whose weights are all `weight`; an RNN with relu. The caller disposes it. */
export function constantLayer(
  cell: Cell,
  { inputSize, hiddenSize, weight }: DropoutFixture['constant'],
  dropout: number,
): RecurrentLayer {
  const args = { hiddenSize, numLayers: 2, bias: false, dropout };
  const layer = cell === 'RNN' ? rnn({ ...args, nonlinearity: 'relu' }) : FACTORIES[cell](args);
  layer.ensureBuilt(inputSize);
  tf.tidy(() => layer.setWeights(layer.weights.map(({ shape }) => tf.fill(shape as number[], weight))));
  return layer;
}

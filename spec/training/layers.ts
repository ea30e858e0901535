/** The recurrent layer of any cell, sized by a state_dict. */

import * as tf from '@tensorflow/tfjs';
import { type GRU, gru, type RecurrentArgs } from '../../src/index.js';
import type { StateDict } from '../../src/state-dict/types.js';
import type { Cell, DropoutFixture } from './fixtures.js';

const FACTORIES = { GRU: gru };

/** An unbuilt layer for the module called `args.name`; what loads it also builds it. */
export function recurrent(
  cell: Cell,
  stateDict: StateDict,
  args: Partial<RecurrentArgs> & { readonly name: string },
): GRU {
  const path = `${args.name}.weight_hh_l`;
  const [, hiddenSize] = stateDict.get(`${path}0`)!.shape as [number, number];
  const numLayers = [...stateDict.keys()].filter((key) => key.startsWith(path)).length;
  return FACTORIES[cell]({ hiddenSize, numLayers, ...args });
}

/** Two layers without bias whose weights are all `weight`. The caller disposes it. */
export function constantLayer(
  cell: Cell,
  { inputSize, hiddenSize, weight }: DropoutFixture['constant'],
  dropout: number,
): GRU {
  const layer = FACTORIES[cell]({ hiddenSize, numLayers: 2, bias: false, dropout });
  layer.ensureBuilt(inputSize);
  tf.tidy(() => layer.setWeights(layer.weights.map(({ shape }) => tf.fill(shape as number[], weight))));
  return layer;
}

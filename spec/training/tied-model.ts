/** A character model whose output layer is its embedding; scripts/fixtures/torch_fixtures/training/tied.py in tfjs. */

import * as tf from '@tensorflow/tfjs';
import { loadStateDict } from '../../src/index.js';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';
import type { Cell } from './fixtures.js';
import { recurrent } from './layers.js';
import { type Trainee, variablesOf } from './loop.js';

/** torch lists the one weight under both names. */
export const TIED = { embedding: ['embedding', 'fc'] };

export interface TiedModel extends Trainee {
  /** The layers; the product with the embedding comes after them. */
  readonly body: tf.Sequential;
}

/** With the weights of `stateDict`. The caller disposes the body. */
export function tiedModel(cell: Cell, stateDict: StateDict): TiedModel {
  const [inputDim, outputDim] = stateDict.get('embedding.weight')!.shape as [number, number];
  const embedding = tf.layers.embedding({ name: 'embedding', inputDim, outputDim, inputShape: [null] });
  const body = tf.sequential({ layers: [embedding, recurrent(cell, stateDict, { name: 'rnn' })] });
  loadStateDict(body, stateDict, { map: TIED });
  const weight = embedding.weights[0]!.read() as tf.Tensor2D;
  return {
    body,
    variables: variablesOf(body),
    logits(ids) {
      const h = body.apply(ids, { training: true }) as tf.Tensor3D;
      const [batch, steps, size] = h.shape;
      const logits = tf.matMul(tf.reshape(h, [batch * steps, size]), weight, false, true);
      return tf.reshape(logits, [batch, steps, inputDim]);
    },
  };
}

/** A character model whose output layer is its embedding; scripts/fixtures/training/tied.py in tfjs. */

import * as tf from '@tensorflow/tfjs';
import { loadStateDict } from '../../src/index.js';
import type { StateDict } from '../../src/state-dict/types.js';
import type { Cell } from './fixtures.js';
import { recurrent } from './layers.js';
import { type Trainee, variablesOf } from './loop.js';

export interface TiedModel extends Trainee {
  readonly embedding: tf.layers.Layer;
  readonly rnn: tf.layers.Layer;
  dispose(): void;
}

/** With the weights of `stateDict`, where `fc.weight` repeats `embedding.weight`. */
export function tiedModel(cell: Cell, stateDict: StateDict): TiedModel {
  const [inputDim, outputDim] = stateDict.get('embedding.weight')!.shape as [number, number];
  const embedding = tf.layers.embedding({ name: 'embedding', inputDim, outputDim });
  const rnn = recurrent(cell, stateDict, { name: 'rnn' });
  loadStateDict(embedding, stateDict, { prefix: 'embedding' });
  loadStateDict(rnn, stateDict, { prefix: 'rnn' });
  const weight = variablesOf(embedding)[0] as tf.Tensor as tf.Tensor2D;
  return {
    embedding,
    rnn,
    variables: variablesOf(embedding, rnn),
    logits(ids) {
      const h = rnn.apply(embedding.apply(ids) as tf.Tensor) as tf.Tensor3D;
      const [batch, steps, size] = h.shape;
      const logits = tf.matMul(tf.reshape(h, [batch * steps, size]), weight, false, true);
      return tf.reshape(logits, [batch, steps, inputDim]);
    },
    dispose() {
      for (const layer of [embedding, rnn]) layer.dispose();
    },
  };
}

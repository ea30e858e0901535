/** A forward written by hand, which takes the last step of the output where the module has the last states. */

import * as tf from '@tensorflow/tfjs';
import { gru, loadStateDict, type StateDict } from 'tfjs-torch-rnn';

export function model(stateDict: StateDict) {
  const layers = {
    embedding: tf.layers.embedding({ inputDim: 11, outputDim: 3 }),
    gru: gru({ hiddenSize: 4, numLayers: 2, bidirectional: true }),
    fc: tf.layers.dense({ units: 5 }),
  };
  loadStateDict(layers, stateDict);
  return (ids: tf.Tensor) => {
    const embedding = layers.embedding.apply(ids) as tf.Tensor;
    const { output: states } = layers.gru.forward(embedding);
    const last = states.gather((states.shape[1] as number) - 1, 1);
    return { embedding, gru: states, output: layers.fc.apply(last) as tf.Tensor };
  };
}

/** Makes the classifier of the state_dict that it is given. */

import * as tf from '@tensorflow/tfjs';
import { gru, loadStateDict, type StateDict } from 'tfjs-torch-rnn';

export default function build(stateDict: StateDict): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.embedding({ name: 'embedding', inputDim: 11, outputDim: 3, inputShape: [null] }),
      gru({ name: 'gru', hiddenSize: 4, numLayers: 2, bidirectional: true, returnSequences: false }),
      tf.layers.dense({ name: 'fc', units: 5 }),
    ],
  });
  loadStateDict(model, stateDict);
  return model;
}

/** A model without the weights. */

import * as tf from '@tensorflow/tfjs';
import { gru } from 'tfjs-torch-rnn';

export const model = tf.sequential({
  layers: [
    tf.layers.embedding({ name: 'embedding', inputDim: 11, outputDim: 3, inputShape: [null] }),
    gru({ name: 'gru', hiddenSize: 4, numLayers: 2, bidirectional: true, returnSequences: false }),
    tf.layers.dense({ name: 'fc', units: 5 }),
  ],
});

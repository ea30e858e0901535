/** The classifier of the README, and weights for it. */

import * as tf from '@tensorflow/tfjs';
import { gru, toStateDict } from 'tfjs-torch-rnn';
import './wasm.js';

export const model = tf.sequential({
  layers: [
    tf.layers.embedding({ name: 'embedding', inputDim: 1000, outputDim: 64, inputShape: [null] }),
    gru({ name: 'gru', hiddenSize: 32, numLayers: 2, bidirectional: true, returnSequences: false }),
    tf.layers.dense({ name: 'fc', units: 5 }),
  ],
});
export const stateDict = await toStateDict(model);

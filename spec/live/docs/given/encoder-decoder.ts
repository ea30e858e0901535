/** The state_dict of an encoder, a decoder of several modules, and a parameter of no module. */

import * as tf from '@tensorflow/tfjs';
import { gru, gruCell, type StateDict, toStateDict } from 'tfjs-torch-rnn';
import './wasm.js';

const layers = {
  'encoder.gru': gru({ hiddenSize: 32 }),
  'decoder.cell': gruCell({ hiddenSize: 32 }),
  'decoder.out': tf.layers.dense({ units: 5 }),
};
layers['encoder.gru'].forward(tf.zeros([1, 2, 8]));
layers['decoder.cell'].forward(tf.zeros([1, 16]));
layers['decoder.out'].apply(tf.zeros([1, 32]));
export const stateDict: StateDict = await toStateDict(layers);
stateDict.set('decoder.start', { dtype: 'F32', shape: [16], data: new Float32Array(16) });

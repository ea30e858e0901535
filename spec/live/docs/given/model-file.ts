/** `model.safetensors` in the current folder: a GRU(64, 32) as `encoder.gru`, a GRUCell(16, 32) as `decoder`; and inputs for them. */

import * as tf from '@tensorflow/tfjs';
import { gru, gruCell, type StateDict, saveSafetensors, toStateDict } from 'tfjs-torch-rnn';
import './wasm.js';

export const x = tf.randomNormal([2, 5, 64]);
export const lengths = [5, 3];
export const h0 = tf.zeros([1, 2, 32]);
export const step = tf.randomNormal([2, 16]);
export const h = tf.zeros([2, 32]);

const encoder = gru({ hiddenSize: 32 });
const decoder = gruCell({ hiddenSize: 32 });
encoder.forward(x);
decoder.forward(step);
export const stateDict: StateDict = new Map([
  ...(await toStateDict(encoder, { prefix: 'encoder.gru' })),
  ...(await toStateDict(decoder, { prefix: 'decoder' })),
]);
await saveSafetensors('model.safetensors', stateDict);

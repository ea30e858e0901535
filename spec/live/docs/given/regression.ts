/** A layer, inputs, and the states that it should end in. */

import * as tf from '@tensorflow/tfjs';
import { gru } from 'tfjs-torch-rnn';
import './wasm.js';

export const layer = gru({ hiddenSize: 4, inputSize: 3 });
export const x = tf.randomNormal([2, 5, 3]);
export const labels = tf.zeros([2, 4]);
layer.forward(x);

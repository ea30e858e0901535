/** A layer, and pieces of a sequence. */

import * as tf from '@tensorflow/tfjs';
import { GRU } from 'tfjs-torch-rnn';
import { stateDict } from './model-file.js';

export const layer = GRU.fromStateDict(stateDict, { prefix: 'encoder.gru' });
export const chunks = [3, 1, 8].map((steps) => tf.randomNormal([1, steps, 64]));

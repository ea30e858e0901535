/** Two rows with their labels for the classifier of examples/programs, which is `model.pt2` in the current folder. */

import * as tf from '@tensorflow/tfjs';
import './wasm.js';

export const ids = tf.tensor2d(
  [
    [5, 17, 3],
    [8, 2, 0],
  ],
  undefined,
  'int32',
);
export const lengths = tf.tensor1d([3, 2], 'int32');
export const labels = tf.oneHot(tf.tensor1d([0, 3], 'int32'), 5).toFloat();

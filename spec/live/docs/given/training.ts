/** The classifier of the README, and a batch to train it on. */

import * as tf from '@tensorflow/tfjs';

export { model } from './classifier.js';

export const ids = tf.randomUniform([8, 12], 1, 1000, 'int32');
export const labels = tf.oneHot(tf.randomUniform([8], 0, 5, 'int32'), 5).toFloat();

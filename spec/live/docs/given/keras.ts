/** An input of a Keras model. */

import * as tf from '@tensorflow/tfjs';

export const x = tf.zeros([1, 4, 3]);

/** Makes the model that a spec has chosen, so that each needs no file of its own. */

import type * as tf from '@tensorflow/tfjs';
import type { StateDict } from 'tfjs-torch-rnn';

type Made = tf.LayersModel | ((...inputs: tf.Tensor[]) => unknown);

export const chosen: { make: (stateDict: StateDict) => Made } = {
  make() {
    throw new Error('a spec chooses the model');
  },
};

export default (stateDict: StateDict): Made => chosen.make(stateDict);

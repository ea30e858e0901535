/** `tfjs-torch-rnn/keras`: Keras models with `GRU(reset_after=True)`. Importing it registers the class of their layer. */

import '../kernels/index.js';

export { loadKerasModel } from './load-keras-model.js';
export type { KerasLoadOptions, KerasModelSource } from './source.js';

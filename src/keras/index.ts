/** `tfjs-torch-rnn/keras`: Keras models with `GRU(reset_after=True)`. Importing it registers the class of their layer. */

import '../kernels/index.js';

export { type KerasLoadOptions, loadKerasModel } from './load-keras-model.js';
export type { KerasModelSource } from './source.js';

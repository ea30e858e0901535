/** `tfjs-torch-rnn/keras`: Keras models with `GRU(reset_after=True)`. Importing it registers the class of their layer. */

// What registers something is imported here itself: bundlers drop it behind a module that nothing is used of.
import '../kernels/index.js';
import '../ops/fused.js';
import './layer/keras-gru.js';
import './layer/masked-layers.js';
import './layer/masked-rnn.js';

export { loadKerasModel } from './load-keras-model.js';
export type { KerasLoadOptions, KerasModelSource } from './source.js';

// @ts-check
// The same model where only the root entry is imported.
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import 'tfjs-torch-rnn';
import { report } from './train-model.mjs';

try {
  await loadLayersModel('/saved/keras/model.json');
} catch (error) {
  report(error instanceof Error ? error.message : error);
}

// @ts-check
// The same model where only the root entry is imported.
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import 'tfjs-torch-rnn';
import { ORIGIN } from './train-model.mjs';

try {
  await loadLayersModel(`${ORIGIN}/saved/keras/model.json`);
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
}

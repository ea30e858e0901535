/** `classifier.safetensors` in the current folder, the weights of the README's classifier. */

import { saveSafetensors } from 'tfjs-torch-rnn';
import { stateDict } from './classifier.js';

await saveSafetensors('classifier.safetensors', stateDict);

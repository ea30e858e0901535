/** The files of a trained model: its description and the weights beside it. */

import { readFile } from 'node:fs/promises';
import type { LayersModel } from '@tensorflow/tfjs';
import { readStateDict, type StateDict } from 'tfjs-torch-rnn';
import { classifier, type Description } from './model.js';

/** The folder of the trained model. */
export const TRAINED = new URL('./', import.meta.url);

export async function readDescription(folder = TRAINED): Promise<Description> {
  return JSON.parse(await readFile(new URL('model.json', folder), 'utf8'));
}

export function readWeights(folder = TRAINED): Promise<StateDict> {
  return readStateDict(new URL('model.safetensors', folder));
}

/** The model of a folder; see {@link classifier}. */
export async function loadClassifier(description: Description, folder = TRAINED): Promise<LayersModel> {
  return classifier(description, await readWeights(folder));
}

/** The port: the layers of language_id/model.py under torch's names, and the weights trained there. */

import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { gru, loadStateDict, readStateDict, type StateDict } from 'tfjs-torch-rnn';

/** The folder of the trained model. */
export const TRAINED = new URL('./', import.meta.url);

/** What train.py writes about the model beside its weights. */
export interface Description {
  readonly data: string;
  readonly normalisation: string;
  /** The vocabulary: a character's index is its position + 2. */
  readonly characters: string;
  /** In the order of the logits. */
  readonly languages: readonly string[];
  readonly embeddingSize: number;
  readonly hiddenSize: number;
  readonly parameters: number;
}

export async function readDescription(folder = TRAINED): Promise<Description> {
  return JSON.parse(await readFile(new URL('model.json', folder), 'utf8'));
}

export function readWeights(folder = TRAINED): Promise<StateDict> {
  return readStateDict(new URL('model.safetensors', folder));
}

/** The model of a folder; see {@link classifier}. */
export async function loadClassifier(description: Description, folder = TRAINED): Promise<tf.LayersModel> {
  return classifier(description, await readWeights(folder));
}

/** Token ids `[B, T]`, padded with 0 on the right -> logits `[B, languages]`. The caller disposes the model. */
export function classifier(description: Description, weights: StateDict): tf.LayersModel {
  const { characters, languages, embeddingSize, hiddenSize } = description;
  const inputDim = Array.from(characters).length + 2;
  const model = tf.sequential({
    layers: [
      tf.layers.embedding({ name: 'embedding', inputDim, outputDim: embeddingSize, maskZero: true }),
      gru({ name: 'gru', hiddenSize, bidirectional: true, returnSequences: false }),
      tf.layers.dense({ name: 'fc', units: languages.length }),
    ],
  });
  loadStateDict(model, weights);
  return model;
}

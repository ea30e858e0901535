/** The port: the layers of scripts/language_id/model.py under torch's names, and the weights trained there. */

import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { gru, loadStateDict, readStateDict } from 'tfjs-torch-rnn';

/** What scripts/train_language_id.py writes about the model beside its weights. */
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

export async function readDescription(): Promise<Description> {
  return JSON.parse(await readFile(new URL('model.json', import.meta.url), 'utf8'));
}

/** Token ids `[B, T]`, padded with 0 on the right -> logits `[B, languages]`. The caller disposes the model. */
export async function loadClassifier({ characters, languages, embeddingSize, hiddenSize }: Description) {
  const inputDim = Array.from(characters).length + 2;
  const model = tf.sequential({
    layers: [
      tf.layers.embedding({ name: 'embedding', inputDim, outputDim: embeddingSize, maskZero: true }),
      gru({ name: 'gru', hiddenSize, bidirectional: true, returnSequences: false }),
      tf.layers.dense({ name: 'fc', units: languages.length }),
    ],
  });
  loadStateDict(model, await readStateDict(new URL('model.safetensors', import.meta.url)));
  return model;
}

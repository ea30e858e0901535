/** The port: the layers of language_id/model.py under torch's names. */

import * as tf from '@tensorflow/tfjs';
import { gru, loadStateDict, type StateDict } from 'tfjs-torch-rnn';

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

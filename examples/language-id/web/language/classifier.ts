/** The trained classifier on one backend of this browser. */

import type { LayersModel } from '@tensorflow/tfjs';
import { readStateDict, type StateDict } from 'tfjs-torch-rnn';
import { computeLogits, softmax } from '../../classify.js';
import { classifier } from '../../model.js';
import description from '../../model.json' with { type: 'json' };
import weightsUrl from '../../model.safetensors?url';
import { createEncoder } from '../../text.js';
import { type Backend, startBackend } from '../backends.js';

export { description };

/** From a phrase to the indices of its characters. */
export const encode = createEncoder(description.characters);

let weights: Promise<StateDict> | undefined;

/** The weights of the model, fetched once. */
export function fetchWeights(): Promise<StateDict> {
  weights ??= readStateDict(new URL(weightsUrl, location.href));
  return weights;
}

export interface Answer {
  /** In the order of the languages. */
  readonly probabilities: Float32Array;
  /** From the indices to the logits in JavaScript. */
  readonly milliseconds: number;
}

export interface Classifier {
  readonly backend: Backend;
  classify(ids: readonly number[]): Promise<Answer>;
  dispose(): void;
}

/**
 * Starts a backend with a model of its own: tfjs would move weights from another one by reading a GPU synchronously.
 *
 * @throws Error when the backend does not start in this browser.
 */
export async function openClassifier(backend: Backend): Promise<Classifier> {
  const stateDict = await fetchWeights();
  await startBackend(backend);
  const model = classifier(description, stateDict);
  return {
    backend,
    classify: (ids) => classify(model, ids),
    dispose: () => model.dispose(),
  };
}

async function classify(model: LayersModel, ids: readonly number[]): Promise<Answer> {
  const start = performance.now();
  const [logits = new Float32Array()] = await computeLogits(model, [ids]);
  const milliseconds = performance.now() - start;
  return { probabilities: softmax(logits), milliseconds };
}

/** Runs the model on any number of phrases. */

import * as tf from '@tensorflow/tfjs';
import { padRows, runInBatches } from '../support/batches.js';
import { PAD } from './text.js';

/**
 * Phrases a batch. The last batch holds the longest phrases, of very different lengths: a large one is mostly padding.
 * CPU seconds for the 1,280 held-out phrases by size 8 | 32 | 128, composed ops, one run each on an x86-64 server:
 * cpu 13.5 | 13.8 | 14.4, wasm 4.7 | 4.6 | 5.3, tensorflow 3.3 | 1.4 | 0.8.
 */
const BATCH_SIZE = 32;

/** Logits of every phrase, in the order given. */
export function computeLogits(
  model: tf.LayersModel,
  phrases: readonly (readonly number[])[],
): Promise<Float32Array[]> {
  return runInBatches(phrases, BATCH_SIZE, (batch) => runBatch(model, batch));
}

async function runBatch(
  model: tf.LayersModel,
  phrases: readonly (readonly number[])[],
): Promise<Float32Array[]> {
  const output = tf.tidy(() => {
    const tokens = tf.tensor2d(padRows(phrases, PAD), undefined, 'int32');
    return model.predictOnBatch(tokens) as tf.Tensor2D;
  });
  const values = (await output.data()) as Float32Array;
  const width = output.shape[1];
  output.dispose();
  return phrases.map((_, row) => values.slice(row * width, (row + 1) * width));
}

/** The index of the largest logit: the model's answer. */
export function argmax(logits: Float32Array): number {
  return logits.reduce((best, value, index) => (value > (logits[best] ?? -Infinity) ? index : best), 0);
}

/** Probabilities that sum to 1. */
export function softmax(logits: Float32Array): Float32Array {
  const largest = Math.max(...logits);
  const exponentials = logits.map((value) => Math.exp(value - largest));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}

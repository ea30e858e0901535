/** Teaching the model a language more in `model.fit`. */

import * as tf from '@tensorflow/tfjs';
import { computeLogits, softmax } from '../language-id/classify.js';
import { PAD } from '../language-id/text.js';
import { padRows } from '../support/batches.js';
import type { Data } from './data.js';

const EPOCHS = 4;
const BATCH_SIZE = 40;
const LEARNING_RATE = 2e-3;

/** torch.optim.Adam's; tf.train.adam has 1e-7 unless told. */
const EPSILON = 1e-8;

/** Of the order of the phrases; nothing else is random. */
const SEED = 1;

/** Token ids of a phrase and the probabilities that the model is to give to it. */
export interface Example {
  readonly tokens: readonly number[];
  readonly target: readonly number[];
}

/**
 * A phrase of the new language is to get that language. One of a known language is to get what the model before
 * answers, doubts included, which holds it to what it knows better than the right answer alone would.
 */
export async function makeExamples(
  before: tf.LayersModel,
  encode: (text: string) => number[],
  { known, added }: Data,
): Promise<Example[]> {
  const tokens = known.texts.map(encode);
  const answers = (await computeLogits(before, tokens)).map(softmax);
  const knownExamples = tokens.map((row, i) => ({ tokens: row, target: [...(answers[i] ?? []), 0] }));
  const width = answers[0]?.length ?? 0;
  const certain = [...new Array<number>(width).fill(0), 1];
  return [...knownExamples, ...added.texts.map((text) => ({ tokens: encode(text), target: certain }))];
}

export interface Progress {
  onBatch(epoch: number, batch: number, loss: number): void;
  onEpoch(epoch: number, loss: number): void;
}

export interface Size {
  readonly epochs: number;
  /** Of an epoch. */
  readonly batches: number;
}

export function sizeOf(examples: readonly Example[]): Size {
  return { epochs: EPOCHS, batches: Math.ceil(examples.length / BATCH_SIZE) };
}

/** Trains in place. Letters mean what they meant: the embedding stays as it is. */
export async function fineTune(
  model: tf.LayersModel,
  examples: readonly Example[],
  { onBatch, onEpoch }: Progress,
): Promise<void> {
  model.getLayer('embedding').trainable = false;
  const optimizer = tf.train.adam(LEARNING_RATE, undefined, undefined, EPSILON);
  model.compile({ optimizer, loss: tf.losses.softmaxCrossEntropy });
  const { tokens, targets } = toTensors(shuffle(examples));
  let epoch = 0;
  await model.fit(tokens, targets, {
    epochs: EPOCHS,
    batchSize: BATCH_SIZE,
    // tfjs shuffles by Math.random, which cannot be seeded.
    shuffle: false,
    verbose: 0,
    callbacks: {
      onEpochBegin: async (index) => {
        epoch = index;
      },
      onBatchEnd: async (batch, logs) => onBatch(epoch, batch, logs?.loss ?? Number.NaN),
      onEpochEnd: async (index, logs) => onEpoch(index, logs?.loss ?? Number.NaN),
    },
  });
  tf.dispose([tokens, targets]);
  optimizer.dispose();
}

function shuffle<T>(values: readonly T[]): T[] {
  const keys = tf.tidy(() => tf.randomUniform([values.length], 0, 1, 'float32', SEED).dataSync());
  const order = values.map((_, i) => i).sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0));
  return order.map((i) => values[i] as T);
}

function toTensors(examples: readonly Example[]) {
  const rows = examples.map(({ tokens }) => tokens);
  return {
    tokens: tf.tensor2d(padRows(rows, PAD), undefined, 'int32'),
    targets: tf.tensor2d(examples.map(({ target }) => [...target])),
  };
}

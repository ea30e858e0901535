/** Teaching the model a new way of writing dates, and measuring what it knows. */

import * as tf from '@tensorflow/tfjs';
import { padRows, runInBatches } from '../support/batches.js';
import { type Batch, type Dates, decode, encode, toBatch } from './data.js';
import { type DateReader, lossOf, PAD } from './model.js';

const STEPS = 80;
const BATCH_SIZE = 48;
const LEARNING_RATE = 3e-3;

/** torch.optim.Adam's; tf.train.adam has 1e-7 unless told. */
const EPSILON = 1e-8;

/** Of tf.train.adam and torch.optim.Adam. */
const BETAS = [0.9, 0.999] as const;

/** Rows of a batch that is only read. */
const READ_SIZE = 128;

export function adam(learningRate = LEARNING_RATE): tf.AdamOptimizer {
  return tf.train.adam(learningRate, ...BETAS, EPSILON);
}

/** One step. @returns the loss before it. */
export function trainStep(model: DateReader, optimizer: tf.Optimizer, batch: Batch): number {
  const { source, lengths, target } = batch;
  const loss = () => lossOf(model.forward(source, lengths, target), target);
  return tf.tidy(
    () => (optimizer.minimize(loss, true, model.variables) as tf.Scalar).dataSync()[0] as number,
  );
}

/** Half of each batch is of the known ways, so that the model does not forget them. */
export function train(
  model: DateReader,
  dates: Dates,
  characters: string,
  onStep: (step: number, of: number, loss: number) => void,
): void {
  const optimizer = adam();
  for (let step = 1; step <= STEPS; step++) {
    const examples = [...dates.added(BATCH_SIZE / 2), ...dates.known(BATCH_SIZE / 2)];
    const batch = toBatch(examples, characters);
    onStep(step, STEPS, trainStep(model, optimizer, batch));
    tf.dispose([batch.source, batch.target]);
  }
  optimizer.dispose();
}

/** The answers of the model, in the order of the texts. */
export function translate(
  model: DateReader,
  texts: readonly string[],
  characters: string,
): Promise<string[]> {
  const rows = texts.map((text) => encode(text, characters));
  return runInBatches(rows, READ_SIZE, async (batch) => {
    const answers = tf.tidy(() => {
      const source = tf.tensor2d(padRows(batch, PAD), undefined, 'int32');
      return model.translate(
        source,
        batch.map(({ length }) => length),
      );
    });
    const indices = await answers.array();
    answers.dispose();
    return indices.map((row) => decode(row, characters));
  });
}

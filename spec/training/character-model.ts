/** Embedding -> recurrent layer -> dense, which predict the next character; scripts/fixtures/torch_fixtures/training/task.py in tf.layers. */

import * as tf from '@tensorflow/tfjs';
import { loadStateDict } from '../../src/index.js';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';
import { tidied } from '../support/tidied.js';
import type { Cell, OptimizerOptions, Task } from './fixtures.js';
import { recurrent } from './layers.js';
import { disposeOptimizer, optimizerFor } from './optimizers.js';
import { windowsAt } from './task.js';

/** Ids `[B, T]` -> logits `[B, T, V]`, with the weights of `stateDict`. The caller disposes the model. */
export function characterModel(cell: Cell, stateDict: StateDict): tf.Sequential {
  const [inputDim, outputDim] = stateDict.get('embedding.weight')!.shape as [number, number];
  const model = tf.sequential({
    layers: [
      tf.layers.embedding({ name: 'embedding', inputDim, outputDim, inputShape: [null] }),
      recurrent(cell, stateDict, { name: 'rnn' }),
      tf.layers.dense({ name: 'fc', units: inputDim }),
    ],
  });
  loadStateDict(model, stateDict);
  return model;
}

/** Trains with `model.fit` on the task's batches in their order; returns the loss before each update. */
export async function fitCurve(
  model: tf.LayersModel,
  task: Task,
  options: OptimizerOptions,
  updates = task.starts.shape[0] as number,
): Promise<number[]> {
  const batchSize = task.starts.shape[1] as number;
  const { ids, targets } = windowsAt(task, task.starts.data.subarray(0, updates * batchSize));
  const optimizer = optimizerFor(options);
  model.compile({ optimizer, loss: tf.losses.softmaxCrossEntropy });
  const losses: number[] = [];
  await model.fit(ids, targets, {
    batchSize,
    shuffle: false,
    verbose: 0,
    yieldEvery: 'never',
    callbacks: { onBatchEnd: async (_, logs) => void losses.push(logs?.loss as number) },
  });
  tf.dispose([ids, targets]);
  disposeOptimizer(optimizer);
  return losses;
}

/** The loss on the windows that no batch trains on. */
export async function heldOutLoss(logitsOf: (ids: tf.Tensor2D) => tf.Tensor3D, task: Task): Promise<number> {
  return await tidied(async () => {
    const { ids, targets } = windowsAt(task, task.heldOutStarts.data);
    return (await tf.losses.softmaxCrossEntropy(targets, logitsOf(ids)).data())[0] as number;
  });
}

/** {@link heldOutLoss} by `model.predict`. */
export async function evaluate(model: tf.LayersModel, task: Task): Promise<number> {
  return await heldOutLoss((ids) => model.predict(ids) as tf.Tensor3D, task);
}

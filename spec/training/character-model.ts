/** Next-character prediction in tf.layers: the model, its batches and its training of scripts/fixtures/training. */

import * as tf from '@tensorflow/tfjs';
import { gru, loadStateDict } from '../../src/index.js';
import type { StateDict } from '../../src/state-dict/types.js';
import type { Cell, OptimizerOptions, Task } from './fixtures.js';

const LAYERS = { GRU: gru };

/** Ids `[N, T]` int32 and, one-hot, the ids that follow each `[N, T, V]`. */
export interface Windows {
  readonly ids: tf.Tensor2D;
  readonly targets: tf.Tensor3D;
}

/** The caller disposes both tensors. */
export function windowsAt({ text, vocabulary, steps }: Task, starts: ArrayLike<number>): Windows {
  const rowsFrom = (shift: number) =>
    Array.from(starts, (start) =>
      Array.from({ length: steps }, (_, t) => vocabulary.indexOf(text[start + shift + t] as string)),
    );
  return tf.tidy(() => ({
    ids: tf.tensor2d(rowsFrom(0), undefined, 'int32'),
    targets: oneHot(rowsFrom(1), vocabulary.length),
  }));
}

function oneHot(rows: number[][], depth: number): tf.Tensor3D {
  // With dtype float32 the wasm backend writes integers that read as 1e-45 (tfjs 4.22).
  return tf.cast(tf.oneHot(tf.tensor2d(rows, undefined, 'int32'), depth), 'float32') as tf.Tensor3D;
}

/** Embedding -> recurrent layer -> dense with the weights of `stateDict`. The caller disposes the model. */
export function characterModel(cell: Cell, stateDict: StateDict): tf.Sequential {
  const [inputDim, outputDim] = stateDict.get('embedding.weight')!.shape as [number, number];
  const [, hiddenSize] = stateDict.get('rnn.weight_hh_l0')!.shape as [number, number];
  const numLayers = [...stateDict.keys()].filter((key) => key.startsWith('rnn.weight_hh_l')).length;
  const model = tf.sequential({
    layers: [
      tf.layers.embedding({ name: 'embedding', inputDim, outputDim, inputShape: [null] }),
      LAYERS[cell]({ name: 'rnn', hiddenSize, numLayers }),
      tf.layers.dense({ name: 'fc', units: inputDim }),
    ],
  });
  loadStateDict(model, stateDict);
  return model;
}

/**
 * The tf.train optimizer that computes what torch's does. tf.train.adam has an epsilon of 1e-7 unless it is given one,
 * torch.optim.Adam one of 1e-8.
 */
export function optimizerFor({ lr, momentum, eps }: OptimizerOptions): tf.Optimizer {
  if (eps !== undefined) return tf.train.adam(lr, undefined, undefined, eps);
  return momentum === undefined ? tf.train.sgd(lr) : tf.train.momentum(lr, momentum);
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

/** Momentum leaves its learning rate behind (tfjs 4.22). */
export function disposeOptimizer(optimizer: tf.Optimizer): void {
  optimizer.dispose();
  if (optimizer.getClassName() === 'Momentum') (optimizer as unknown as { c: tf.Scalar }).c.dispose();
}

/** The loss on the windows that no batch trains on. */
export function heldOutLoss(model: tf.LayersModel, task: Task): number {
  return tf.tidy(() => {
    const { ids, targets } = windowsAt(task, task.heldOutStarts.data);
    const logits = model.predict(ids) as tf.Tensor3D;
    return tf.losses.softmaxCrossEntropy(targets, logits).dataSync()[0] as number;
  });
}

export function relativeError(actual: number, expected: number): number {
  return Math.abs(actual - expected) / Math.abs(expected);
}

/** The largest relative error of a curve. */
export function largestError(curve: readonly number[], expected: ArrayLike<number>): number {
  return Math.max(...curve.map((loss, i) => relativeError(loss, expected[i] as number)));
}

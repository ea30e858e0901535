/** A training loop written by hand, as tfjs's users write it. */

import * as tf from '@tensorflow/tfjs';
import { tidied } from '../support/tidied.js';
import type { OptimizerOptions, Task } from './fixtures.js';
import { disposeOptimizer, optimizerFor } from './optimizers.js';
import { startsOf, windowsAt } from './task.js';

/** The variables that torch would pass to its optimizer: those of all weights that are not frozen. */
export function variablesOf(...layers: readonly tf.layers.Layer[]): tf.Variable[] {
  return layers.flatMap((layer) => layer.trainableWeights.map((weight) => weight.read() as tf.Variable));
}

/** What is trained by hand. */
export interface Trainee {
  readonly variables: tf.Variable[];
  /** Ids `[B, T]` -> logits `[B, T, V]`. */
  logits(ids: tf.Tensor2D): tf.Tensor3D;
}

export function traineeOf(model: tf.LayersModel): Trainee {
  return {
    variables: variablesOf(model),
    logits: (ids) => model.apply(ids, { training: true }) as tf.Tensor3D,
  };
}

/** @param change what happens to the gradients before they are applied. Returns the loss before each update. */
export async function trainByHand(
  { variables, logits }: Trainee,
  task: Task,
  options: OptimizerOptions,
  updates: number,
  change: (gradients: tf.NamedTensorMap) => tf.NamedTensorMap | Promise<tf.NamedTensorMap> = (gradients) =>
    gradients,
): Promise<number[]> {
  const optimizer = optimizerFor(options);
  const losses: number[] = [];
  for (let i = 0; i < updates; i++)
    await tidied(async () => {
      const { ids, targets } = windowsAt(task, startsOf(task, i));
      const loss = () => tf.losses.softmaxCrossEntropy(targets, logits(ids)) as tf.Scalar;
      const { value, grads } = tf.variableGrads(loss, variables);
      optimizer.applyGradients(await change(grads));
      losses.push((await value.data())[0] as number);
    });
  disposeOptimizer(optimizer);
  return losses;
}

/** `torch.nn.utils.clip_grad_norm_`: all gradients by one factor, so that their norm is at most `maxNorm`. */
export function clipByGlobalNorm(
  gradients: tf.NamedTensorMap,
  maxNorm: number,
): { clipped: tf.NamedTensorMap; norm: tf.Scalar } {
  const squares = Object.values(gradients).map((gradient) => tf.sum(tf.square(gradient)));
  const norm = tf.sqrt(tf.addN(squares)) as tf.Scalar;
  const factor = tf.minimum(1, tf.div(maxNorm, tf.add(norm, 1e-6)));
  const clipped = Object.entries(gradients).map(([name, gradient]) => [name, tf.mul(gradient, factor)]);
  return { clipped: Object.fromEntries(clipped), norm };
}

import * as tf from '@tensorflow/tfjs';
import type { OptimizerOptions } from './fixtures.js';

/**
 * The tf.train optimizer that computes what torch's does. tf.train.adam has an epsilon of 1e-7 unless it is given one,
 * torch.optim.Adam one of 1e-8.
 */
export function optimizerFor({ lr, momentum, eps }: OptimizerOptions): tf.Optimizer {
  if (eps !== undefined) return tf.train.adam(lr, undefined, undefined, eps);
  return momentum === undefined ? tf.train.sgd(lr) : tf.train.momentum(lr, momentum);
}

/** Momentum does not dispose its learning rate (tfjs 4.22). */
export function disposeOptimizer(optimizer: tf.Optimizer): void {
  optimizer.dispose();
  if (optimizer.getClassName() === 'Momentum') (optimizer as unknown as { c: tf.Scalar }).c.dispose();
}

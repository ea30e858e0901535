/** The state of a training in a checkpoint: optimizers, schedulers, generators of random numbers. */

import type { CheckpointDict, CheckpointNode } from '../formats/checkpoint.js';

/** Keys of the state of a training, which may hold tensors but no weights. */
const TRAINING_KEYS = /^(optim|lr_?sched|sched|scaler|amp$|rng|loops$|callbacks$|hyper_parameters$)/i;

/** Those that no module of a model is called. A preprocessing layer may well be a `scaler`. */
const SURE_KEYS = /^(optim|amp$|rng|loops$|callbacks$|hyper_parameters$)/i;

/** Whether a dict under this key is no candidate for the weights. */
export function isTrainingDict(key: string, dict: CheckpointDict): boolean {
  return TRAINING_KEYS.test(key) || isOptimizer(dict);
}

/** Whether a dict is the result of `optimizer.state_dict()`. */
function isOptimizer(dict: CheckpointDict): boolean {
  return dict.has('state') && dict.has('param_groups');
}

/**
 * Whether nobody expects a node among the weights: what is surely the state of a training, a number (a loss), or the bytes of a
 * generator's state.
 */
export function isSurelyTraining(key: string, node: CheckpointNode): boolean {
  if (node.kind === 'dict') return SURE_KEYS.test(key) || isOptimizer(node.entries);
  if (node.kind === 'refused') return node.isObject === true && SURE_KEYS.test(key);
  if (node.kind !== 'stored' && node.kind !== 'loaded') return true;
  const { dtype, shape } = node.tensor;
  return shape.length === 0 || (dtype === 'U8' && shape.length === 1);
}

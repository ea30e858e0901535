/** The state of a training in a checkpoint: optimizers, schedulers, generators of random numbers. */

import type { CheckpointDict, CheckpointNode } from '../formats/checkpoint.js';

/** Characters of a key that are looked at: longer ones are no words of a training. */
const MAX_KEY = 64;

/** First words of keys of what a training keeps, which may hold tensors but no weights; no module of a model is called so. */
const SURE_WORDS = /^(optims?|optimi[sz]ers?|rngs?)$/;

/** The same, though a preprocessing layer may well be a `scaler`. */
const WORDS = /^(lr ?sched(uler)?s?|sched(uler)?s?|scalers?)$/;

/** Whole keys of PyTorch Lightning and apex. */
const SURE_KEYS = /^(amp|loops|callbacks|hyper_parameters)$/i;

/** Whether a dict under this key is no candidate for the weights. */
export function isTrainingDict(key: string, dict: CheckpointDict): boolean {
  return isSureKey(key) || startsWith(WORDS, key) || isOptimizer(dict);
}

function isSureKey(key: string): boolean {
  return SURE_KEYS.test(key) || startsWith(SURE_WORDS, key);
}

/** Whether the first word of a key, or its first two, are such: `optimizer_states`, `optimizerG`, `lr_scheduler`; not `optimal_policy`. */
function startsWith(words: RegExp, key: string): boolean {
  const [first = '', second = ''] = key.slice(0, MAX_KEY).match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? [];
  return (
    key.startsWith(first) && [first, `${first} ${second}`].some((word) => words.test(word.toLowerCase()))
  );
}

/** Whether a dict is the result of `optimizer.state_dict()`. */
export function isOptimizer(dict: CheckpointDict): boolean {
  return dict.has('state') && dict.has('param_groups');
}

/**
 * Whether nobody expects a node among the weights: what is surely the state of a training, a number (a loss), or the bytes of a
 * generator's state.
 */
export function isSurelyTraining(key: string, node: CheckpointNode): boolean {
  if (node.kind === 'dict') return isSureKey(key) || isOptimizer(node.entries);
  if (node.kind === 'refused') return node.isObject === true && isSureKey(key);
  if (node.kind !== 'stored' && node.kind !== 'loaded') return true;
  const { dtype, shape } = node.tensor;
  return shape.length === 0 || (dtype === 'U8' && shape.length === 1);
}

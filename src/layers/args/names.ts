/** Names of arguments: which a class knows, and what to do about names of tf.layers, Keras and torch. */

import { message, show } from '../../check.js';
import { CELLS, type Cell } from '../../torch/cells.js';

const TF_LAYER_NAMES = [
  'inputShape',
  'batchInputShape',
  'batchSize',
  'dtype',
  'name',
  'trainable',
  'weights',
  'inputDType',
];

const MODULE_NAMES = ['hiddenSize', 'inputSize', 'bias', 'seed', 'implementation'];

/** What a layer has and a cell, which is one step of one layer in one direction, has not. */
const STACK_NAMES = [
  'numLayers',
  'batchFirst',
  'dropout',
  'bidirectional',
  'returnSequences',
  'returnState',
  'stateful',
];

function activationNames(cell: Cell): string[] {
  return CELLS[cell].className === 'RNN' ? ['nonlinearity'] : [];
}

/** The arguments of a cell's class. */
export function cellArgNames(cell: Cell): string[] {
  return [...MODULE_NAMES, ...activationNames(cell)];
}

/** The arguments of a layer's class. */
export function layerArgNames(cell: Cell): string[] {
  const projection = CELLS[cell].canProject ? ['projSize'] : [];
  return [...MODULE_NAMES, ...STACK_NAMES, ...activationNames(cell), ...projection];
}

/** Names in tf.layers and Keras, with the names of the same arguments here. */
const RENAMED: Readonly<Record<string, string>> = {
  units: 'hiddenSize',
  useBias: 'bias',
  activation: 'nonlinearity',
};

/** Names in tf.layers, Keras and torch that have no counterpart here, each with a remedy. */
const FOREIGN: Readonly<Record<string, string>> = {
  goBackwards: 'Use bidirectional: true on the layer itself, in place of tf.layers.bidirectional',
  resetAfter: 'Leave it out: the reset gate always acts after the product, as in torch.nn.GRU',
  recurrentDropout: 'torch has none; dropout acts between stacked layers',
  activation: 'Leave it out: the activations are those of torch',
  recurrentActivation: 'Leave it out: the activations are those of torch',
  unitForgetBias: 'Leave it out: torch initialises every bias alike',
  nonlinearity: 'only RNN and RNNCell have it in torch',
  unroll: 'Leave it out',
  projSize: 'proj_size argument is only supported for LSTM, not RNN or GRU',
  timeMajor: 'Use batchFirst: false',
};

/**
 * Checks that `args` is an object whose keys are among `known` or arguments of a tf.layers layer.
 * @param known the arguments of the class itself.
 * @throws TypeError with a remedy where the name is known from elsewhere.
 */
export function checkArgNames(
  where: string,
  args: unknown,
  known: readonly string[],
): asserts args is object {
  checkArgsObject(where, args);
  for (const key of Object.keys(args)) {
    if (known.includes(key) || TF_LAYER_NAMES.includes(key)) continue;
    const remedy = remedyFor(where, key, known);
    const rule = remedy ? 'a known argument' : `one of ${[...known, ...TF_LAYER_NAMES].join(', ')}`;
    throw new TypeError(message(where, key, rule, `unknown argument ${show(key)}`, remedy));
  }
}

/** Checks that `args` is an object. */
export function checkArgsObject(where: string, args: unknown): asserts args is object {
  if (typeof args !== 'object' || args === null)
    throw new TypeError(message(where, 'args', 'an object such as { hiddenSize: 128 }', show(args)));
}

function remedyFor(where: string, key: string, known: readonly string[]): string | undefined {
  const camel = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const name = Object.hasOwn(RENAMED, camel) ? (RENAMED[camel] as string) : camel;
  if (known.includes(name)) return `Use ${name}`;
  if (STACK_NAMES.includes(name))
    return `A cell is one step of one layer in one direction; ${where.replace(/Cell$/, '')} has it`;
  return Object.hasOwn(FOREIGN, camel) ? FOREIGN[camel] : undefined;
}

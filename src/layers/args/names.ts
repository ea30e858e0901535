/** Names of the arguments of recurrent layers and cells, and what to do about those of tf.layers, Keras and torch. */

import { CELLS, type Cell } from '../../torch/cells.js';
import { camelCase, checkIsObject, checkKnown, foreignRemedy } from './known.js';

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
  goBackwards:
    'torch has none. bidirectional: true on the layer itself is in place of tf.layers.bidirectional; the reverse direction alone ' +
    'is a layer between two tf.reverse',
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

/** What a message shows of the arguments that a layer or cell takes. */
const EXAMPLE = '{ hiddenSize: 128 }';

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
  checkKnown(where, args, known, EXAMPLE, (key) => remedyFor(where, key, known));
}

/** Checks that `args` is an object. */
export function checkArgsObject(where: string, args: unknown): asserts args is object {
  checkIsObject(where, args, EXAMPLE);
}

function remedyFor(where: string, key: string, known: readonly string[]): string | undefined {
  const remedy = foreignRemedy(key, known, RENAMED, FOREIGN);
  if (remedy !== undefined || !STACK_NAMES.includes(camelCase(key))) return remedy;
  return `A cell is one step of one layer in one direction; ${where.replace(/Cell$/, '')} has it`;
}

/** The arguments that every recurrent layer takes, and their checks. */

import { checkBoolean, checkChoice, checkInteger, message, show } from '../../check.js';
import { IMPLEMENTATIONS, type Implementation } from '../../ops/implementation.js';
import { NONLINEARITIES, type Nonlinearity } from '../../torch/cells.js';
import type { LayerArgs } from '../tf-layer-args.js';

/** torch's words in camelCase, beside those of a tf.layers layer (`name`, `trainable`, `inputShape`, ...). */
export interface RecurrentArgs extends LayerArgs {
  /** H, units per direction, >= 1. */
  readonly hiddenSize: number;
  /** I, the last dimension of the input, >= 1. @default read off the first input */
  readonly inputSize?: number | undefined;
  /** L, stacked layers, >= 1. @default 1 */
  readonly numLayers?: number | undefined;
  /** Whether each direction has `bias_ih` and `bias_hh`. @default true */
  readonly bias?: boolean | undefined;
  /** Input and output are `[B, T, *]` rather than `[T, B, *]`. torch's default is false. @default true */
  readonly batchFirst?: boolean | undefined;
  /** Probability in [0, 1] of zeroing an element of each layer's output but the last's, in training. @default 0 */
  readonly dropout?: number | undefined;
  /** Adds a reverse direction: D = 2. @default false */
  readonly bidirectional?: boolean | undefined;
  /**
   * `apply` returns every step; false: the last layer's final hidden state of all directions `[B, D*H]`, or `[B, D*P]`.
   * @default true
   */
  readonly returnSequences?: boolean | undefined;
  /**
   * `apply` returns `[output, hn]`, LSTM `[output, hn, cn]`, the states batch-leading: `[B, L*D, H]`, `hn` of a projection
   * `[B, L*D, P]`. @default false
   */
  readonly returnState?: boolean | undefined;
  /** `apply` starts from the final state of the call before, row by row. @default false */
  readonly stateful?: boolean | undefined;
  /** Makes the initial weights repeatable. @default random */
  readonly seed?: number | undefined;
  /** Which code computes the layer; belongs to the machine, so `getConfig` leaves it out. @default 'auto' */
  readonly implementation?: Implementation | undefined;
}

/** What distinguishes one recurrent layer from another, beside its op. */
export interface CellDescription {
  /** The class's name in messages. */
  readonly where: string;
  /** G, the number of gate blocks in the rows of each weight. */
  readonly gates: number;
  /** Names of the initial states in the cell's order: h0, and c0 where there is one. */
  readonly stateNames: readonly string[];
  /** Arguments of this layer alone; the base reads `projSize`, the layer any other. */
  readonly ownArgs: readonly string[];
}

/** {@link RecurrentArgs} with every default filled in. */
export interface RecurrentOptions {
  readonly hiddenSize: number;
  readonly inputSize: number | undefined;
  readonly numLayers: number;
  readonly bias: boolean;
  readonly batchFirst: boolean;
  readonly dropout: number;
  readonly bidirectional: boolean;
  /** P, 0 in every layer but an LSTM with a projection. */
  readonly projSize: number;
  readonly returnSequences: boolean;
  readonly returnState: boolean;
  readonly stateful: boolean;
  readonly seed: number | undefined;
  readonly implementation: Implementation;
}

const TF_LAYER_KEYS = [
  'inputShape',
  'batchInputShape',
  'batchSize',
  'dtype',
  'name',
  'trainable',
  'weights',
  'inputDType',
];

const COMMON_KEYS = [
  'hiddenSize',
  'inputSize',
  'numLayers',
  'bias',
  'batchFirst',
  'dropout',
  'bidirectional',
  'returnSequences',
  'returnState',
  'stateful',
  'seed',
  'implementation',
];

/** Words of tf.layers and Keras by what they are called here. */
const RENAMED_KEYS: Readonly<Record<string, string>> = {
  units: 'hiddenSize',
  useBias: 'bias',
  activation: 'nonlinearity',
};

/** Words of tf.layers, Keras and torch without a counterpart here, each with its remedy. */
const FOREIGN_KEYS: Readonly<Record<string, string>> = {
  goBackwards: 'Use bidirectional: true on the layer itself, in place of tf.layers.bidirectional',
  resetAfter: 'Leave it out: the reset gate always acts after the product, as in torch.nn.GRU',
  recurrentDropout: 'torch has none; dropout acts between stacked layers',
  activation: 'Leave it out: the activations are those of torch',
  recurrentActivation: 'Leave it out: the activations are those of torch',
  unitForgetBias: 'Leave it out: torch initialises every bias alike',
  nonlinearity: 'torch has it on RNN and RNNCell alone',
  unroll: 'Leave it out',
  projSize: 'proj_size argument is only supported for LSTM, not RNN or GRU',
  timeMajor: 'Use batchFirst: false',
};

/** Every key is one of `known`, this class's own arguments, or of a tf.layers layer; others throw with what to do instead. */
export function checkArgNames(where: string, args: object, known: readonly string[]): void {
  for (const key of Object.keys(args)) {
    if (known.includes(key) || TF_LAYER_KEYS.includes(key)) continue;
    const remedy = remedyFor(where, key, known);
    const rule = remedy ? 'a known argument' : `one of ${[...known, ...TF_LAYER_KEYS].join(', ')}`;
    throw new TypeError(message(where, key, rule, `unknown argument ${show(key)}`, remedy));
  }
}

function remedyFor(where: string, key: string, known: readonly string[]): string | undefined {
  const camel = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const name = Object.hasOwn(RENAMED_KEYS, camel) ? (RENAMED_KEYS[camel] as string) : camel;
  if (known.includes(name)) return `Use ${name}`;
  if (COMMON_KEYS.includes(name))
    return `A cell is one step of one layer in one direction; ${where.replace(/Cell$/, '')} has it`;
  return Object.hasOwn(FOREIGN_KEYS, camel) ? FOREIGN_KEYS[camel] : undefined;
}

function checkDropout(where: string, dropout: unknown, numLayers: number): asserts dropout is number {
  const rule = 'a number in range [0, 1] representing the probability of an element being zeroed';
  if (typeof dropout !== 'number') throw new TypeError(message(where, 'dropout', rule, show(dropout)));
  if (!(dropout >= 0 && dropout <= 1)) throw new RangeError(message(where, 'dropout', rule, show(dropout)));
  if (dropout === 0 || numLayers > 1) return;
  console.warn(
    `${where}: dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects ` +
      `numLayers greater than 1, but got dropout=${dropout} and numLayers=${numLayers}`,
  );
}

/**
 * Checks the arguments of a recurrent layer and fills in the defaults.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function parseRecurrentArgs(cell: CellDescription, args: RecurrentArgs): RecurrentOptions {
  const { where, ownArgs } = cell;
  checkArgsObject(where, args);
  checkArgNames(where, args, [...COMMON_KEYS, ...ownArgs]);
  const {
    hiddenSize,
    inputSize,
    numLayers = 1,
    bias = true,
    batchFirst = true,
    dropout = 0,
    bidirectional = false,
    returnSequences = true,
    returnState = false,
    stateful = false,
    seed,
    implementation = 'auto',
  } = args;
  const { projSize = 0 } = args as { readonly projSize?: number };
  checkInteger(where, 'hiddenSize', hiddenSize, 1, hiddenSizeWords(hiddenSize));
  checkInputSize(where, inputSize);
  checkProjSize(where, projSize, hiddenSize);
  checkInteger(where, 'numLayers', numLayers, 1, 'num_layers must be greater than zero');
  const flags = { bias, batchFirst, bidirectional, returnSequences, returnState, stateful };
  for (const [name, value] of Object.entries(flags)) checkBoolean(where, name, value);
  checkDropout(where, dropout, numLayers);
  if (seed !== undefined) checkInteger(where, 'seed', seed, 0);
  checkChoice(where, 'implementation', implementation, IMPLEMENTATIONS);
  if (stateful && bidirectional) {
    const remedy =
      'The reverse direction needs the end of the sequence before its start, so it cannot be carried on';
    throw new RangeError(message(where, 'stateful', 'false with bidirectional: true', 'true', remedy));
  }
  return { hiddenSize, inputSize, numLayers, dropout, projSize, seed, implementation, ...flags };
}

export function checkArgsObject(where: string, args: unknown): asserts args is object {
  if (typeof args !== 'object' || args === null)
    throw new TypeError(message(where, 'args', 'an object such as { hiddenSize: 128 }', show(args)));
}

export function checkInputSize(where: string, inputSize: unknown): asserts inputSize is number | undefined {
  if (inputSize !== undefined)
    checkInteger(where, 'inputSize', inputSize, 1, 'input_size must be greater than zero');
}

/** The activation of an RNN or RNNCell. */
export function parseNonlinearity(
  where: string,
  args: { readonly nonlinearity?: Nonlinearity },
): Nonlinearity {
  checkArgsObject(where, args);
  const { nonlinearity = 'tanh' } = args;
  const words = `Unknown nonlinearity '${nonlinearity}'. Select from 'tanh' or 'relu'`;
  checkChoice(where, 'nonlinearity', nonlinearity, NONLINEARITIES, words);
  return nonlinearity;
}

function checkProjSize(where: string, projSize: number, hiddenSize: number): void {
  const disable = 'proj_size should be a positive integer or zero to disable projections';
  checkInteger(where, 'projSize', projSize, 0, disable);
  if (projSize < hiddenSize) return;
  const words = 'proj_size has to be smaller than hidden_size';
  throw new RangeError(
    message(where, 'projSize', `an integer below hiddenSize ${hiddenSize}`, show(projSize), words),
  );
}

/** torch's words for a hidden size that is not an integer, or below `min`. */
export function hiddenSizeWords(value: unknown, min = 1): string | undefined {
  if (typeof value !== 'number' || !Number.isInteger(value)) return 'hidden_size should be of type int';
  return min === 1 ? 'hidden_size must be greater than zero' : undefined;
}

/** The arguments of `KerasGRU` and their checks. */

import { checkBoolean, checkChoice, checkInteger, checkObject, message, show } from '../../check.js';
import {
  checkArgNames,
  checkArgsObject,
  checkInputSize,
  hiddenSizeWords,
} from '../../layers/recurrent/args.js';
import type { LayerArgs } from '../../layers/tf-layer-args.js';
import { IMPLEMENTATIONS, type Implementation } from '../../ops/implementation.js';

/** How the outputs of two directions are merged, under the names of Keras's Bidirectional; `none` returns both. */
export const MERGE_MODES = ['concat', 'sum', 'mul', 'ave', 'none'] as const;
export type MergeMode = (typeof MERGE_MODES)[number];

/**
 * The output at a masked step. Its input is not read, and the state does not change.
 *
 * - `hold`: the output of the step before, zeros before the first one.
 * - `zero`: zeros (Keras's `zero_output_for_mask`, which Bidirectional sets when it returns sequences).
 * - `ignore`: the mask has no effect (Keras 3 drops it when initial states are given).
 */
export const MASK_RULES = ['hold', 'zero', 'ignore'] as const;
export type MaskRule = (typeof MASK_RULES)[number];

/** The loss of a weight w: l1 * sum(|w|) + l2 * sum(w^2). */
export interface Regularization {
  readonly l1: number;
  readonly l2: number;
}

export interface KerasGRUArgs extends LayerArgs {
  /** H, units per direction, >= 1. */
  readonly hiddenSize: number;
  /** I, the last dimension of the input, >= 1. @default read off the first input */
  readonly inputSize?: number;
  /** Whether each direction has `bias_ih` and `bias_hh`. @default true */
  readonly bias?: boolean;
  /** Adds a reverse direction: D = 2. @default false */
  readonly bidirectional?: boolean;
  /** Of two directions. @default 'concat' */
  readonly mergeMode?: MergeMode;
  /** Reads the sequence from its end and returns the output in that order. @default false */
  readonly goBackwards?: boolean;
  /** Returns the output of every step, not of the last one only. @default false */
  readonly returnSequences?: boolean;
  /** Returns the final states after the output, `[B, H]` for each direction. @default false */
  readonly returnState?: boolean;
  /** Each row starts from its final state of the call before. @default false */
  readonly stateful?: boolean;
  /** @default 'zero' for two directions with sequences, else 'hold' */
  readonly maskRule?: MaskRule;
  /** Probability in [0, 1) of zeroing an input feature in training, the same ones at every step. @default 0 */
  readonly dropout?: number;
  readonly kernelRegularizer?: Regularization;
  readonly recurrentRegularizer?: Regularization;
  readonly biasRegularizer?: Regularization;
  /** Makes the initial weights repeatable. @default random */
  readonly seed?: number;
  /** Which code computes the layer; belongs to the machine, so `getConfig` leaves it out. @default 'auto' */
  readonly implementation?: Implementation;
}

/** {@link KerasGRUArgs} with every default filled in. */
export type KerasGRUOptions = Readonly<
  Required<Pick<KerasGRUArgs, (typeof REQUIRED_KEYS)[number]>> &
    Pick<KerasGRUArgs, (typeof OPTIONAL_KEYS)[number]>
>;

const REQUIRED_KEYS = [
  'hiddenSize',
  'bias',
  'bidirectional',
  'mergeMode',
  'goBackwards',
  'returnSequences',
  'returnState',
  'stateful',
  'maskRule',
  'dropout',
  'implementation',
] as const;

const REGULARIZER_KEYS = ['kernelRegularizer', 'recurrentRegularizer', 'biasRegularizer'] as const;

const OPTIONAL_KEYS = ['inputSize', 'seed', ...REGULARIZER_KEYS] as const;

/**
 * Checks the arguments and fills in the defaults.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function parseKerasGRUArgs(where: string, args: KerasGRUArgs): KerasGRUOptions {
  checkArgsObject(where, args);
  checkArgNames(where, args, [...REQUIRED_KEYS, ...OPTIONAL_KEYS]);
  const {
    hiddenSize,
    inputSize,
    bias = true,
    bidirectional = false,
    mergeMode = 'concat',
    goBackwards = false,
    returnSequences = false,
    returnState = false,
    stateful = false,
    maskRule = bidirectional && returnSequences ? 'zero' : 'hold',
    dropout = 0,
    seed,
    implementation = 'auto',
  } = args;
  checkInteger(where, 'hiddenSize', hiddenSize, 1, hiddenSizeWords(hiddenSize, 1));
  checkInputSize(where, inputSize);
  const flags = { bias, bidirectional, goBackwards, returnSequences, returnState, stateful };
  for (const [name, value] of Object.entries(flags)) checkBoolean(where, name, value);
  checkChoice(where, 'mergeMode', mergeMode, MERGE_MODES);
  checkChoice(where, 'maskRule', maskRule, MASK_RULES);
  checkMaskRule(where, maskRule, bidirectional, returnSequences);
  checkRate(where, dropout);
  if (seed !== undefined) checkInteger(where, 'seed', seed, 0);
  checkChoice(where, 'implementation', implementation, IMPLEMENTATIONS);
  const regularizers = Object.fromEntries(
    REGULARIZER_KEYS.map((key) => [key, checkRegularization(where, key, args[key])]),
  );
  return {
    ...{ hiddenSize, inputSize, mergeMode, maskRule, dropout, seed, implementation },
    ...flags,
    ...regularizers,
  };
}

function checkMaskRule(where: string, rule: MaskRule, bidirectional: boolean, sequences: boolean): void {
  const own = sequences ? 'zero' : 'hold';
  if (!bidirectional || rule === 'ignore' || rule === own) return;
  const why = `Keras's Bidirectional has '${own}' with returnSequences: ${sequences}`;
  throw new RangeError(
    message(where, 'maskRule', `'${own}' or 'ignore' for two directions`, show(rule), why),
  );
}

function checkRate(where: string, dropout: unknown): asserts dropout is number {
  const rule = 'a number in range [0, 1), the probability of zeroing an input in training';
  if (typeof dropout !== 'number') throw new TypeError(message(where, 'dropout', rule, show(dropout)));
  if (!(dropout >= 0 && dropout < 1)) throw new RangeError(message(where, 'dropout', rule, show(dropout)));
}

function checkRegularization(where: string, what: string, value: unknown): Regularization | undefined {
  if (value == null) return undefined;
  checkObject(where, what, value);
  const { l1, l2 } = value as Partial<Regularization>;
  for (const [name, factor] of Object.entries({ l1, l2 }))
    if (typeof factor !== 'number')
      throw new TypeError(message(where, `${what}.${name}`, 'a number', show(factor)));
  return { l1: l1 as number, l2: l2 as number };
}

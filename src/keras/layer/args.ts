/** The arguments of `KerasGRU` and their checks. */

import { checkBoolean, checkChoice, checkObject, message, show } from '../../check.js';
import { type Filled, type ModuleArgs, type Open, parseModuleArgs } from '../../layers/args/module-args.js';
import { cellArgNames, checkArgNames } from '../../layers/args/names.js';
import { checkElements } from '../../layers/args/sizes.js';
import { CELLS, cellParameters } from '../../torch/cells.js';

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

/** Arguments of `KerasGRU`. */
export interface KerasGRUArgs extends ModuleArgs {
  /** Adds a reverse direction: D = 2. @default false */
  readonly bidirectional?: boolean | undefined;
  /** Of two directions. @default 'concat' */
  readonly mergeMode?: MergeMode | undefined;
  /** Reads the sequence from its end and returns the output in that order. @default false */
  readonly goBackwards?: boolean | undefined;
  /** Returns the output of every step, not of the last one only. @default false */
  readonly returnSequences?: boolean | undefined;
  /** Returns the final states after the output, `[B, H]` for each direction. @default false */
  readonly returnState?: boolean | undefined;
  /** Each row starts from its final state of the call before. @default false */
  readonly stateful?: boolean | undefined;
  /** @default 'zero' for two directions with sequences, else 'hold' */
  readonly maskRule?: MaskRule | undefined;
  /** Probability in [0, 1) of zeroing an input feature in training, the same ones at every step. @default 0 */
  readonly dropout?: number | undefined;
  /** Of the weights `weight_ih`. @default none */
  readonly kernelRegularizer?: Regularization | undefined;
  /** Of the weights `weight_hh`. @default none */
  readonly recurrentRegularizer?: Regularization | undefined;
  /** Of both biases. @default none */
  readonly biasRegularizer?: Regularization | undefined;
}

const REGULARIZERS = ['kernelRegularizer', 'recurrentRegularizer', 'biasRegularizer'] as const;

export type KerasGRUOptions = Filled<KerasGRUArgs, Open | (typeof REGULARIZERS)[number]>;

const OWN_NAMES = [
  'bidirectional',
  'mergeMode',
  'goBackwards',
  'returnSequences',
  'returnState',
  'stateful',
  'maskRule',
  'dropout',
  ...REGULARIZERS,
];

/**
 * Checks the arguments and fills in the defaults.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function parseKerasGRUArgs(where: string, args: KerasGRUArgs): KerasGRUOptions {
  checkArgNames(where, args, [...cellArgNames('GRU'), ...OWN_NAMES]);
  const {
    bidirectional = false,
    mergeMode = 'concat',
    goBackwards = false,
    returnSequences = false,
    returnState = false,
    stateful = false,
    maskRule = bidirectional && returnSequences ? 'zero' : 'hold',
    dropout = 0,
  } = args;
  const module = parseModuleArgs(where, args, 1);
  const { gates } = CELLS.GRU;
  const { inputSize = 1 } = module;
  checkElements(where, module, cellParameters(gates, inputSize, { ...module, projSize: 0 }));
  const flags = { bidirectional, goBackwards, returnSequences, returnState, stateful };
  for (const [name, value] of Object.entries(flags)) checkBoolean(where, name, value);
  checkChoice(where, 'mergeMode', mergeMode, MERGE_MODES);
  checkChoice(where, 'maskRule', maskRule, MASK_RULES);
  checkMaskRule(where, maskRule, bidirectional, returnSequences);
  checkRate(where, dropout);
  const regularizers = {
    kernelRegularizer: checkRegularization(where, 'kernelRegularizer', args.kernelRegularizer),
    recurrentRegularizer: checkRegularization(where, 'recurrentRegularizer', args.recurrentRegularizer),
    biasRegularizer: checkRegularization(where, 'biasRegularizer', args.biasRegularizer),
  };
  return { ...module, ...flags, mergeMode, maskRule, dropout, ...regularizers };
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

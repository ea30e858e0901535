/** The arguments that every recurrent cell takes, and their checks. */

import { checkBoolean, checkChoice, checkInteger } from '../../check.js';
import { IMPLEMENTATIONS, type Implementation } from '../../ops/implementation.js';
import {
  type CellDescription,
  checkArgNames,
  checkArgsObject,
  checkInputSize,
  hiddenSizeWords,
} from '../recurrent/args.js';
import type { LayerArgs } from '../tf-layer-args.js';

/** torch's words in camelCase, beside those of a tf.layers layer (`name`, `trainable`, ...). */
export interface RecurrentCellArgs extends LayerArgs {
  /** H, units, >= 0. */
  readonly hiddenSize: number;
  /** I, the last dimension of the input, >= 1. @default read off the first input */
  readonly inputSize?: number | undefined;
  /** Whether the cell has `bias_ih` and `bias_hh`. @default true */
  readonly bias?: boolean | undefined;
  /** Makes the initial weights repeatable. @default random */
  readonly seed?: number | undefined;
  /** Which code computes the cell; belongs to the machine, so `getConfig` leaves it out. @default 'auto' */
  readonly implementation?: Implementation | undefined;
}

/** {@link RecurrentCellArgs} with every default filled in. */
export interface RecurrentCellOptions {
  readonly hiddenSize: number;
  readonly inputSize: number | undefined;
  readonly bias: boolean;
  readonly seed: number | undefined;
  readonly implementation: Implementation;
}

const COMMON_KEYS = ['hiddenSize', 'inputSize', 'bias', 'seed', 'implementation'];

/**
 * Checks the arguments of a cell and fills in the defaults. torch takes a cell without units, but no such layer.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function parseCellArgs(
  { where, ownArgs }: CellDescription,
  args: RecurrentCellArgs,
): RecurrentCellOptions {
  checkArgsObject(where, args);
  checkArgNames(where, args, [...COMMON_KEYS, ...ownArgs]);
  const { hiddenSize, inputSize, bias = true, seed, implementation = 'auto' } = args;
  checkInteger(where, 'hiddenSize', hiddenSize, 0, hiddenSizeWords(hiddenSize, 0));
  checkInputSize(where, inputSize);
  checkBoolean(where, 'bias', bias);
  if (seed !== undefined) checkInteger(where, 'seed', seed, 0);
  checkChoice(where, 'implementation', implementation, IMPLEMENTATIONS);
  return { hiddenSize, inputSize, bias, seed, implementation };
}

/** The arguments of the norms, and their checks. */

import { checkBoolean, checkChoice, checkInteger, message, show } from '../../check.js';
import { DATA_FORMATS, type DataFormat } from '../../nn/data-format.js';
import { checkKnown, foreignRemedy } from '../args/known.js';
import type { LayerArgs } from '../args/module-args.js';

/** What every norm takes, beside the arguments of a tf.layers layer (`name`, `trainable`, `inputShape`, ...). */
export interface NormArgs extends LayerArgs {
  /** Added to the variance. @default 1e-5 */
  readonly eps?: number | undefined;
  /** Whether there are weight and bias. */
  readonly affine?: boolean | undefined;
  /** @default 'channelsLast' */
  readonly dataFormat?: DataFormat | undefined;
}

/** Names of what every norm takes. */
const NAMES = ['eps', 'affine', 'dataFormat'];

/** Names in tf.layers and Keras, with the names of the same arguments here. */
const RENAMED: Readonly<Record<string, string>> = {
  epsilon: 'eps',
  groups: 'numGroups',
  scale: 'affine',
  center: 'affine',
};

/** Names in tf.layers that have no counterpart here, each with a remedy. */
const FOREIGN: Readonly<Record<string, string>> = {
  axis: "Use dataFormat: 'channelsFirst' or 'channelsLast'",
};

/** With the defaults filled in. */
export interface NormLayerOptions {
  readonly eps: number;
  readonly affine: boolean;
  readonly dataFormat: DataFormat;
}

/**
 * Checks the names of all arguments and the values of those that every norm has, and fills in the defaults.
 * @param own names that the class has beside them.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function parseNormArgs(
  where: string,
  args: NormArgs,
  own: readonly string[],
  affineByDefault: boolean,
): NormLayerOptions {
  const known = [...NAMES, ...own];
  const example = own.includes('numGroups') ? '{ numGroups: 4 }' : '{ eps: 1e-5 }';
  checkKnown(where, args, known, example, (key) => foreignRemedy(key, known, RENAMED, FOREIGN));
  const { eps = 1e-5, affine = affineByDefault, dataFormat = 'channelsLast' } = args;
  checkFraction(where, 'eps', eps, Number.MAX_VALUE);
  checkBoolean(where, 'affine', affine);
  checkChoice(where, 'dataFormat', dataFormat, DATA_FORMATS);
  return { eps, affine, dataFormat };
}

/** A number in 0..max. */
export function checkFraction(
  where: string,
  what: string,
  value: unknown,
  max: number,
): asserts value is number {
  const rule = max === 1 ? 'a number in 0..1' : 'a number >= 0';
  if (typeof value !== 'number') throw new TypeError(message(where, what, rule, show(value)));
  if (!(value >= 0 && value <= max)) throw new RangeError(message(where, what, rule, show(value)));
}

/** The number of channels, where it is given. */
export function checkFeatures(where: string, what: string, value: number | undefined): void {
  if (value !== undefined) checkInteger(where, what, value, 1);
}

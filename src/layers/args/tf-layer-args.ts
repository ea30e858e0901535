/** The arguments of every tf.layers layer, and their checks: tfjs takes anything, and fails later or not at all. */

import { Tensor } from '@tensorflow/tfjs-core';
import { checkBoolean, checkChoice, checkInteger, message, show } from '../../check.js';

type Check = (where: string, what: string, value: unknown) => void;

/** Names of layers begin the names of weights, for which tfjs has this rule. */
const NAME = /^[A-Za-z0-9][-A-Za-z0-9._/]*$/;

const DTYPES = ['float32', 'int32', 'bool', 'complex64', 'string'];

const checkName: Check = (where, what, value) => {
  const rule = 'a name of letters, digits and -._/ that begins with a letter or digit';
  if (typeof value !== 'string') throw new TypeError(message(where, what, rule, show(value)));
  if (!NAME.test(value)) throw new RangeError(message(where, what, rule, show(value)));
};

const checkShape: Check = (where, what, value) => {
  const rule = 'a list of sizes, null for an open one';
  if (!Array.isArray(value)) throw new TypeError(message(where, what, rule, show(value)));
  for (const [i, size] of value.entries()) if (size !== null) checkInteger(where, `${what}[${i}]`, size, 0);
};

const checkDtype: Check = (where, what, value) => checkChoice(where, what, value, DTYPES);

const checkWeights: Check = (where, what, value) => {
  if (!Array.isArray(value) || !value.every((weight) => weight instanceof Tensor))
    throw new TypeError(message(where, what, 'a list of tensors', show(value)));
};

const CHECKS: Readonly<Record<string, Check>> = {
  inputShape: checkShape,
  batchInputShape: checkShape,
  batchSize: (where, what, value) => checkInteger(where, what, value, 1),
  dtype: checkDtype,
  name: checkName,
  trainable: checkBoolean,
  weights: checkWeights,
  inputDType: checkDtype,
};

export const TF_LAYER_NAMES: readonly string[] = Object.keys(CHECKS);

/** @throws TypeError for a wrong type, RangeError for a wrong value. */
export function checkTfLayerArgs(where: string, args: object): void {
  for (const [name, value] of Object.entries(args))
    if (value !== undefined && Object.hasOwn(CHECKS, name)) (CHECKS[name] as Check)(where, name, value);
}

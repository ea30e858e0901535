/** Which names of arguments a class knows, and what to do about the others. */

import { message, show } from '../../check.js';
import { didYouMean } from '../../spelling.js';
import { checkTfLayerArgs, TF_LAYER_NAMES } from './tf-layer-args.js';

/** torch's `hidden_size` as it is spelt here. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * Checks that `args` is an object whose keys are among `known` or arguments of a tf.layers layer, and those of tf.layers.
 * @param example an object that it could be, for the message.
 * @param remedyFor what to do about a name that is known from elsewhere.
 * @throws TypeError, RangeError
 */
export function checkKnown(
  where: string,
  args: unknown,
  known: readonly string[],
  example: string,
  remedyFor: (key: string) => string | undefined,
): asserts args is object {
  checkIsObject(where, args, example);
  for (const key of Object.keys(args)) {
    if (known.includes(key) || TF_LAYER_NAMES.includes(key)) continue;
    const remedy = remedyFor(key);
    const all = [...known, ...TF_LAYER_NAMES];
    const rule = remedy ? 'a known argument' : `one of ${all.join(', ')}`;
    const hint = remedy ?? didYouMean(camelCase(key), all);
    throw new TypeError(message(where, key, rule, `unknown argument ${show(key)}`, hint));
  }
  checkTfLayerArgs(where, args);
}

/** Checks that `args` is an object. */
export function checkIsObject(where: string, args: unknown, example: string): asserts args is object {
  if (typeof args !== 'object' || args === null)
    throw new TypeError(message(where, 'args', `an object such as ${example}`, show(args)));
}

/**
 * What to do about a name that other libraries know, such as `Use hiddenSize` for `units`; undefined for any other.
 * @param renamed their names of arguments that the class has, with those here.
 * @param missing their arguments that have no counterpart here, each with a remedy.
 */
export function foreignRemedy(
  key: string,
  known: readonly string[],
  renamed: Readonly<Record<string, string>>,
  missing: Readonly<Record<string, string>>,
): string | undefined {
  const camel = camelCase(key);
  const name = Object.hasOwn(renamed, camel) ? renamed[camel] : camel;
  if (known.includes(name)) return `Use ${name}`;
  return Object.hasOwn(missing, camel) ? missing[camel] : undefined;
}

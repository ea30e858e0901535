/** The arguments that every layer and cell of this package takes. */

import type { layers } from '@tensorflow/tfjs-layers';
import { checkBoolean, checkChoice, checkInteger } from '../../check.js';
import { IMPLEMENTATIONS, type Implementation } from '../../ops/implementation.js';
import { NONLINEARITIES, type Nonlinearity } from '../../torch/cells.js';
import { checkArgsObject } from './names.js';

type TfLayerArgs = NonNullable<ConstructorParameters<typeof layers.Layer>[0]>;

/** tfjs's own declarations leave `undefined` out, which `exactOptionalPropertyTypes` then refuses. */
export type LayerArgs = { [Name in keyof TfLayerArgs]: TfLayerArgs[Name] | undefined };

/** torch's names in camelCase, beside the arguments of a tf.layers layer (`name`, `trainable`, `inputShape`, ...). */
export interface ModuleArgs extends LayerArgs {
  /** H, units per direction, >= 1 (of a cell >= 0). */
  readonly hiddenSize: number;
  /** I, the last dimension of the input, >= 1. @default read off the first input */
  readonly inputSize?: number | undefined;
  /** Whether there are `bias_ih` and `bias_hh`. @default true */
  readonly bias?: boolean | undefined;
  /** Makes the initial weights repeatable. @default random */
  readonly seed?: number | undefined;
  /**
   * The code that computes the layer: the fused kernel where it is the faster one ('auto'), a fused kernel wherever one can run
   * ('fused'), the engine alone ('engine'), cuDNN alone ('cudnn', on a GPU through tfjs-node-gpu), or tf ops ('reference'). It depends
   * on the machine, so `getConfig` leaves it out. @default 'auto'
   */
  readonly implementation?: Implementation | undefined;
}

/** The arguments of a class but for those of tf.layers, with the defaults filled in; those in `Open` have none. */
export type Filled<Args, Open> = {
  readonly [Name in Exclude<keyof Args, keyof LayerArgs>]-?: Name extends Open
    ? Args[Name]
    : Exclude<Args[Name], undefined>;
};

/** Arguments without a default. */
export type Open = 'inputSize' | 'seed';

export type ModuleOptions = Filled<ModuleArgs, Open>;

/**
 * Checks these arguments and fills in the defaults.
 * @param minHiddenSize torch allows a cell without units, but no layer.
 * @throws TypeError for a wrong type, RangeError for a wrong value.
 */
export function parseModuleArgs(where: string, args: ModuleArgs, minHiddenSize: 0 | 1): ModuleOptions {
  const { hiddenSize, inputSize, bias = true, seed, implementation = 'auto' } = args;
  checkInteger(where, 'hiddenSize', hiddenSize, minHiddenSize, hiddenSizeNote(hiddenSize, minHiddenSize));
  if (inputSize !== undefined)
    checkInteger(where, 'inputSize', inputSize, 1, 'input_size must be greater than zero');
  checkBoolean(where, 'bias', bias);
  if (seed !== undefined) checkInteger(where, 'seed', seed, 0);
  checkChoice(where, 'implementation', implementation, IMPLEMENTATIONS);
  return { hiddenSize, inputSize, bias, seed, implementation };
}

/** torch's message for a hidden size that is not an integer, or too small. */
function hiddenSizeNote(value: unknown, min: 0 | 1): string | undefined {
  if (typeof value !== 'number' || !Number.isInteger(value)) return 'hidden_size should be of type int';
  return min === 1 ? 'hidden_size must be greater than zero' : undefined;
}

/** The activation of an RNN or RNNCell. */
export function parseNonlinearity(
  where: string,
  args: { readonly nonlinearity?: Nonlinearity | undefined },
): Nonlinearity {
  checkArgsObject(where, args);
  const { nonlinearity = 'tanh' } = args;
  const note = `Unknown nonlinearity '${String(nonlinearity)}'. Select from 'tanh' or 'relu'`;
  checkChoice(where, 'nonlinearity', nonlinearity, NONLINEARITIES, note);
  return nonlinearity;
}

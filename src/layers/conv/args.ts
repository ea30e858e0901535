/** The arguments of convolutions, and their checks. */

import { checkBoolean, checkChoice, checkInteger, message, show } from '../../check.js';
import { type Padding, perAxis, windowsOf } from '../../nn/conv/window.js';
import { DATA_FORMATS, type DataFormat } from '../../nn/data-format.js';
import { checkKnown, foreignRemedy } from '../args/known.js';
import type { LayerArgs } from '../args/module-args.js';
import { checkWeightShape } from '../args/sizes.js';

/** torch's names in camelCase, beside the arguments of a tf.layers layer (`name`, `trainable`, `inputShape`, ...). */
export interface ConvArgs extends LayerArgs {
  /** O, >= 1. */
  readonly outChannels: number;
  /** One number for every axis, or one each. */
  readonly kernelSize: number | readonly number[];
  /** I, the channels of the input. @default read off the first input */
  readonly inChannels?: number | undefined;
  /** @default 1 */
  readonly stride?: number | readonly number[] | undefined;
  /**
   * Zeros on both sides, as torch counts them; 'same' (with a stride of 1) pads so that the output is as long as the input.
   * @default 0
   */
  readonly padding?: Padding | undefined;
  /** Steps between the taps of the kernel. @default 1 */
  readonly dilation?: number | readonly number[] | undefined;
  /** Blocks of channels, each of which sees its own alone; I of them make it depthwise. @default 1 */
  readonly groups?: number | undefined;
  /** @default true */
  readonly bias?: boolean | undefined;
  /** @default 'channelsLast' */
  readonly dataFormat?: DataFormat | undefined;
  /** Makes the initial weights repeatable. @default random */
  readonly seed?: number | undefined;
}

/** Arguments of a transposed convolution. */
export interface ConvTransposeArgs extends ConvArgs {
  /** Zeros that are taken off both sides of the output. @default 0 */
  readonly padding?: number | readonly number[] | undefined;
  /** Steps added at the end of the output, below the stride or the dilation. @default 0 */
  readonly outputPadding?: number | readonly number[] | undefined;
}

/** With the defaults filled in, and lists for each axis. */
export interface ConvLayerOptions {
  readonly outChannels: number;
  readonly kernelSize: readonly number[];
  readonly inChannels: number | undefined;
  readonly stride: readonly number[];
  readonly padding: readonly number[] | 'same' | 'valid';
  readonly dilation: readonly number[];
  readonly groups: number;
  readonly bias: boolean;
  readonly dataFormat: DataFormat;
  readonly seed: number | undefined;
  /** Transposed convolutions only. */
  readonly outputPadding?: readonly number[];
}

/** No sequence or image is longer; sums of a few such numbers are exact. */
const MAX_STEPS = 2 ** 24;

const NAMES = [
  'outChannels',
  'kernelSize',
  'inChannels',
  'stride',
  'padding',
  'dilation',
  'groups',
  'bias',
  'dataFormat',
  'seed',
];

/** Names in tf.layers and Keras, with the names of the same arguments here. */
const RENAMED: Readonly<Record<string, string>> = {
  filters: 'outChannels',
  strides: 'stride',
  dilationRate: 'dilation',
  useBias: 'bias',
};

/** Names in tf.layers and torch that have no counterpart here, each with a remedy. */
const FOREIGN: Readonly<Record<string, string>> = {
  activation: 'Put tf.layers.activation behind the layer, as torch has a module or function there',
  depthMultiplier: 'Pass groups, as many as there are input channels, and outChannels',
  paddingMode: 'Zeros alone are padded: pad the input otherwise before the layer',
  kernelInitializer: 'Leave it out: weights start as torch has them; seed makes them repeatable',
  biasInitializer: 'Leave it out: weights start as torch has them; seed makes them repeatable',
};

/**
 * Checks the arguments of a convolution and fills in the defaults.
 * @param axes 1 or 2.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function parseConvArgs(where: string, axes: number, args: ConvArgs): ConvLayerOptions {
  checkNames(where, args, NAMES);
  return parse(where, axes, args);
}

/** As {@link parseConvArgs}, of a transposed convolution. */
export function parseConvTransposeArgs(
  where: string,
  axes: number,
  args: ConvTransposeArgs,
): ConvLayerOptions {
  checkNames(where, args, [...NAMES, 'outputPadding']);
  if (typeof args.padding === 'string') {
    const remedy = 'torch.nn.ConvTranspose has no words for it';
    throw new RangeError(message(where, 'padding', 'numbers', show(args.padding), remedy));
  }
  const options = parse(where, axes, args);
  const { outputPadding: added = 0 } = args;
  const outputPadding = numbers(where, 'outputPadding', added, axes, 0);
  for (const [i, steps] of outputPadding.entries()) {
    const limit = Math.max(options.stride[i] as number, options.dilation[i] as number);
    if (steps < limit) continue;
    const remedy = 'torch: output padding must be smaller than either stride or dilation';
    throw new RangeError(message(where, 'outputPadding', `numbers below ${limit}`, show(steps), remedy));
  }
  return { ...options, outputPadding };
}

function checkNames(where: string, args: unknown, known: readonly string[]): void {
  checkKnown(where, args, known, '{ outChannels: 64, kernelSize: 3 }', (key) =>
    foreignRemedy(key, known, RENAMED, FOREIGN),
  );
}

function parse(where: string, axes: number, args: ConvArgs): ConvLayerOptions {
  const { outChannels, inChannels, groups = 1, bias = true, dataFormat = 'channelsLast', seed } = args;
  const { stride: strides = 1, dilation: dilations = 1, padding: given = 0 } = args;
  checkInteger(where, 'outChannels', outChannels, 1);
  if (inChannels !== undefined) checkInteger(where, 'inChannels', inChannels, 1);
  checkInteger(where, 'groups', groups, 1);
  checkDivisible(where, 'outChannels', outChannels, groups);
  if (inChannels !== undefined) checkDivisible(where, 'inChannels', inChannels, groups);
  checkBoolean(where, 'bias', bias);
  checkChoice(where, 'dataFormat', dataFormat, DATA_FORMATS);
  if (seed !== undefined) checkInteger(where, 'seed', seed, 0);
  const kernelSize = numbers(where, 'kernelSize', args.kernelSize, axes, 1);
  const stride = numbers(where, 'stride', strides, axes, 1);
  const dilation = numbers(where, 'dilation', dilations, axes, 1);
  const isWord = given === 'same' || given === 'valid';
  const padding = isWord ? given : numbers(where, 'padding', given, axes, 0, "or 'same' or 'valid'");
  windowsOf(where, kernelSize, { stride, padding, dilation });
  checkWeightShape(where, 'outChannels', 'weight', [
    outChannels,
    (inChannels ?? groups) / groups,
    ...kernelSize,
  ]);
  return { outChannels, kernelSize, inChannels, stride, padding, dilation, groups, bias, dataFormat, seed };
}

/** Throws RangeError unless the channels make as many blocks. */
export function checkDivisible(where: string, what: string, channels: number, groups: number): void {
  if (channels % groups === 0) return;
  throw new RangeError(message(where, what, `a multiple of groups ${groups}`, show(channels)));
}

/** One integer for each axis. */
function numbers(
  where: string,
  what: string,
  value: unknown,
  axes: number,
  min: number,
  otherwise = '',
): readonly number[] {
  const isList = Array.isArray(value);
  if (!isList && typeof value !== 'number') {
    const rule = `an integer, or one for each of ${axes} axes${otherwise && ` ${otherwise}`}`;
    throw new (typeof value === 'string' ? RangeError : TypeError)(message(where, what, rule, show(value)));
  }
  const list = perAxis(value as number | number[], axes);
  if (list.length !== axes)
    throw new RangeError(message(where, what, `${axes} ${axes === 1 ? 'number' : 'numbers'}`, show(value)));
  for (const [i, entry] of list.entries()) {
    const name = isList ? `${what}[${i}]` : what;
    checkInteger(where, name, entry, min);
    if (entry > MAX_STEPS)
      throw new RangeError(message(where, name, `an integer <= ${MAX_STEPS}`, show(entry)));
  }
  return list;
}

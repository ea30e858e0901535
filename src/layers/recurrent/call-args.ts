import { Tensor } from '@tensorflow/tfjs-core';
import { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { checkBoolean, checkKeys, message, show } from '../../check.js';
import type { Lengths } from '../masks/lengths.js';

/** The options of `apply`. */
export interface RecurrentCallArgs {
  /** Sequence lengths, in eager calls only; see {@link Lengths}. */
  lengths?: Lengths | undefined;
  /** Whether dropout is active. @default false */
  training?: boolean | undefined;
  /** `[B, T]`, right-padded, as a masking layer passes it on. In eager calls pass `lengths`, which have precedence. */
  mask?: Tensor | null | (Tensor | null | undefined)[] | undefined;
}

/** The options of `forward` beside the initial states. */
export interface ForwardOptions {
  readonly lengths?: Lengths | undefined;
  /** Whether dropout is active. @default false */
  readonly training?: boolean | undefined;
}

/**
 * Checks the names of `apply`'s options. Initial states are inputs there; users of tf.layers and torch pass them as options.
 * @throws TypeError with a remedy.
 */
export function checkApplyOptions(
  where: string,
  options: object,
  stateNames: readonly string[],
  known: readonly string[],
): void {
  const remedy = `Call apply([x, ${stateNames.join(', ')}])`;
  const remedies = Object.fromEntries(['initialState', 'hx', ...stateNames].map((name) => [name, remedy]));
  checkKeys(where, options, known, remedies);
}

/** What to do where an input behind x has the shape of lengths, `[B]` or `[B, 1]`; undefined for another shape. */
export function lengthsRemedy(shape: readonly (number | null)[]): string | undefined {
  const isLengths = shape.length === 1 || (shape.length === 2 && shape[1] === 1);
  return isLengths
    ? 'Lengths go to lengthMask().apply([x, lengths]), or in an eager call to lengths'
    : undefined;
}

/** Checks that all inputs of a symbolic call are symbolic float32 tensors. */
export function checkSymbolicInputs(
  where: string,
  inputs: readonly unknown[],
): asserts inputs is SymbolicTensor[] {
  for (const [i, input] of inputs.entries()) {
    if (!(input instanceof SymbolicTensor))
      throw new TypeError(message(where, `inputs[${i}]`, 'a symbolic tensor, as x is', show(input)));
    if (input.dtype !== 'float32') {
      const remedy = i > 0 ? lengthsRemedy(input.shape) : undefined;
      throw new TypeError(message(where, input.name, 'dtype float32', input.dtype, remedy));
    }
  }
}

/** Checks the options of `forward`: `ForwardOptions`, and a tensor under each of `stateNames`. */
export function checkForwardOptions(where: string, options: unknown, stateNames: readonly string[]): void {
  const example = `{ ${stateNames.join(', ')}, lengths }`;
  if (options instanceof Tensor || Array.isArray(options)) {
    const got = options instanceof Tensor ? 'a tensor' : show(options);
    const remedy = `Pass ${stateNames.join(' and ')} by name: forward(x, { ${stateNames.join(', ')} })`;
    throw new TypeError(message(where, 'options', `an object such as ${example}`, got, remedy));
  }
  const remedy = `Use ${stateNames.join(' and ')}`;
  checkKeys(where, options, [...stateNames, 'lengths', 'training'], { hx: remedy, initialState: remedy });
  const { training } = options as ForwardOptions;
  if (training !== undefined) checkBoolean(where, 'training', training);
}

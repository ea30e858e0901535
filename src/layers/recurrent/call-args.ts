import { Tensor } from '@tensorflow/tfjs-core';
import { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { checkBoolean, checkKeys, message, show } from '../../check.js';
import type { Lengths } from '../masks/lengths.js';

/** What `apply` takes beside the inputs. */
export interface RecurrentCallArgs {
  /** Sequence lengths, eager calls only; see {@link Lengths}. */
  lengths?: Lengths | undefined;
  /** Whether dropout is active. @default false */
  training?: boolean | undefined;
  /** `[B, T]`, right-padded; what a masking layer hands down. Eagerly pass `lengths`, which have precedence. */
  mask?: Tensor | null | (Tensor | null | undefined)[] | undefined;
}

/** What `forward` takes beside the input and the initial states. */
export interface ForwardOptions {
  readonly lengths?: Lengths | undefined;
  /** Whether dropout is active. @default false */
  readonly training?: boolean | undefined;
}

/** The options of `apply`, whose states are inputs: users of tf.layers and torch pass them as options. */
export function checkApplyOptions(
  where: string,
  options: object,
  stateNames: readonly string[],
  known: readonly string[] = ['lengths', 'training', 'mask'],
): void {
  const remedy = `Call apply([x, ${stateNames.join(', ')}])`;
  const remedies = Object.fromEntries(['initialState', 'hx', ...stateNames].map((name) => [name, remedy]));
  checkKeys(where, options, known, remedies);
}

/** Float32 tensors of a graph: a call is symbolic as a whole. */
export function checkSymbolicInputs(
  where: string,
  inputs: readonly unknown[],
): asserts inputs is SymbolicTensor[] {
  for (const [i, input] of inputs.entries()) {
    if (!(input instanceof SymbolicTensor))
      throw new TypeError(message(where, `inputs[${i}]`, 'a symbolic tensor, as x is', show(input)));
    if (input.dtype !== 'float32')
      throw new TypeError(message(where, input.name, 'dtype float32', input.dtype));
  }
}

/** The options of `forward`, whose type is `ForwardOptions` and a tensor under each of `stateNames`. */
export function checkForwardOptions(where: string, options: unknown, stateNames: readonly string[]): void {
  const example = `{ ${stateNames.join(', ')}, lengths }`;
  if (options instanceof Tensor) {
    const remedy = `Pass ${stateNames.join(' and ')} by name: forward(x, { ${stateNames.join(', ')} })`;
    throw new TypeError(message(where, 'options', `an object such as ${example}`, 'a tensor', remedy));
  }
  const remedy = `Use ${stateNames.join(' and ')}`;
  checkKeys(where, options, [...stateNames, 'lengths', 'training'], { hx: remedy, initialState: remedy });
  const { training } = options as ForwardOptions;
  if (training !== undefined) checkBoolean(where, 'training', training);
}

import { Tensor } from '@tensorflow/tfjs-core';
import { checkBoolean, checkKeys, message } from '../check.js';
import type { Lengths } from '../ops/lengths.js';
import type { Mask } from './masks.js';

/** What `apply` takes beside the inputs. */
export interface RecurrentCallArgs {
  /** Sequence lengths, eager calls only; see {@link Lengths}. */
  lengths?: Lengths;
  /** Whether dropout is active. @default false */
  training?: boolean;
  /** `[B, T]`, right-padded; what a masking layer hands down. Eagerly pass `lengths`, which have precedence. */
  mask?: Mask | Mask[];
}

/** What `forward` takes beside the input and the initial states. */
export interface ForwardOptions {
  readonly lengths?: Lengths;
  /** Whether dropout is active. @default false */
  readonly training?: boolean;
}

/** What users of tf.layers and torch write in place of a list of inputs. */
export const APPLY_REMEDIES: Readonly<Record<string, string>> = {
  initialState: 'Call apply([x, h0])',
  h0: 'Call apply([x, h0])',
  hx: 'Call apply([x, h0])',
};

/** The options of `forward`, whose type is `ForwardOptions` and a tensor under each of `stateNames`. */
export function checkForwardOptions(where: string, options: unknown, stateNames: readonly string[]): void {
  const example = `{ ${stateNames.join(', ')}, lengths }`;
  if (options instanceof Tensor) {
    const remedy = `Pass ${stateNames.join(' and ')} by name: forward(x, { ${stateNames.join(', ')} })`;
    throw new TypeError(message(where, 'options', `an object such as ${example}`, 'a tensor', remedy));
  }
  checkKeys(where, options, [...stateNames, 'lengths', 'training']);
  const { training } = options as ForwardOptions;
  if (training !== undefined) checkBoolean(where, 'training', training);
}

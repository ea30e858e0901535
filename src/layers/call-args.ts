import type { Lengths } from '../ops/lengths.js';
import type { Mask } from './masks.js';

/** What `apply` takes beside the inputs. */
export interface RecurrentCallArgs {
  /** Sequence lengths, eager calls only; see {@link Lengths}. */
  lengths?: Lengths;
  /** Whether dropout is active. @default false */
  training?: boolean;
  /** `[B, T]`, right-padded; what a masking layer hands down. `lengths` has precedence. */
  mask?: Mask | Mask[];
}

/** What `forward` takes beside the input and the initial states. */
export interface ForwardOptions {
  readonly lengths?: Lengths;
  /** Whether dropout is active. @default false */
  readonly training?: boolean;
}

/** What an op gets and returns. */

import type { Tensor } from '@tensorflow/tfjs-core';
import type { TorchDtype } from '../../state-dict/tensors/tensor.js';

/** A value of a running program. A tensor holds int64 as int32, and float64 as float32. */
export type Value = Tensor | number | boolean | string | null | readonly Value[];

/** What a call knows beside its arguments. */
export interface Call {
  /** The dtype of the first result, by the rules of torch's promotion: the file has it. */
  readonly dtype: TorchDtype;
  /** That of each result. */
  readonly dtypes: readonly (TorchDtype | undefined)[];
  /** The dtype of an argument that is a tensor, by its index; undefined for a number. */
  readonly argumentDtypes: readonly (TorchDtype | undefined)[];
  /** Gives an argument that is a buffer another value, from this call on: `running_mean` of a batch norm. */
  assign(argument: number, value: Tensor): void;
  /** Whether the program is being trained. */
  readonly isTraining: boolean;
  /** The node and its op: the Where of messages. */
  readonly where: string;
}

/**
 * Computes one op of torch. It gets its arguments in the order of torch's signature, then the call. It runs in `tidy`: what it
 * returns stays. It never changes an argument, and disposes one by `release` of nn/in-turn.ts alone, after its last use.
 */
export type OpFunction = (...args: never[]) => Value | undefined;

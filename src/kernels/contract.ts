/**
 * The contract between the ops and whatever computes them: one call runs a stack of L recurrent layers, all their
 * directions and the whole sequence (cuDNN's contract).
 *
 * Dimensions: T steps, B batch, I input size, H hidden size, P projected size (LSTM), L layers, D directions (1 or 2),
 * G gates (RNN 1, GRU 3, LSTM 4). A cell carries the state h, and LSTM c beside it: h is `[*, B, H]`, or `[*, B, P]` where
 * it is projected, and c is `[*, B, H]`. Everything is float32 except `lengths`. Inputs are only read. The outputs belong
 * to the caller.
 */

import type { Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';

/** The weights of one direction of one layer, under torch's names. Gate blocks are rows, in torch's order. */
export interface DirectionWeights {
  /** `[G*H, I]`; in layers above the first I is D*H, or D*P. */
  readonly weight_ih: Tensor2D;
  /** `[G*H, H]`, or `[G*H, P]`. */
  readonly weight_hh: Tensor2D;
  /** `[P, H]`, LSTM with a projection only. */
  readonly weight_hr?: Tensor2D;
  /** `[G*H]`, absent when the module has no bias. */
  readonly bias_ih?: Tensor1D;
  /** `[G*H]`, absent when the module has no bias. */
  readonly bias_hh?: Tensor1D;
}

export interface StackInputs {
  /** `[B, T, I]`, or `[T, B, I]` when `batchFirst` is false. */
  readonly x: Tensor3D;
  /** The initial states in the cell's order (h0, LSTM h0 and c0), each `[L*D, B, H or P]`; zeros where absent. */
  readonly initialStates?: readonly Tensor3D[];
  /** L*D entries in the order of `hn`: layer by layer, the forward direction before the reverse one. */
  readonly weights: readonly DirectionWeights[];
  /**
   * `[B]` int32, each 0..T. Steps past a row's length are not read, and `output` is zero there; a row without steps keeps
   * its initial states.
   */
  readonly lengths?: Tensor1D;
}

export interface StackAttrs {
  readonly batchFirst: boolean;
  readonly bidirectional: boolean;
  readonly hiddenSize: number;
  /** P, the size h is projected to; 0 where it is not. */
  readonly projSize: number;
}

/** Columns of h, and of each direction's output: torch's H_out. */
export function outputSize({ hiddenSize, projSize }: Pick<StackAttrs, 'hiddenSize' | 'projSize'>): number {
  return projSize === 0 ? hiddenSize : projSize;
}

/** A type alias, not an interface, so that `tidy` takes it for a container of tensors. */
export type StackOutputs = {
  /** h of the last layer at every step, `[B, T, D*H]` or `[T, B, D*H]` (D*P); forward direction first. */
  output: Tensor3D;
  /** The final states in the cell's order, each `[L*D, B, H or P]` whatever `batchFirst` says. */
  finalStates: Tensor3D[];
};

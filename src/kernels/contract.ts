/**
 * The contract between the ops and whatever computes them: one call runs a stack of L recurrent layers, all their
 * directions and the whole sequence (cuDNN's contract).
 *
 * Dimensions: T steps, B batch, I input size, H hidden size, P projected size (LSTM), L layers, D directions (1 or 2),
 * G gates (RNN 1, GRU 3, LSTM 4). A cell carries the state h, and LSTM c beside it: h is `[*, B, H]`, or `[*, B, P]` where
 * it is projected, and c is `[*, B, H]`. Everything is float32 except `lengths`. Inputs are only read. The outputs belong
 * to the caller.
 */

import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';

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

/** Names in tfjs's kernel registry. A backend has the three, or none. */
export const KERNELS = {
  /** Outputs: output, then the final states. */
  inference: 'TorchRecurrent',
  /** The same with a reserve in front of them, for the gradient: a small tensor that stands for what the kernel has kept. */
  training: 'TorchRecurrentTraining',
  /** Inputs: the reserve and the gradients of output and final states; output: the gradient of one input. */
  gradient: 'TorchRecurrentGradient',
} as const;

/** Why a backend that could have the kernels does not have them on this machine. */
export const missingKernels = new Map<string, string>();

/**
 * By backend, what tries the kernels before their first call: it returns why they cannot run, and else undefined. What a page
 * forbids or lacks room for shows when it is asked for, and importing the package asks for nothing.
 */
export const kernelTrials = new Map<string, () => string | undefined>();

/** The equations that a kernel runs. */
export type Cell = 'RNN_TANH' | 'RNN_RELU' | 'GRU' | 'LSTM';

/** Attributes of the inference and training kernels. */
export interface RecurrentAttrs extends StackAttrs {
  readonly cell: Cell;
  /** What each of the kernel's inputs is: see {@link listInputs}. */
  readonly inputNames: readonly string[];
}

/** Attributes of the gradient kernel. */
export interface GradientAttrs {
  /** The place of the input that the gradient is of, among those of the training kernel. */
  readonly input: number;
}

const WEIGHT_NAMES = ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh', 'weight_hr'] as const;

/** Lists of names by what they depend on: the same call has the same list, so that a kernel can know it by identity. */
const nameLists = new Map<number, readonly string[]>();

/**
 * The inputs of a kernel as tfjs takes them, a list without gaps: `x`, `state0` and on, then `weight_ih 0` and so on by
 * layer and direction, and `lengths`. tfjs fails on an optional input that is there and undefined.
 */
export function listInputs({ x, initialStates = [], weights, lengths }: StackInputs): {
  readonly names: readonly string[];
  readonly tensors: readonly Tensor[];
} {
  const tensors: Tensor[] = [x, ...initialStates];
  for (const direction of weights)
    for (const name of WEIGHT_NAMES) {
      const weight = direction[name];
      if (weight) tensors.push(weight);
    }
  if (lengths) tensors.push(lengths);
  // What a call can have, in the digits of a number.
  let key = weights.length;
  for (const name of WEIGHT_NAMES) key = key * 2 + Number(weights[0]?.[name] !== undefined);
  key = (key * 2 + Number(lengths !== undefined)) * 3 + initialStates.length;
  let names = nameLists.get(key);
  if (!names) {
    const present = WEIGHT_NAMES.filter((name) => weights[0]?.[name] !== undefined);
    names = [
      'x',
      ...initialStates.map((_, s) => `state${s}`),
      ...weights.flatMap((_, k) => present.map((name) => `${name} ${k}`)),
      ...(lengths ? ['lengths'] : []),
    ];
    nameLists.set(key, names);
  }
  return { names, tensors };
}

/** Attributes by those of the stack, one object each. */
const attrsOfStacks = new WeakMap<StackAttrs, RecurrentAttrs[]>();

/** The attributes of a kernel; the same object for the same arguments, so that a kernel can know a layer by it. */
export function recurrentAttrs(
  cell: Cell,
  stackAttrs: StackAttrs,
  inputNames: readonly string[],
): RecurrentAttrs {
  const made = attrsOfStacks.get(stackAttrs) ?? [];
  let attrs = made.find((known) => known.inputNames === inputNames && known.cell === cell);
  if (!attrs) {
    attrs = { ...stackAttrs, cell, inputNames };
    made.push(attrs);
    attrsOfStacks.set(stackAttrs, made);
  }
  return attrs;
}

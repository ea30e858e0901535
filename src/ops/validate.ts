/** Checks of what a user passes to a recurrent op. Each message carries the words PyTorch uses for the same fault. */

import { Tensor } from '@tensorflow/tfjs-core';
import { message, show, showShape } from '../check.js';

/** A live tensor of any dtype. */
export function checkLiveTensor(where: string, what: string, value: unknown): asserts value is Tensor {
  if (!(value instanceof Tensor)) {
    const remedy = Array.isArray(value) || ArrayBuffer.isView(value) ? 'Make one with tf.tensor' : undefined;
    throw new TypeError(message(where, what, 'a tensor', show(value), remedy));
  }
  if (value.isDisposed) throw new RangeError(message(where, what, 'a live tensor', 'a disposed one'));
}

/** A live float32 tensor. */
export function checkTensor(where: string, what: string, value: unknown): asserts value is Tensor {
  checkLiveTensor(where, what, value);
  if (value.dtype === 'float32') return;
  const remedy = `RNN input dtype (${value.dtype}) does not match weight dtype (float32): convert it with tf.cast`;
  throw new TypeError(message(where, what, 'dtype float32', value.dtype, remedy));
}

/**
 * The shape of a sequence: rank 3 (or 2, when `allowUnbatched`), the last dimension I, T >= 1. Unknown dimensions
 * (null, in symbolic shapes) pass.
 */
export function checkSequenceShape(
  where: string,
  shape: readonly (number | null)[],
  options: { readonly inputSize?: number; readonly batchFirst: boolean; readonly allowUnbatched: boolean },
): void {
  const { inputSize, batchFirst, allowUnbatched } = options;
  const layout = batchFirst ? '[B, T, I]' : '[T, B, I]';
  const rank = shape.length;
  if (rank !== 3 && !(allowUnbatched && rank === 2)) {
    const rule = allowUnbatched ? `${layout} or unbatched [T, I]` : layout;
    const words = allowUnbatched
      ? `Expected input to be 2D or 3D, got ${rank}D instead`
      : 'Unbatched [T, I] input goes to forward()';
    throw new RangeError(message(where, 'x', rule, showShape(shape), words));
  }
  const last = shape[rank - 1];
  if (inputSize !== undefined && last !== null && last !== inputSize) {
    const words = `input.size(-1) must be equal to input_size. Expected ${inputSize}, got ${last}`;
    throw new RangeError(
      message(where, 'x', `a last dimension of ${inputSize} (inputSize)`, showShape(shape), words),
    );
  }
  if (last === 0) {
    const words = 'input_size must be greater than zero';
    throw new RangeError(message(where, 'x', 'a last dimension of at least 1', showShape(shape), words));
  }
  const steps = rank === 2 ? shape[0] : shape[batchFirst ? 1 : 0];
  if (steps === 0) {
    const words = 'Expected sequence length to be larger than 0 in RNN';
    throw new RangeError(message(where, 'x', 'at least one time step', showShape(shape), words));
  }
}

/**
 * An LSTM starts from both of its states or from zeros, as in torch: one alone means that the other was forgotten.
 * @throws TypeError
 */
export function checkBothOrNone(where: string, names: readonly string[], states: readonly unknown[]): void {
  const missing = states.findIndex((state) => state == null);
  const given = states.findIndex((state) => state != null);
  if (missing < 0 || given < 0) return;
  const remedy = `Carry both from call to call: { ${names.join(', ')} }`;
  throw new TypeError(
    message(
      where,
      names[missing] as string,
      `${names.join(' and ')} together`,
      `${names[given]} alone`,
      remedy,
    ),
  );
}

type Sizes = readonly (number | null)[];

/**
 * The shapes of the initial states of one call, in the cell's order; an absent one (undefined) passes.
 *
 * @param expected may hold null where any size will do.
 * @param hint what may be wrong with a shape that does not fit.
 */
export function checkStateShapes(
  where: string,
  names: readonly string[],
  shapes: readonly (Sizes | undefined)[],
  expected: readonly Sizes[],
  hint: (shape: Sizes, i: number) => string | undefined,
): void {
  for (const [i, shape] of shapes.entries()) {
    const rule = expected[i] as Sizes;
    if (shape === undefined || shapeFits(shape, rule)) continue;
    const remedy = [stateWords(shapes, rule, i), hint(shape, i)].filter(Boolean).join('. ');
    const what = names[i] as string;
    throw new RangeError(message(where, what, `shape ${showShape(rule)}`, showShape(shape), remedy));
  }
}

/** Unknown dimensions (null) fit any. */
export function shapeFits(shape: Sizes, expected: Sizes): boolean {
  const fits = (size: number | null, i: number) =>
    size === null || expected[i] === null || size === expected[i];
  return shape.length === expected.length && shape.every(fits);
}

/** torch's words: of one state it speaks of hx, of two of hx and cx. */
function stateWords(shapes: readonly (Sizes | undefined)[], expected: Sizes, i: number): string {
  const shape = shapes[i] as Sizes;
  const isPair = shapes.length > 1;
  if (shape.length === expected.length) {
    const sizes = expected.map((size) => size ?? '?').join(', ');
    return `Expected hidden${isPair ? `[${i}]` : ''} size (${sizes}), got ${showShape(shape)}`;
  }
  const [batching, rank] = expected.length === 2 ? ['unbatched', 2] : ['batched', 3];
  const ranks = shapes.map((state) => `${state?.length ?? rank}-D`).join(', ');
  const [subject, got] = isPair ? ['hx and cx', `(${ranks}) tensors`] : ['hx', `${ranks} tensor`];
  return `For ${batching} ${rank}-D input, ${subject} should also be ${rank}-D but got ${got}`;
}

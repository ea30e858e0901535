/** The inputs of the layers that take lengths as a second input: `x`, or `[x, lengths]`. */

import type { Tensor } from '@tensorflow/tfjs-core';
import { type Shape, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { message, show, showShape } from '../../check.js';
import { checkLiveTensor } from '../../ops/validate.js';

const NAMES = ['x', 'lengths'];

/** Checks that the inputs are all tensors, or all symbolic as the first one is. */
export function checkLengthInputs(
  where: string,
  inputs: readonly unknown[],
  rank: number,
  least: number,
): void {
  if (inputs.length < least || inputs.length > NAMES.length) {
    const rule = least === NAMES.length ? '[x, lengths]' : 'x or [x, lengths]';
    throw new RangeError(message(where, 'inputs', rule, `${inputs.length} tensors`));
  }
  const isSymbolic = inputs[0] instanceof SymbolicTensor;
  for (const [i, input] of inputs.entries()) {
    const name = NAMES[i] as string;
    if (!isSymbolic) checkLiveTensor(where, name, input);
    else if (!(input instanceof SymbolicTensor))
      throw new TypeError(message(where, name, 'a symbolic tensor, as x is', show(input)));
  }
  const [x, lengths] = inputs as readonly (Tensor | SymbolicTensor)[];
  checkShapes(where, rank, (x as Tensor).shape, lengths?.shape);
}

/** Unknown dimensions (null, in symbolic shapes) pass. */
function checkShapes(where: string, rank: number, x: Shape, lengths: Shape | undefined): void {
  if (x.length < rank) {
    const rule = rank === 2 ? '[B, T, ...]' : '[B, T, F]';
    throw new RangeError(message(where, 'x', rule, showShape(x)));
  }
  if (x[1] === 0) throw new RangeError(message(where, 'x', 'at least one time step', showShape(x)));
  if (lengths === undefined) return;
  const isLengths = lengths.length === 1 || (lengths.length === 2 && lengths[1] === 1);
  const sizes = [lengths[0], x[0]];
  const isOfBatch = sizes.includes(null) || sizes[0] === sizes[1];
  if (isLengths && isOfBatch) return;
  const batch = x[0] ?? 'B';
  const remedy = 'In a model tf.input({ shape: [1] }) takes lengths';
  throw new RangeError(
    message(where, 'lengths', `shape [${batch}] or [${batch}, 1]`, showShape(lengths), remedy),
  );
}

/** The shapes a recurrent cell takes, and the checks of what it is given. Each message carries PyTorch's words. */

import type { Shape } from '@tensorflow/tfjs-layers';
import { message, showShape } from '../check.js';

/** `[B, I]`, or unbatched `[I]` where that is allowed. Unknown dimensions (null, in symbolic shapes) pass. */
export function checkCellInput(
  where: string,
  className: string,
  shape: Shape,
  inputSize: number | undefined,
  allowUnbatched: boolean,
): void {
  const rank = shape.length;
  if (rank !== 2 && !(allowUnbatched && rank === 1)) {
    const rule = allowUnbatched ? '[B, I] or unbatched [I]' : '[B, I]';
    const words = allowUnbatched
      ? `${className}: Expected input to be 1D or 2D, got ${rank}D instead`
      : 'Unbatched [I] input goes to forward()';
    throw new RangeError(message(where, 'x', rule, showShape(shape), words));
  }
  const last = shape[rank - 1];
  if (last === 0) {
    const words = 'input_size must be greater than zero';
    throw new RangeError(message(where, 'x', 'a last dimension of at least 1', showShape(shape), words));
  }
  if (inputSize === undefined || last === null || last === inputSize) return;
  const words = `input has inconsistent input_size: got ${last} expected ${inputSize}`;
  throw new RangeError(
    message(where, 'x', `a last dimension of ${inputSize} (inputSize)`, showShape(shape), words),
  );
}

/** A state of the input's form: `[B, H]`, or `[H]` of an unbatched input. `index` counts the cell's states. */
export function checkCellState(
  where: string,
  className: string,
  names: readonly string[],
  index: number,
  shape: Shape,
  expected: Shape,
): void {
  const fits =
    shape.length === expected.length &&
    shape.every((size, i) => size === null || expected[i] === null || size === expected[i]);
  if (fits) return;
  const words = stateWords(className, names.length > 1 ? `hx[${index}]` : 'hidden', index, shape, expected);
  throw new RangeError(
    message(where, names[index] as string, `shape ${showShape(expected)}`, showShape(shape), words),
  );
}

function stateWords(
  className: string,
  name: string,
  index: number,
  shape: Shape,
  expected: Shape,
): string | undefined {
  const rank = shape.length;
  if (rank !== 1 && rank !== 2) return `${className}: Expected ${name} to be 1D or 2D, got ${rank}D instead`;
  const [got, wanted] = [shape, expected].map((sizes) => sizes.at(-1));
  if (rank !== expected.length) return 'An unbatched input [I] goes with [H], a batch [B, I] with [B, H]';
  if (got !== wanted) return `hidden${index} has inconsistent hidden_size: got ${got}, expected ${wanted}`;
  return `Input batch size ${expected[0]} doesn't match hidden${index} batch size ${shape[0]}`;
}

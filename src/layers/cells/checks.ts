/** Checks of the shapes that a recurrent cell takes. Each message has PyTorch's words for the same fault. */

import type { Shape } from '@tensorflow/tfjs-layers';
import { message, showShape } from '../../check.js';
import { shapeFits } from '../../ops/validate.js';

/** Checks for `[B, I]`, or unbatched `[I]` where that is allowed. Unknown dimensions (null, in symbolic shapes) pass. */
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

/** Checks for a state `[B, H]`, or `[H]` with an unbatched input. `index` is the state's among those of the cell. */
export function checkCellState(
  where: string,
  className: string,
  names: readonly string[],
  index: number,
  shape: Shape,
  expected: Shape,
): void {
  if (shapeFits(shape, expected)) return;
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
  const [batch, wanted] = [expected[0], expected.at(-1)];
  const ofSize = (got: Shape[number]) =>
    got === null || got === wanted
      ? ''
      : `hidden${index} has inconsistent hidden_size: got ${got}, expected ${wanted}`;
  const ofBatch = (got: Shape[number]) =>
    got === batch ? '' : `Input batch size ${batch} doesn't match hidden${index} batch size ${got}`;
  if (rank === expected.length) return ofSize(shape.at(-1) as Shape[number]) || ofBatch(shape[0]);
  // torch compares the first size of a state of the other rank with H, or with B.
  const words = rank === 2 ? ofSize(shape[0]) : ofBatch(shape[0]);
  const rule = 'An unbatched input [I] goes with [H], a batch [B, I] with [B, H]';
  return words === '' ? rule : `${words}. ${rule}`;
}

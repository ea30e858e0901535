/** How far two arrays are apart, and whether what is allowed explains it. */

import { elementCount } from '../../state-dict/tensors/dtypes.js';

/** Where the steps of a sequence lie in an array. */
export interface Steps {
  readonly axis: number;
  /** 2 where the second half of the last axis belongs to the reverse direction. */
  readonly directions: 1 | 2;
}

export interface Worst {
  /** |actual - expected|; infinite where one alone is NaN, or an infinity meets anything else. */
  readonly error: number;
  readonly allowed: number;
  /** Of the element, one number for each axis. */
  readonly index: readonly number[];
  readonly actual: number;
  readonly expected: number;
}

export interface Comparison {
  /** Elements. */
  readonly count: number;
  /** Elements with an error beyond what is allowed. */
  readonly exceeding: number;
  /** The first and the last step with such an element; absent where there are none, or no steps. */
  readonly firstStep?: number;
  readonly lastStep?: number;
  /** The rows of the batch with such elements, where others have none. */
  readonly rows?: readonly number[];
  /** The largest error of those elements, else of all; the first of several. */
  readonly worst: Worst;
}

/**
 * @param allowed  the largest error that is fine, by element.
 * @param batchAxis  where the rows of a batch lie; absent without a batch.
 */
export function compare(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  allowed: ArrayLike<number>,
  shape: readonly number[],
  steps: Steps | undefined,
  batchAxis?: number,
): Comparison {
  const errors = Float64Array.from({ length: expected.length }, (_, i) => errorOf(actual[i], expected[i]));
  const exceeding = [...errors.keys()].filter((i) => errors[i] > allowed[i]);
  const candidates = exceeding.length > 0 ? exceeding : errors.keys();
  let worst = 0;
  let most = -1;
  for (const i of candidates) if (errors[i] > most) [worst, most] = [i, errors[i]];
  const places = (axis: number) => [...new Set(exceeding.map(placeOn(shape, axis)))].sort((a, b) => a - b);
  const found = steps ? places(steps.axis) : [];
  const rows = batchAxis === undefined ? [] : places(batchAxis);
  return {
    count: expected.length,
    exceeding: exceeding.length,
    ...(found.length > 0 && { firstStep: found[0] as number, lastStep: found.at(-1) as number }),
    ...(rows.length > 0 && rows.length < (shape[batchAxis as number] as number) && { rows }),
    worst: {
      error: errors[worst],
      allowed: allowed[worst],
      index: indexOf(worst, shape),
      actual: actual[worst],
      expected: expected[worst],
    },
  };
}

/** Two NaN agree. */
export function errorOf(actual: number, expected: number): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  const error = Math.abs(actual - expected);
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
}

/** A function from the row-major position of an element to its place on an axis. */
export function placeOn(shape: readonly number[], axis: number): (position: number) => number {
  const inner = elementCount(shape.slice(axis + 1));
  const size = shape[axis] as number;
  return (position) => Math.floor(position / inner) % size;
}

/** Row-major position to index. */
function indexOf(position: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = position;
  for (const size of [...shape].reverse()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}

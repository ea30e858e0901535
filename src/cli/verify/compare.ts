/** How far two arrays are apart, and whether what is allowed explains it. */

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
  /** The first step with such an element; absent where there are none, or no steps. */
  readonly firstStep?: number;
  /** The largest error of those elements, else of all; the first of several. */
  readonly worst: Worst;
}

/** @param allowed  the largest error that is fine, by element. */
export function compare(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  allowed: ArrayLike<number>,
  shape: readonly number[],
  steps: Steps | undefined,
): Comparison {
  const errors = Float64Array.from({ length: expected.length }, (_, i) => errorOf(actual[i], expected[i]));
  const exceeding = [...errors.keys()].filter((i) => errors[i] > allowed[i]);
  const candidates = exceeding.length > 0 ? exceeding : errors.keys();
  let worst = 0;
  let most = -1;
  for (const i of candidates) if (errors[i] > most) [worst, most] = [i, errors[i]];
  const firstStep = steps && stepOf(shape, steps);
  const first = exceeding.reduce(
    (least, i) => Math.min(least, firstStep?.(i) ?? 0),
    Number.POSITIVE_INFINITY,
  );
  return {
    count: expected.length,
    exceeding: exceeding.length,
    ...(steps && exceeding.length > 0 && { firstStep: first }),
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

/** A function from the row-major position of an element to its step. */
export function stepOf(shape: readonly number[], { axis }: Steps): (position: number) => number {
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const steps = shape[axis] as number;
  return (position) => Math.floor(position / inner) % steps;
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

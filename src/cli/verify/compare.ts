/** How far two arrays are apart, and where. */

export interface WorstError {
  /** |actual - expected|; infinite where one alone is NaN, or an infinity meets anything else. */
  readonly error: number;
  /** Of the element, one number for each axis. */
  readonly index: readonly number[];
  readonly actual: number;
  readonly expected: number;
}

/** The element with the largest error, the first of several. Two NaN agree. An empty shape has the error 0. */
export function worstError(
  actual: Float32Array,
  expected: Float32Array,
  shape: readonly number[],
): WorstError {
  let worst = 0;
  let error = -1;
  for (let i = 0; i < expected.length; i++) {
    const own = errorOf(actual[i] as number, expected[i] as number);
    if (own > error) [worst, error] = [i, own];
  }
  if (error < 0) return { error: 0, index: [], actual: 0, expected: 0 };
  return {
    error,
    index: indexOf(worst, shape),
    actual: actual[worst] as number,
    expected: expected[worst] as number,
  };
}

function errorOf(actual: number, expected: number): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  const error = Math.abs(actual - expected);
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
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

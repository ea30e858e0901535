/** Values of a tensor against those of PyTorch. */

/** @returns the largest difference. @throws Error above the tolerance, and for NaN or infinity where the other has none. */
export function compareValues(
  name: string,
  actual: ArrayLike<number>,
  expected: readonly number[],
  tolerance: number,
): number {
  let worst = 0;
  for (const [i, wanted] of expected.entries()) {
    const got = actual[i] as number;
    if (got === wanted || (Number.isNaN(got) && Number.isNaN(wanted))) continue;
    const difference = Math.abs(got - wanted);
    if (!(difference <= tolerance)) throw new Error(`${name}[${i}]: ${got}, torch has ${wanted}`);
    worst = Math.max(worst, difference);
  }
  return worst;
}

/** The largest among those that are finite, 0 where there is none. */
export function largest(values: readonly number[]): number {
  return Math.max(0, ...values.map(Math.abs).filter(Number.isFinite));
}

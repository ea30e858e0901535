/** A scale on which each power of ten is as far from the next. */

export interface LogScale {
  /** Powers of ten from the left end to the right one. */
  readonly ticks: readonly number[];
  /** Where a value lies, 0 to 1. */
  place(value: number): number;
}

/** From the power of ten below all values to the one above; of no values from 0.1 to 1. */
export function logScale(values: readonly number[]): LogScale {
  const powers = values.filter((value) => value > 0).map(Math.log10);
  // A value at the left end would have no bar.
  const low = powers.length === 0 ? -1 : Math.ceil(Math.min(...powers)) - 1;
  const high = powers.length === 0 ? 0 : Math.max(low + 1, Math.ceil(Math.max(...powers)));
  return {
    ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)),
    place: (value) => (value > 0 ? (Math.log10(value) - low) / (high - low) : 0),
  };
}

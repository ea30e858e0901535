/** Summaries of measured times. */

export interface Summary {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
  readonly count: number;
}

/** Interpolates linearly between the sorted values: 0 is the least, 0.5 the median, 1 the greatest. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError('quantile: expected at least one value, got none');
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = Math.floor(at);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (at - below);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function summarize(values: readonly number[]): Summary {
  return {
    median: median(values),
    p10: quantile(values, 0.1),
    p90: quantile(values, 0.9),
    count: values.length,
  };
}

/** Of positive values: that of ratios and that of their reciprocals are reciprocal. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/**
 * How many times longer one takes than another, from rounds in which both ran one after the other. Each round gives a
 * ratio of medians, so that a machine that slows down in between does so to both.
 */
export function summarizeRatio(
  rounds: readonly (readonly number[])[],
  baseRounds: readonly (readonly number[])[],
): Summary {
  const ratios: number[] = [];
  for (const [i, times] of rounds.entries()) {
    const base = baseRounds[i];
    if (base && base.length > 0 && times.length > 0) ratios.push(median(times) / median(base));
  }
  return summarize(ratios);
}

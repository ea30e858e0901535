/** What the values of a tensor are like: their range, mean and histogram. */

/** Bars of a histogram. */
const BINS = 48;

export interface Values {
  readonly count: number;
  /** Of the finite values; NaN where there is none. */
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly deviation: number;
  /** Values that are NaN or infinite. */
  readonly notFinite: number;
  /** How many values lie in each of the equal parts from min to max. One part where all are the same. */
  readonly bins: readonly number[];
}

export function describeValues(values: Float32Array): Values {
  let [min, max, sum, finite] = [Infinity, -Infinity, 0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    finite++;
  }
  const notFinite = values.length - finite;
  if (finite === 0) {
    const [min, max, mean, deviation] = new Array<number>(4).fill(Number.NaN) as [
      number,
      number,
      number,
      number,
    ];
    return { count: values.length, min, max, mean, deviation, notFinite, bins: [] };
  }
  const mean = sum / finite;
  const bins = new Array<number>(max > min ? BINS : 1).fill(0);
  const perUnit = bins.length / (max - min || 1);
  let squares = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    squares += (value - mean) ** 2;
    const bin = Math.min(bins.length - 1, Math.floor((value - min) * perUnit));
    bins[bin] = (bins[bin] as number) + 1;
  }
  return { count: values.length, min, max, mean, deviation: Math.sqrt(squares / finite), notFinite, bins };
}

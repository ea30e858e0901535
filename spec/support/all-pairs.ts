/** Combinations of values in which every pair of values of two factors occurs. */

import type { Random } from './random.js';

/** A value of each factor, by its place among the factor's values. */
export type Row = readonly number[];

interface Pair {
  readonly f: number;
  readonly a: number;
  readonly g: number;
  readonly b: number;
}

/** The pairs that no row has yet. */
class Pairs {
  /** By the first factor and the second, a mark for each two of their values. */
  private readonly left: readonly (readonly Uint8Array[])[];

  constructor(private readonly sizes: readonly number[]) {
    this.left = sizes.map((a, f) => sizes.map((b, g) => new Uint8Array(f < g ? a * b : 0).fill(1)));
  }

  has(f: number, a: number, g: number, b: number): boolean {
    return f < g ? this.marks(f, g)[this.place(a, g, b)] === 1 : this.marks(g, f)[this.place(b, f, a)] === 1;
  }

  first(): Pair | undefined {
    for (const [f, others] of this.left.entries())
      for (const [g, marks] of others.entries()) {
        const size = this.sizes[g] as number;
        const place = marks.indexOf(1);
        if (place >= 0) return { f, a: Math.floor(place / size), g, b: place % size };
      }
    return undefined;
  }

  take(row: Row): void {
    for (const [g, b] of row.entries())
      for (const [f, a] of row.slice(0, g).entries()) this.marks(f, g)[this.place(a, g, b)] = 0;
  }

  private marks(f: number, g: number): Uint8Array {
    return this.left[f]?.[g] as Uint8Array;
  }

  private place(a: number, g: number, b: number): number {
    return a * (this.sizes[g] as number) + b;
  }
}

/**
 * Rows that cover every pair. Each begins with a pair that is left, and takes of every other factor, in a random order, the
 * value with the most pairs that are left, the first of them where they are alike.
 *
 * @param sizes how many values each factor has; those with the most first, since their pairs need the most rows.
 * @param isTooDear whether a row costs more than it should. The first value of a factor must be its cheapest: a row that
 * would be too dear otherwise has it.
 * @throws RangeError where two values are too dear together, whatever the others are.
 */
export function allPairs(
  sizes: readonly number[],
  random: Random,
  isTooDear: (row: Row) => boolean = () => false,
): Row[] {
  const pairs = new Pairs(sizes);
  const rows: Row[] = [];
  for (let pair = pairs.first(); pair; pair = pairs.first()) {
    const row = makeRow(pairs, pair, sizes, random, isTooDear);
    rows.push(row);
    pairs.take(row);
  }
  return rows;
}

function makeRow(
  pairs: Pairs,
  { f, a, g, b }: Pair,
  sizes: readonly number[],
  random: Random,
  isTooDear: (row: Row) => boolean,
): Row {
  const withValue = (row: Row, factor: number, value: number): Row =>
    row.map((old, place) => (place === factor ? value : old));
  const nothing = sizes.map(() => 0);
  let row = withValue(withValue(nothing, f, a), g, b);
  if (isTooDear(row))
    throw new RangeError(`value ${a} of factor ${f} and value ${b} of factor ${g} are too dear together`);
  const chosen = [f, g];
  const open = sizes.map((_, factor) => factor).filter((factor) => factor !== f && factor !== g);
  while (open.length > 0) {
    const [factor] = open.splice(random.integer(0, open.length - 1), 1) as [number];
    const gain = (value: number) =>
      chosen.filter((other) => pairs.has(factor, value, other, row[other] as number)).length;
    // The row has the first value already.
    let best = 0;
    for (let value = 1; value < (sizes[factor] as number); value++)
      if (gain(value) > gain(best) && !isTooDear(withValue(row, factor, value))) best = value;
    row = withValue(row, factor, best);
    chosen.push(factor);
  }
  return row;
}

/** How many pairs of values of two factors there are. */
export function pairCount(sizes: readonly number[]): number {
  return sizes.flatMap((a, f) => sizes.slice(f + 1).map((b) => a * b)).reduce((sum, count) => sum + count, 0);
}

/** How many different pairs of values of two factors the rows have; a row lists the values themselves. */
export function pairsIn(rows: readonly (readonly unknown[])[]): number {
  const pairs = rows.flatMap((row) =>
    row.flatMap((a, f) => row.slice(f + 1).map((b, i) => `${f} ${a} ${f + 1 + i} ${b}`)),
  );
  return new Set(pairs).size;
}

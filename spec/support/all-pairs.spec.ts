import { expect } from 'chai';
import { allPairs, pairCount, pairsIn, type Row } from './all-pairs.js';
import { Random } from './random.js';

const SIZES = [5, 4, 3, 3, 2, 2, 1];

/** Every two values of two factors, looked for in every row. */
function missingPairs(rows: readonly Row[], sizes: readonly number[]): string[] {
  const missing: string[] = [];
  for (let f = 0; f < sizes.length; f++)
    for (let g = f + 1; g < sizes.length; g++)
      for (let a = 0; a < sizes[f]!; a++)
        for (let b = 0; b < sizes[g]!; b++)
          if (!rows.some((row) => row[f] === a && row[g] === b)) missing.push(`${f}=${a} ${g}=${b}`);
  return missing;
}

describe('allPairs', () => {
  const sumOf = (row: Row) => row.reduce((sum, value) => sum + value, 0);

  for (const seed of [1, 2, 3, 4, 5])
    it(`has every pair of values of two factors, seed ${seed}`, () => {
      const rows = allPairs(SIZES, new Random(seed));
      expect(missingPairs(rows, SIZES)).to.deep.equal([]);
      for (const row of rows)
        expect(row.every((value, f) => value >= 0 && value < SIZES[f]!) && row.length).to.equal(SIZES.length);
    });

  it('needs few rows more than the two largest factors have pairs', () => {
    expect(allPairs([7, 7, 2, 2, 2, 2, 2, 2], new Random(1))).to.have.length.within(49, 52);
    expect(allPairs(SIZES, new Random(1))).to.have.length.within(20, 24);
  });

  it('has every pair in rows that are not too dear alone', () => {
    const isTooDear = (row: Row) => sumOf(row) > 7;
    const rows = allPairs(SIZES, new Random(1), isTooDear);
    expect(missingPairs(rows, SIZES)).to.deep.equal([]);
    expect(rows.filter(isTooDear)).to.deep.equal([]);
    // Without the limit rows would pass it.
    expect(allPairs(SIZES, new Random(1)).filter(isTooDear)).not.to.deep.equal([]);
  });

  it('refuses two values that are too dear together', () => {
    expect(() => allPairs(SIZES, new Random(1), (row) => sumOf(row) > 6)).to.throw(
      RangeError,
      'value 4 of factor 0 and value 3 of factor 1 are too dear together',
    );
  });

  it('makes the same rows of the same seed', () => {
    const rows = (seed: number) => allPairs(SIZES, new Random(seed));
    expect(rows(1)).to.deep.equal(rows(1));
    expect(rows(1)).not.to.deep.equal(rows(2));
  });
});

describe('pairsIn', () => {
  it('counts different pairs, up to all of them', () => {
    expect(pairsIn([['a', 1, true]])).to.equal(3);
    expect(
      pairsIn([
        ['a', 1],
        ['a', 1],
        ['a', 2],
        ['b', 1],
      ]),
    ).to.equal(3);
    expect(pairCount([2, 2, 3])).to.equal(16);
    expect(pairsIn(allPairs(SIZES, new Random(1)))).to.equal(pairCount(SIZES));
  });
});

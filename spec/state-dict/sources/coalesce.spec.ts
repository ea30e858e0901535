import { expect } from 'chai';
import fc from 'fast-check';
import type { ByteRange } from '../../../src/state-dict/reading/reading.js';
import { coalesce } from '../../../src/state-dict/sources/ranges.js';

const RUNS = { seed: 20261122, numRuns: 500 };
const GAP = 1 << 16;

function asked(ranges: readonly ByteRange[]): readonly ByteRange[] {
  return coalesce(ranges).joined;
}

function range(begin: number, end: number): ByteRange {
  return { begin, end };
}

describe('coalesce', () => {
  it('joins ranges with little between them, in whatever order they come', () => {
    expect(asked([range(64, 80), range(0, 16), range(16, 32)])).to.deep.equal([range(0, 80)]);
    const far = 32 + GAP;
    expect(asked([range(0, 32), range(far, far + 8)])).to.deep.equal([range(0, far + 8)]);
    expect(asked([range(0, 32), range(far + 1, far + 9)])).to.deep.equal([range(0, 32), range(far, far + 9)]);
  });

  it('begins at a multiple of 8, so that elements keep their alignment', () => {
    expect(asked([range(13, 20)])).to.deep.equal([range(8, 20)]);
  });

  it('keeps a range that lies in another inside it', () => {
    expect(asked([range(0, 100), range(8, 16), range(100, 104)])).to.deep.equal([range(0, 104)]);
  });

  it('joins to no more than 1 GiB, and leaves what is longer as it is', () => {
    const half = 2 ** 29;
    expect(asked([range(0, half), range(half, 2 * half), range(2 * half, 2 * half + 8)])).to.deep.equal([
      range(0, 2 * half),
      range(2 * half, 2 * half + 8),
    ]);
    expect(asked([range(0, 3 * half)])).to.deep.equal([range(0, 3 * half)]);
  });

  it('asks for nothing where there are no ranges', () => {
    expect(asked([])).to.deep.equal([]);
    expect(coalesce([]).split([])).to.deep.equal([]);
  });

  it('gives the bytes of each range in the order given', () => {
    const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
    const anyRange = fc
      .tuple(fc.nat({ max: bytes.length }), fc.nat({ max: 300 }))
      .map(([begin, length]) => range(begin, Math.min(begin + length, bytes.length)));
    fc.assert(
      fc.property(fc.array(anyRange, { maxLength: 8 }), (ranges) => {
        const { joined, split } = coalesce(ranges);
        const parts = split(joined.map(({ begin, end }) => bytes.subarray(begin, end)));
        expect(parts).to.have.length(ranges.length);
        for (const [i, { begin, end }] of ranges.entries()) {
          expect(Buffer.compare(parts[i], bytes.subarray(begin, end))).to.equal(0);
        }
      }),
      RUNS,
    );
  });
});

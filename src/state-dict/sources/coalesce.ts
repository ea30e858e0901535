import { type ByteRange, type Reading, readRanges } from '../reading/reading.js';

/** Two ranges with no more than this between them are read as one: a request of its own costs more than so many bytes. */
const MAX_GAP_BYTES = 1 << 16;

/** Most bytes of one joined range, which becomes one ArrayBuffer; engines refuse those of a few GiB. A longer range stays. */
const MAX_JOINED_BYTES = 2 ** 30;

/** The widest element: a range that begins at a multiple of it keeps the alignment that elements have in the file. */
const ALIGNMENT = 8;

/**
 * Reads ranges in one request of few, long ones: sorted, and joined where little lies between them.
 *
 * @returns the bytes of each range in the order given, views of what was read.
 */
export function* readCoalesced(ranges: readonly ByteRange[]): Reading<Uint8Array[]> {
  const order = ranges.map((_, i) => i).sort((a, b) => ranges[a].begin - ranges[b].begin);
  const joined: ByteRange[] = [];
  /** Which of the joined ranges holds each range. */
  const holder = new Uint32Array(ranges.length);
  for (const i of order) {
    const { begin, end } = ranges[i];
    const last = joined.at(-1);
    const widened = last && Math.max(last.end, end);
    if (last && widened && begin - last.end <= MAX_GAP_BYTES && widened - last.begin <= MAX_JOINED_BYTES) {
      joined[joined.length - 1] = { begin: last.begin, end: widened };
    } else {
      joined.push({ begin: begin - (begin % ALIGNMENT), end });
    }
    holder[i] = joined.length - 1;
  }
  const parts = joined.length === 0 ? [] : yield* readRanges(joined);
  return ranges.map(({ begin, end }, i) => {
    const start = joined[holder[i]].begin;
    return parts[holder[i]].subarray(begin - start, end - start);
  });
}

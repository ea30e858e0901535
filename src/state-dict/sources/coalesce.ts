import type { ByteRange } from '../reading/reading.js';

/** Two ranges with at most this gap are read as one: another request costs more than so many bytes. */
const MAX_GAP_BYTES = 1 << 16;

/** Most bytes of a joined range, which becomes one ArrayBuffer; engines refuse a few GiB. A longer single range stays. */
const MAX_JOINED_BYTES = 2 ** 30;

/** The widest element: a range that begins at a multiple of it keeps the alignment that elements have in the file. */
const ALIGNMENT = 8;

/** Few, long ranges in place of many. */
export interface Coalesced {
  readonly joined: readonly ByteRange[];
  /** The bytes of the original ranges in their order, views of those of the joined ranges. */
  split(parts: readonly Uint8Array[]): Uint8Array[];
}

/** Sorts ranges, and joins those with little between them. */
export function coalesce(ranges: readonly ByteRange[]): Coalesced {
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
  const split = (parts: readonly Uint8Array[]): Uint8Array[] =>
    ranges.map(({ begin, end }, i) => {
      const start = joined[holder[i]].begin;
      return parts[holder[i]].subarray(begin - start, end - start);
    });
  return { joined, split };
}

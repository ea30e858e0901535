import type { ByteRange } from '../reading/reading.js';
import { checkSize, type ReadProgress, type Transfer } from './stream.js';

/** A source of known size whose bytes can be read in any order. */
export interface RandomAccess {
  readonly size: number;
  /** The bytes of each range, whole and in the same order. Ranges lie inside the size. */
  read(ranges: readonly ByteRange[]): Promise<readonly Uint8Array[]>;
  /** Frees what the source holds, such as a file handle. */
  close(): Promise<void>;
}

/** Bytes in memory: the answers are views of them. */
export function memoryAccess(bytes: Uint8Array): RandomAccess {
  return {
    size: bytes.length,
    read: async (ranges) => ranges.map(({ begin, end }) => bytes.subarray(begin, end)),
    close: async () => {},
  };
}

/** More ranges are joined, gaps included: a reader may ask for the headers of ten thousand entries of an archive. */
const FEW_RANGES = 3;

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Reads one range of a source; the transfer reports the progress of this range. */
export type ReadOne = (range: ByteRange, transfer: Transfer) => Promise<Uint8Array>;

/**
 * A source that is read range by range; many ranges that lie close together are read as one. The sum of what is read stays within
 * `maxBytes`, which is checked before each read. Progress counts on from one range to the next, without a total, since later
 * requests are not known.
 *
 * @param head  the first bytes, where they have been read already: ranges inside them are not read again.
 */
export function rangedAccess(
  size: number,
  transfer: Transfer,
  readOne: ReadOne,
  { head = NO_BYTES, close = async (): Promise<void> => {} } = {},
): RandomAccess {
  let taken = head.length;
  const readNext = async (range: ByteRange): Promise<Uint8Array> => {
    if (range.end <= head.length) return head.subarray(range.begin, range.end);
    // HTTP cannot ask for a range without bytes, such as that of an empty tensor.
    if (range.begin === range.end) return NO_BYTES;
    const before = taken;
    const onProgress = ({ loaded }: ReadProgress): void => transfer.onProgress?.({ loaded: before + loaded });
    taken += range.end - range.begin;
    checkSize(transfer, taken);
    transfer.signal?.throwIfAborted();
    const bytes = await readOne(range, { ...transfer, onProgress });
    transfer.signal?.throwIfAborted();
    return bytes;
  };
  const readEach = async (ranges: readonly ByteRange[]): Promise<Uint8Array[]> => {
    const answers: Uint8Array[] = [];
    for (const range of ranges) answers.push(await readNext(range));
    return answers;
  };
  const read = async (ranges: readonly ByteRange[]): Promise<readonly Uint8Array[]> => {
    if (ranges.length <= FEW_RANGES) return readEach(ranges);
    const { joined, split } = coalesce(ranges);
    return split(await readEach(joined));
  };
  return { size, read, close };
}

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

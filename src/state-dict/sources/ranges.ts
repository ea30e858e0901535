import type { ByteRange } from '../reading/reading.js';
import { runAtOnce } from './at-once.js';
import { checkSize, grown, type ReadProgress, TRUSTED_BYTES, type Transfer } from './stream.js';

/** A source of known size whose bytes can be read in any order. */
export interface RandomAccess {
  readonly size: number;
  /** Bytes that have arrived, where the size is what a server declares; absent where it is known. */
  readonly received?: () => number;
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

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Reads one range of a source; the transfer reports the progress of this range. */
export type ReadOne = (range: ByteRange, transfer: Transfer) => Promise<Uint8Array>;

export interface RangedOptions {
  /** The first bytes, where they have been read already. */
  readonly head?: Uint8Array;
  close?(): Promise<void>;
  /** Whether the size is what a server declares. */
  readonly isDeclared?: boolean;
  /** Reads under way at once. @default 1 */
  readonly atOnce?: number;
  /** Most bytes of one read. Longer ranges are cut, and put together in one buffer. @default any number */
  readonly maxBytes?: number;
}

/**
 * A source that is read range by range; ranges that lie close together are read as one, and those that lie in bytes read a
 * short time ago are not read again. The sum of what is read stays within `maxBytes` of the transfer, which is checked before
 * anything is read. Progress counts on from one range to the next, without a total, since later requests are not known.
 *
 * A read that fails ends the others.
 */
export function rangedAccess(
  size: number,
  transfer: Transfer,
  readOne: ReadOne,
  options: RangedOptions = {},
): RandomAccess {
  const {
    head = NO_BYTES,
    close = async () => {},
    isDeclared = false,
    atOnce = 1,
    maxBytes = Number.POSITIVE_INFINITY,
  } = options;
  const recent = recentBytes(head);
  let taken = head.length;
  let arrived = head.length;
  let received = head.length;
  const readPiece = async (range: ByteRange, signal: AbortSignal): Promise<Uint8Array> => {
    let own = 0;
    const onProgress = ({ loaded }: ReadProgress): void => {
      arrived += loaded - own;
      own = loaded;
      transfer.onProgress?.({ loaded: arrived });
    };
    const bytes = await readOne(range, { ...transfer, signal, onProgress });
    signal.throwIfAborted();
    return bytes;
  };
  const readJoined = async (ranges: readonly ByteRange[]): Promise<Uint8Array[]> => {
    for (const { begin, end } of ranges) taken += end - begin;
    checkSize(transfer, taken);
    const answers: Uint8Array[] = [];
    await runAtOnce(cut(ranges, maxBytes), atOnce, transfer.signal, async ({ range, piece, i }, signal) => {
      const bytes = await readPiece(piece, signal);
      received += bytes.length;
      if (piece === range) answers[i] = bytes;
      else answers[i] = withPiece(answers[i], range, piece, bytes);
    });
    return answers;
  };
  const read = async (ranges: readonly ByteRange[]): Promise<readonly Uint8Array[]> => {
    // HTTP cannot ask for a range without bytes, such as that of an empty tensor.
    const known = ranges.map((range) => (range.begin === range.end ? NO_BYTES : recent.find(range)));
    const { joined, split } = coalesce(ranges.filter((_, i) => known[i] === undefined));
    const answers = await readJoined(joined);
    for (const [i, { begin }] of joined.entries()) recent.add(begin, answers[i]);
    const parts = split(answers).values();
    return known.map((bytes) => bytes ?? (parts.next().value as Uint8Array));
  };
  return { size, read, close, ...(isDeclared && { received: () => received }) };
}

/** The ranges themselves, or pieces of at most so many bytes: one by one, since a server may declare any size. */
function* cut(ranges: readonly ByteRange[], maxBytes: number) {
  for (const [i, range] of ranges.entries()) {
    if (range.end - range.begin <= maxBytes) yield { range, piece: range, i };
    else
      for (let { begin } = range; begin < range.end; begin += maxBytes)
        yield { range, piece: { begin, end: Math.min(begin + maxBytes, range.end) }, i };
  }
}

/** A buffer with one more piece of a range: the same one where it has room, else one that has grown. */
function withPiece(
  buffer: Uint8Array | undefined,
  range: ByteRange,
  piece: ByteRange,
  bytes: Uint8Array,
): Uint8Array {
  const total = range.end - range.begin;
  const needed = piece.end - range.begin;
  const first = buffer ?? new Uint8Array(Math.min(total, TRUSTED_BYTES));
  const roomy = needed <= first.length ? first : grown(first, needed, total);
  roomy.set(bytes, piece.begin - range.begin);
  return roomy;
}

/** Reads that are kept: the end of an archive, its directory, and two more. */
const KEPT_READS = 4;

/** Longest read that is kept. */
const KEPT_BYTES = 1 << 17;

/**
 * The first bytes of a source and those of the last short reads. The headers and small records of an archive lie close to what is
 * read before them.
 */
function recentBytes(head: Uint8Array) {
  const kept: { readonly begin: number; readonly bytes: Uint8Array }[] = [];
  return {
    add(begin: number, bytes: Uint8Array): void {
      if (bytes.length > KEPT_BYTES) return;
      kept.push({ begin, bytes });
      if (kept.length > KEPT_READS) kept.shift();
    },
    find({ begin, end }: ByteRange): Uint8Array | undefined {
      if (end <= head.length) return head.subarray(begin, end);
      const holder = kept.find((read) => read.begin <= begin && end <= read.begin + read.bytes.length);
      return holder?.bytes.subarray(begin - holder.begin, end - holder.begin);
    },
  };
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

import { type Reading, readRange } from '../../reading/reading.js';
import {
  END_BYTES,
  END_SIGNATURE,
  END64_BYTES,
  END64_SIGNATURE,
  LOCATOR_BYTES,
  LOCATOR_SIGNATURE,
  SATURATED16,
  SATURATED32,
  uint64At,
  viewOfBytes,
  zipError,
} from './records.js';

/** The range of the central directory in the file, and what the end of the archive says about it. */
export interface DirectoryPlace {
  readonly begin: number;
  readonly end: number;
  readonly entries: number;
  /** Bytes before the archive, such as a program that unpacks it. Offsets of entries count from their end. */
  readonly base: number;
}

const MAX_COMMENT_BYTES = 0xffff;

/** Most bytes behind the central directory. */
const TAIL_BYTES = END64_BYTES + LOCATOR_BYTES + END_BYTES + MAX_COMMENT_BYTES;

const WHAT = 'end of the archive';

/** The fields of both forms of the end record. */
interface EndRecord {
  /** Numbers of this disk and of the one where the directory starts: 0, since archives on several disks are not read. */
  readonly disks: readonly number[];
  /** Entries on this disk, and in all. */
  readonly counts: readonly number[];
  readonly size: number;
  readonly offset: number;
  /** Where the locator says that the 64-bit record begins. */
  readonly locator: number;
}

/**
 * Finds the central directory by the record that ends the archive: the last signature of one, as Python and unzip search for it.
 * The directory must end where the record begins. What stands before the archive, and behind the record, is no part of it.
 *
 * @throws FormatError also where the record lies in the comment of another: that hides an archive from other readers.
 */
export function* findDirectory(fileBytes: number): Reading<DirectoryPlace> {
  const tailBegin = Math.max(0, fileBytes - TAIL_BYTES);
  const tail = viewOfBytes(yield* readRange(tailBegin, fileBytes));
  const at = lastEnd(tail, tail.byteLength - END_BYTES);
  if (at === undefined)
    throw zipError('TRUNCATED', WHAT, 'the record that ends an archive', 'none', 'The file is cut short');
  checkNotInComment(tail, at, tailBegin);
  const short = readEnd(tail, at);
  const hasLocator = at >= LOCATOR_BYTES && tail.getUint32(at - LOCATOR_BYTES, true) === LOCATOR_SIGNATURE;
  const directoryEnd = hasLocator ? at - LOCATOR_BYTES - END64_BYTES : at;
  const record = hasLocator ? readEnd64(tail, at - LOCATOR_BYTES, short) : short;
  checkOneDisk(record);
  const end = tailBegin + directoryEnd;
  const begin = end - record.size;
  const base = begin - record.offset;
  const entries = record.counts[1];
  // Zeros in place of a record would make any file an archive of nothing, with all of it before that.
  const isSomewhere = base === 0 || (base > 0 && entries > 0);
  if (isSomewhere && (!hasLocator || base + record.locator === end)) return { begin, end, entries, base };
  const rule = `a directory that ends where its end record begins, at ${end}`;
  throw zipError('INVALID_SYNTAX', WHAT, rule, `${record.size} bytes at ${record.offset}`);
}

/** The last signature at or before a place. */
function lastEnd(tail: DataView, from: number): number | undefined {
  for (let at = from; at >= 0; at--) {
    if (tail.getUint32(at, true) === END_SIGNATURE) return at;
  }
  return undefined;
}

/** Bytes of elements and of comments may be a signature by chance: a record has room before it for the directory that it tells of. */
function checkNotInComment(tail: DataView, at: number, tailBegin: number): void {
  for (let outer = lastEnd(tail, at - 1); outer !== undefined; outer = lastEnd(tail, outer - 1)) {
    const commentEnd = outer + END_BYTES + tail.getUint16(outer + 20, true);
    const { size, offset } = readEnd(tail, outer);
    if (commentEnd <= at || size + offset > tailBegin + outer) continue;
    throw zipError('INVALID_SYNTAX', WHAT, 'one record that ends the archive', 'another in its comment');
  }
}

function readEnd(tail: DataView, at: number): EndRecord {
  return {
    disks: [tail.getUint16(at + 4, true), tail.getUint16(at + 6, true)],
    counts: [tail.getUint16(at + 8, true), tail.getUint16(at + 10, true)],
    size: tail.getUint32(at + 12, true),
    offset: tail.getUint32(at + 16, true),
    locator: 0,
  };
}

/** The record in 64 bits, which lies before its locator; the short one must agree with it or refer to it. */
function readEnd64(tail: DataView, locator: number, short: EndRecord): EndRecord {
  const at = locator - END64_BYTES;
  const lies = at >= 0 && tail.getUint32(at, true) === END64_SIGNATURE;
  const isPlain = lies && uint64At(tail, at + 4) === END64_BYTES - 12;
  if (!isPlain || tail.getUint32(locator + 16, true) > 1) {
    const rule = `its 64-bit record in the ${END64_BYTES} bytes before the locator`;
    throw zipError('INVALID_SYNTAX', WHAT, rule, 'something else');
  }
  const record: EndRecord = {
    disks: [tail.getUint32(at + 16, true), tail.getUint32(at + 20, true)],
    counts: [uint64At(tail, at + 24), uint64At(tail, at + 32)],
    size: uint64At(tail, at + 40),
    offset: uint64At(tail, at + 48),
    locator: uint64At(tail, locator + 8),
  };
  const agrees =
    short.counts.every((count, i) => count === SATURATED16 || count === record.counts[i]) &&
    (short.size === SATURATED32 || short.size === record.size) &&
    (short.offset === SATURATED32 || short.offset === record.offset);
  if (agrees) return record;
  throw zipError('INVALID_SYNTAX', WHAT, 'the same directory in both of its records', 'two that differ');
}

function checkOneDisk({ disks, counts }: EndRecord): void {
  if (disks.every((disk) => disk === 0) && counts[0] === counts[1]) return;
  throw zipError('INVALID_SYNTAX', WHAT, 'an archive in one part', `part ${disks[0]} of several`);
}

import { inflate, type Reading, readRange, readRanges } from '../../reading/reading.js';
import type { OpenedFile, StoredBytes } from '../checkpoint.js';
import { checkCrc32, crc32Of } from './crc32.js';
import { type CentralEntry, DEFLATED, nameOfEntry, readDirectory } from './directory.js';
import { findDirectory } from './end.js';
import { locateEntries } from './local.js';
import { WHERE, zipError } from './records.js';

/** An entry whose records agree. Its bytes have not been read. */
export interface ZipEntry {
  readonly name: string;
  /** Where its bytes lie in the file, as stored: `[begin, end)`. */
  readonly begin: number;
  readonly end: number;
  readonly isDeflated: boolean;
  /** Bytes once inflated, as the directory claims: at most 1032 times those stored. */
  readonly size: number;
  /** Absent where a format leaves it out on purpose. */
  readonly crc32?: number;
}

/** Names, in the order of the directory, and entries. */
export type ZipArchive = ReadonlyMap<string, ZipEntry>;

/**
 * Opens a zip archive: stored and deflated entries, 32 and 64 bits, sizes before or behind the data. It asks for the end of the
 * file, the directory, and in one request what stands around the data of the entries.
 *
 * The directory is the truth. What readers of zip disagree about is refused: names that stand twice, headers that
 * contradict the directory, bytes in no entry or in two, and whatever stands before or behind the archive.
 *
 * @throws FormatError when the archive breaks a rule; UnsupportedError for encrypted entries and other methods.
 */
export function* openZip({ size, limits }: OpenedFile): Reading<ZipArchive> {
  const place = yield* findDirectory(size);
  const directory = yield* readDirectory(place, limits);
  const dataBegins = yield* locateEntries(directory.values(), place.begin);
  const archive = new Map<string, ZipEntry>();
  for (const [name, entry] of directory) archive.set(name, entryAt(entry, dataBegins.get(entry) as number));
  return archive;
}

function entryAt({ name, method, crc32, storedBytes, inflatedBytes }: CentralEntry, begin: number): ZipEntry {
  return {
    name,
    begin,
    end: begin + storedBytes,
    isDeflated: method === DEFLATED,
    size: inflatedBytes,
    crc32,
  };
}

/** The bytes of an entry as tensors refer to them. Each call makes another storage: call it once for an entry. */
export function storageOf(
  { name, begin, end, isDeflated, size, crc32 }: ZipEntry,
  littleEndian: boolean,
): StoredBytes {
  const stored = { begin, end, littleEndian, crc32, what: nameOfEntry(name) };
  return isDeflated ? { ...stored, inflatedBytes: size } : stored;
}

/**
 * The bytes of an entry, inflated and checked by their CRC-32 where there is one.
 *
 * @throws FormatError ENTRY_TOO_LARGE, before it reads them, when the entry claims more than `maxBytes`.
 */
export function* readEntry(entry: ZipEntry, maxBytes: number): Reading<Uint8Array> {
  const what = nameOfEntry(entry.name);
  if (entry.size > maxBytes) {
    throw zipError('ENTRY_TOO_LARGE', what, `at most ${maxBytes} bytes`, `${entry.size}`);
  }
  const stored = yield* readRange(entry.begin, entry.end);
  const bytes = entry.isDeflated
    ? yield* inflate({ wrapper: 'raw', bytes: stored, maxBytes: entry.size, what })
    : stored;
  if (bytes.length !== entry.size) {
    throw zipError('CORRUPT_DATA', what, `${entry.size} bytes when inflated`, `${bytes.length}`);
  }
  if (entry.crc32 !== undefined) checkCrc32(WHERE, what, entry.crc32, crc32Of(bytes));
  return bytes;
}

/** Deflated bytes that are read for so many inflated ones: any sensible deflater has said that much by then. */
function deflatedEnough(count: number): number {
  return count + 512;
}

/**
 * The first `count` bytes of each entry, or all of a shorter one, without reading or inflating the rest. The CRC-32 is of the
 * whole entry, so these bytes are not checked by it yet.
 */
export function* readHeads(entries: readonly ZipEntry[], count: number): Reading<Uint8Array[]> {
  const parts = yield* readRanges(
    entries.map(({ begin, end, isDeflated }) => ({
      begin,
      end: Math.min(end, begin + (isDeflated ? deflatedEnough(count) : count)),
    })),
  );
  const heads: Uint8Array[] = [];
  for (const [i, entry] of entries.entries()) {
    heads.push(entry.isDeflated ? yield* inflateHead(entry, parts[i], count) : parts[i]);
  }
  return heads;
}

/** Inflates the beginning; where the deflated bytes at hand do not tell it, it reads four times as many until they do. */
function* inflateHead(entry: ZipEntry, part: Uint8Array, count: number): Reading<Uint8Array> {
  const what = nameOfEntry(entry.name);
  const wanted = Math.min(count, entry.size);
  let bytes = part;
  for (;;) {
    const head = yield* inflate({ wrapper: 'raw', bytes, maxBytes: wanted, prefix: true, what });
    if (head.length === wanted) return head;
    if (bytes.length === entry.end - entry.begin) {
      throw zipError('CORRUPT_DATA', what, `${entry.size} bytes when inflated`, `${head.length}`);
    }
    bytes = yield* readRange(entry.begin, Math.min(entry.end, entry.begin + 4 * bytes.length));
  }
}

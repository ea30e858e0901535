import { inflate, type Reading, readRange } from '../../reading/reading.js';
import type { InputFile, StoredBytes } from '../checkpoint.js';
import { checkCrc32, crc32Of } from './crc32.js';
import { type CentralEntry, DEFLATED, nameOfEntry, readDirectory } from './directory.js';
import { findDirectory } from './end.js';
import { locateEntries } from './local.js';
import { WHERE, zipError } from './records.js';

/** An entry whose headers agree. Its bytes have not been read. */
export interface ZipEntry {
  readonly name: string;
  /** Range of its stored bytes in the file: `[begin, end)`. */
  readonly begin: number;
  readonly end: number;
  readonly isDeflated: boolean;
  /** Bytes when inflated, by the directory: at most 1032 times those stored. */
  readonly size: number;
  /** Absent where the format leaves it out on purpose. */
  readonly crc32?: number;
}

/** Entries by name, in the order of the directory. */
export type ZipArchive = ReadonlyMap<string, ZipEntry>;

/**
 * Opens a zip archive: stored and deflated entries, 32 and 64 bits, sizes before or behind the data. It reads the end of the
 * file, the directory, and in one request the headers around the data of the entries.
 *
 * The directory decides. Files on which readers of zip disagree are refused: names that stand twice, headers that contradict the
 * directory, bytes in no entry or in two, and bytes before or behind the archive.
 *
 * @throws FormatError when the archive breaks a rule; UnsupportedError for encrypted entries and other methods.
 */
export function* openZip({ size, limits }: InputFile): Reading<ZipArchive> {
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

/** The storage of an entry, for tensors to refer to. Each call makes another storage: call it once for an entry. */
export function storageOf(
  { name, begin, end, isDeflated, size, crc32 }: ZipEntry,
  littleEndian: boolean,
): StoredBytes {
  const stored = { begin, end, littleEndian, crc32, what: nameOfEntry(name) };
  return isDeflated ? { ...stored, inflatedBytes: size } : stored;
}

/**
 * Reads the bytes of an entry, inflates them, and checks their CRC-32 where there is one.
 *
 * @throws FormatError ENTRY_TOO_LARGE, before it reads, when the entry declares more than `maxBytes`.
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

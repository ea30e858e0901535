import { inflate, type Reading, readRange } from '../../reading/reading.js';
import type { StoredBytes, UnopenedFile } from '../checkpoint.js';
import { checkCrc32, crc32Of } from './crc32.js';
import { DEFLATED, nameOfEntry, readDirectory, type ZipEntry } from './directory.js';
import { findDirectory } from './end.js';
import { dataIn } from './local.js';
import { LOCAL_BYTES, WHERE, zipError } from './records.js';

/** Entries by name, in the order of the directory. */
export type ZipArchive = ReadonlyMap<string, ZipEntry>;

/**
 * Opens a zip archive: stored and deflated entries, 32 and 64 bits, sizes before or behind the data. It reads the end of the
 * file and the directory. The header and descriptor of an entry are checked when it is read; readers check those of entries that
 * they leave alone by `locateEntries`, since a damaged name may be why.
 *
 * The directory decides. Files on which readers of zip disagree are refused: names that stand twice, bytes before or behind the
 * archive, entries that overlap, and entries with headers that contradict the directory or with other bytes around their data.
 *
 * @throws FormatError when the archive breaks a rule; UnsupportedError for encrypted entries and other methods.
 */
export function* openZip({ size, limits }: UnopenedFile): Reading<ZipArchive> {
  const place = yield* findDirectory(size);
  const directory = yield* readDirectory(place, limits);
  findSlotEnds([...directory.values()], place.begin);
  return directory;
}

/**
 * Where the slot of each entry ends: at the next one, or at the directory. Entries and directory tile the file, as those of Python
 * and torch do (torch aligns data by extra fields, not by gaps), and each slot has room for at least its name and data.
 */
function findSlotEnds(entries: ZipEntry[], directoryBegin: number): void {
  entries.sort((a, b) => a.offset - b.offset);
  const first = entries[0]?.offset ?? directoryBegin;
  if (first !== 0)
    throw zipError('INVALID_SYNTAX', 'file', 'its first entry at byte 0', `${first} bytes before it`);
  for (const [i, entry] of entries.entries()) {
    const { name, nameBytes, offset, storedBytes } = entry;
    entry.end = entries[i + 1]?.offset ?? directoryBegin;
    const needed = LOCAL_BYTES + nameBytes.length + storedBytes;
    if (entry.end - offset >= needed) continue;
    const rule = `${needed} bytes at least from ${offset} to what follows`;
    throw zipError('INCONSISTENT', nameOfEntry(name), rule, `${entry.end - offset}`);
  }
}

/** The storage of an entry, for tensors to refer to. Each call makes another storage: call it once for an entry. */
export function storageOf(entry: ZipEntry, littleEndian: boolean): StoredBytes {
  const { name, offset, end, method, inflatedBytes, crc32 } = entry;
  return {
    entry,
    begin: offset,
    end,
    littleEndian,
    inflatedBytes: method === DEFLATED ? inflatedBytes : undefined,
    crc32,
    what: nameOfEntry(name),
  };
}

/** Tells a storage that its data begins at `begin`, as `locateEntries` found. */
export function locateStorage(storage: StoredBytes, begin: number): void {
  storage.begin = begin;
  storage.end = begin + (storage.entry as ZipEntry).storedBytes;
  storage.entry = undefined;
}

/**
 * Reads the slot of an entry, checks it, and returns its data, inflated and checked against the CRC-32 where there is one.
 *
 * @throws FormatError TOO_LARGE, before it reads, when the entry declares more than `maxBytes`.
 */
export function* readEntry(entry: ZipEntry, maxBytes: number): Reading<Uint8Array> {
  const { offset, end, method, inflatedBytes, crc32 } = entry;
  const what = nameOfEntry(entry.name);
  if (inflatedBytes > maxBytes) {
    throw zipError('TOO_LARGE', what, `at most ${maxBytes} bytes`, `${inflatedBytes}`);
  }
  const stored = dataIn(entry, yield* readRange(offset, end));
  const bytes =
    method === DEFLATED
      ? yield* inflate({ wrapper: 'zip', bytes: stored, maxBytes: inflatedBytes, what })
      : stored;
  if (bytes.length !== inflatedBytes) {
    throw zipError('DAMAGED', what, `${inflatedBytes} bytes when inflated`, `${bytes.length}`);
  }
  if (crc32 !== undefined) checkCrc32(WHERE, what, crc32, crc32Of(bytes));
  return bytes;
}

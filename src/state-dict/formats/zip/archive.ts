import { inflate, type Reading, readRanges } from '../../reading/reading.js';
import type { StoredBytes, UnopenedFile } from '../checkpoint.js';
import { checkCrc32, crc32Of } from './crc32.js';
import { DEFLATED, nameOfEntry, readDirectory, type ZipEntry } from './directory.js';
import { findDirectory } from './end.js';
import { aroundEntry, dataIn } from './local.js';
import { LOCAL_BYTES, WHERE, zipError } from './records.js';

/** Entries by name, in the order of the directory. */
export type ZipArchive = ReadonlyMap<string, ZipEntry>;

/**
 * Opens a zip archive: stored and deflated entries, 32 and 64 bits, sizes before or behind the data. It reads the end of the
 * file and the directory. The header and descriptor of an entry are checked when it is read.
 *
 * The directory decides, as for Python and unzip. Bytes that it does not mention are left alone: before the archive, between
 * entries, behind the end. Archives on which those two disagree are refused: entries that overlap, entries with headers that contradict
 * the directory, an archive in a comment.
 *
 * @throws FormatError when the archive breaks a rule; UnsupportedError for encrypted entries and other methods.
 */
export function* openZip({ size, limits }: UnopenedFile): Reading<ZipArchive> {
  const place = yield* findDirectory(size);
  const { entries, all } = yield* readDirectory(place, limits);
  findSlotEnds(all, place.begin);
  return entries;
}

/** Where the slot of each entry ends: at the next one, or at the directory. It has room for at least its name and data. */
function findSlotEnds(entries: ZipEntry[], directoryBegin: number): void {
  entries.sort((a, b) => a.offset - b.offset);
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
  const { name, end, storedBytes, method, inflatedBytes, crc32 } = entry;
  return {
    around: aroundEntry(entry),
    begin: end - storedBytes,
    end,
    littleEndian,
    inflatedBytes: method === DEFLATED ? inflatedBytes : undefined,
    crc32,
    what: nameOfEntry(name),
  };
}

/**
 * Reads the slots of entries in one request, checks them, and returns the data of each, inflated and checked against the CRC-32
 * where there is one.
 *
 * @param maxBytes  of each entry.
 * @throws FormatError TOO_LARGE, before it reads, when an entry declares more.
 */
export function* readEntries(
  entries: readonly ZipEntry[],
  maxBytes: readonly number[],
): Reading<EntryData[]> {
  for (const [i, { name, inflatedBytes }] of entries.entries()) {
    if (inflatedBytes <= maxBytes[i]) continue;
    throw zipError('TOO_LARGE', nameOfEntry(name), `at most ${maxBytes[i]} bytes`, `${inflatedBytes}`);
  }
  const slots = yield* readRanges(entries.map(({ offset, end }) => ({ begin: offset, end })));
  const data: EntryData[] = [];
  for (const [i, entry] of entries.entries()) data.push(yield* dataOf(entry, slots[i]));
  return data;
}

/** The data of an entry. */
export interface EntryData {
  readonly bytes: Uint8Array;
  /** Where the stored data begins in the file. */
  readonly begin: number;
}

function* dataOf(entry: ZipEntry, slot: Uint8Array): Reading<EntryData> {
  const { method, inflatedBytes, crc32, offset } = entry;
  const what = nameOfEntry(entry.name);
  const stored = dataIn(entry, slot);
  const bytes =
    method === DEFLATED
      ? yield* inflate({ wrapper: 'zip', bytes: stored, maxBytes: inflatedBytes, what })
      : stored;
  if (bytes.length !== inflatedBytes) {
    throw zipError('DAMAGED', what, `${inflatedBytes} bytes when inflated`, `${bytes.length}`);
  }
  if (crc32 !== undefined) checkCrc32(WHERE, what, crc32, crc32Of(bytes));
  return { bytes, begin: offset + stored.byteOffset - slot.byteOffset };
}

/** {@link readEntries} of one. */
export function* readEntry(entry: ZipEntry, maxBytes: number): Reading<Uint8Array> {
  const [data] = yield* readEntries([entry], [maxBytes]);
  return data.bytes;
}

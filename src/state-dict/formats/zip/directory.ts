import { message, show } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import { type Reading, readRange } from '../../reading/reading.js';
import type { ReadLimits } from '../../rules/limits.js';
import type { DirectoryPlace } from './end.js';
import { type ExtraFields, NO_FIELDS, readExtraFields, UNICODE_PATH, ZIP64 } from './extra.js';
import { readName } from './name.js';
import {
  CENTRAL_BYTES,
  CENTRAL_SIGNATURE,
  SATURATED16,
  SATURATED32,
  uint64At,
  viewOfBytes,
  WHERE,
  zipError,
} from './records.js';

/** An entry of the central directory, and its slot `[offset, end)`, which holds its header, data and descriptor. */
export interface ZipEntry {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly flags: number;
  readonly method: number;
  /** Absent where the format leaves it out on purpose, as torch does; zero is in its place. */
  readonly crc32?: number | undefined;
  /** Bytes as stored, and when inflated. */
  readonly storedBytes: number;
  readonly inflatedBytes: number;
  /** Where its local header begins. */
  readonly offset: number;
  /** Known when the whole directory is. */
  end: number;
  /** The last of the earlier entries with the same name. */
  readonly replaced?: ZipEntry;
}

const STORED = 0;
export const DEFLATED = 8;

export const ENCRYPTED = 1 << 0;
/** Sizes and checksum follow the data: torch always writes so, Python where it cannot seek. */
export const HAS_DESCRIPTOR = 1 << 3;
const UTF8_NAME = 1 << 11;
/** Patches to other data, strong encryption, and a directory that hides its values. The other flags do not change how data is read. */
const UNREAD_FLAGS = (1 << 5) | (1 << 6) | (1 << 13);

/** Names of common compression methods. */
const METHOD_NAMES = new Map([
  [9, 'Deflate64'],
  [12, 'bzip2'],
  [14, 'LZMA'],
  [93, 'Zstandard'],
  [95, 'XZ'],
]);

/** Numbers of entries that an end record in 32 bits tells apart. */
const COUNT_RANGE = 1 << 16;

/** Largest ratio of deflate: at least two bits for each match of at most 258 bytes. */
const MAX_INFLATION = 1032;

const DIRECTORY = 'central directory';
const REPACK = 'Write the archive anew, its entries stored or deflated';

/**
 * Reads the central directory in its order. Each entry is of a kind that can be read. Of entries with one name the last counts, as
 * for Python; `all` has the others too.
 */
export function* readDirectory(
  place: DirectoryPlace,
  limits: Required<ReadLimits>,
): Reading<{ readonly entries: Map<string, ZipEntry>; readonly all: ZipEntry[] }> {
  checkPlace(place, limits);
  const bytes = yield* readRange(place.begin, place.end);
  const view = viewOfBytes(bytes);
  const entries = new Map<string, ZipEntry>();
  const all: ZipEntry[] = [];
  let at = 0;
  while (at < bytes.length) {
    checkCount(all.length + 1, limits);
    const { entry, next } = readCentral(bytes, view, at, all.length, place.base);
    const replaced = entries.get(entry.name);
    const counts = replaced ? { ...entry, replaced } : entry;
    entries.set(entry.name, counts);
    all.push(counts);
    at = next;
  }
  // Without a 64-bit record the number has 16 bits, and some writers cut it to them.
  if (all.length % COUNT_RANGE === place.entries % COUNT_RANGE) return { entries, all };
  throw zipError(
    'INVALID_SYNTAX',
    DIRECTORY,
    `${place.entries} entries, as the end record says`,
    `${all.length}`,
  );
}

function checkPlace({ begin, end, entries }: DirectoryPlace, limits: Required<ReadLimits>): void {
  checkCount(entries, limits);
  if (end - begin > limits.maxHeaderBytes) {
    const rule = `at most ${limits.maxHeaderBytes} bytes (limits.maxHeaderBytes)`;
    throw zipError('TOO_LARGE', DIRECTORY, rule, `${end - begin}`);
  }
}

function checkCount(entries: number, { maxEntries }: Required<ReadLimits>): void {
  if (entries <= maxEntries) return;
  const rule = `at most ${maxEntries} entries`;
  throw zipError('TOO_LARGE', DIRECTORY, rule, `${entries}`, 'Raise limits.maxEntries to read it');
}

function readCentral(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  i: number,
  base: number,
): { entry: ZipEntry; next: number } {
  const fits = at + CENTRAL_BYTES <= bytes.length && view.getUint32(at, true) === CENTRAL_SIGNATURE;
  const nameEnd = fits ? at + CENTRAL_BYTES + view.getUint16(at + 28, true) : 0;
  const extraEnd = fits ? nameEnd + view.getUint16(at + 30, true) : 0;
  const next = fits ? extraEnd + view.getUint16(at + 32, true) : 0;
  if (!fits || next > bytes.length) {
    throw zipError('INVALID_SYNTAX', DIRECTORY, `entry ${i}, whole, at its byte ${at}`, 'something else');
  }
  const nameBytes = bytes.subarray(at + CENTRAL_BYTES, nameEnd);
  const flags = view.getUint16(at + 8, true);
  const fields = extraEnd > nameEnd ? readExtraFields(bytes.subarray(nameEnd, extraEnd)) : NO_FIELDS;
  const isUtf8 = (flags & UTF8_NAME) !== 0;
  const name = readName(nameBytes, isUtf8, `entry ${i}`, fields.get(UNICODE_PATH));
  const { storedBytes, inflatedBytes, offset } = readSizes(view, at, fields, name);
  const entry: ZipEntry = {
    name,
    nameBytes,
    flags,
    method: view.getUint16(at + 10, true),
    crc32: view.getUint32(at + 16, true),
    storedBytes,
    inflatedBytes,
    offset: base + offset,
    end: 0,
  };
  checkKind(entry);
  checkSizes(entry);
  return { entry, next };
}

/** The name of an entry in messages. */
export function nameOfEntry(name: string): string {
  return `entry ${show(name)}`;
}

const NO_BYTES = new Uint8Array(0);

/** Sizes and offset. Those that do not fit into 32 bits are in the extra field instead, in this order. */
function readSizes(
  view: DataView,
  at: number,
  fields: ExtraFields,
  name: string,
): Pick<ZipEntry, 'storedBytes' | 'inflatedBytes' | 'offset'> {
  if (!fields.isSound) {
    const rule = 'whole extra fields, each that is read at most once';
    throw zipError('INVALID_SYNTAX', nameOfEntry(name), rule, 'others');
  }
  const wide = viewOfBytes(fields.get(ZIP64) ?? NO_BYTES);
  let used = 0;
  const take = (short: number, saturated: number, length: number): number => {
    if (short !== saturated) return short;
    if (used + length > wide.byteLength) {
      const rule = 'a 64-bit value for each that is too large for 32';
      throw zipError('INVALID_SYNTAX', nameOfEntry(name), rule, 'fewer');
    }
    used += length;
    return length === 8 ? uint64At(wide, used - length) : wide.getUint32(used - length, true);
  };
  const inflatedBytes = take(view.getUint32(at + 24, true), SATURATED32, 8);
  const storedBytes = take(view.getUint32(at + 20, true), SATURATED32, 8);
  const offset = take(view.getUint32(at + 42, true), SATURATED32, 8);
  const disk = take(view.getUint16(at + 34, true), SATURATED16, 4);
  if (disk !== 0)
    throw zipError('INVALID_SYNTAX', nameOfEntry(name), 'an archive in one part', `part ${disk}`);
  return { storedBytes, inflatedBytes, offset };
}

function checkKind({ name, flags, method }: ZipEntry): void {
  const refusal = (rule: string, got: string, remedy: string): UnsupportedError =>
    new UnsupportedError(message(WHERE, nameOfEntry(name), rule, got, remedy));
  if (flags & ENCRYPTED) {
    const remedy = 'Decrypt it first: write the archive anew without a password';
    throw refusal('an entry without a password', 'an encrypted one', remedy);
  }
  if (flags & UNREAD_FLAGS) {
    const rule = 'no flags of patches, strong encryption and hidden values';
    throw refusal(rule, `flags 0x${flags.toString(16).padStart(4, '0')}`, REPACK);
  }
  if (method !== STORED && method !== DEFLATED)
    throw refusal('stored or deflated bytes', METHOD_NAMES.get(method) ?? `method ${method}`, REPACK);
}

function checkSizes({ name, method, storedBytes, inflatedBytes }: ZipEntry): void {
  const most = method === STORED ? storedBytes : MAX_INFLATION * storedBytes;
  if (inflatedBytes <= most && (method === DEFLATED || inflatedBytes === storedBytes)) return;
  const rule = method === STORED ? `the ${storedBytes} bytes stored` : `at most ${most} bytes when inflated`;
  throw zipError('INVALID_SYNTAX', nameOfEntry(name), rule, `${inflatedBytes}`);
}

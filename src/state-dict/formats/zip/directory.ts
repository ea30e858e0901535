import { message, show } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import { MAX_INFLATION } from '../../reading/inflate-head.js';
import { type Reading, readRange } from '../../reading/reading.js';
import type { ReadLimits } from '../../rules/limits.js';
import type { DirectoryPlace } from './end.js';
import {
  CENTRAL_BYTES,
  CENTRAL_SIGNATURE,
  EXTRA_HEAD_BYTES,
  SATURATED16,
  SATURATED32,
  uint64At,
  viewOfBytes,
  WHERE,
  ZIP64_EXTRA,
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
}

const STORED = 0;
export const DEFLATED = 8;

const ENCRYPTED = 1 << 0;
/** Sizes and checksum follow the data: torch always writes so, Python where it cannot seek. */
export const HAS_DESCRIPTOR = 1 << 3;
const UTF8_NAME = 1 << 11;
/** Bits 1 and 2 are the level of the deflater. */
const KNOWN_FLAGS = (1 << 1) | (1 << 2) | HAS_DESCRIPTOR | UTF8_NAME;

/** Names of common compression methods. */
const METHOD_NAMES = new Map([
  [9, 'Deflate64'],
  [12, 'bzip2'],
  [14, 'LZMA'],
  [93, 'Zstandard'],
  [95, 'XZ'],
]);

const DIRECTORY = 'central directory';
const REPACK = 'Write the archive anew, its entries stored or deflated';

/** Reads the central directory in its order. Each name stands once, and each entry is of a kind that can be read. */
export function* readDirectory(
  place: DirectoryPlace,
  limits: Required<ReadLimits>,
): Reading<Map<string, ZipEntry>> {
  checkPlace(place, limits);
  const bytes = yield* readRange(place.begin, place.end);
  const view = viewOfBytes(bytes);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < place.entries; i++) {
    const { entry, next } = readCentral(bytes, view, at, i);
    if (entries.has(entry.name)) {
      throw zipError('DUPLICATE_NAME', DIRECTORY, 'each name once', `${show(entry.name)} again`);
    }
    entries.set(entry.name, entry);
    at = next;
  }
  if (at === bytes.length) return entries;
  throw zipError('INVALID_SYNTAX', DIRECTORY, `${at} bytes for ${place.entries} entries`, `${bytes.length}`);
}

function checkPlace({ begin, end, entries }: DirectoryPlace, limits: Required<ReadLimits>): void {
  if (entries > limits.maxEntries) {
    const rule = `at most ${limits.maxEntries} entries`;
    throw zipError('TOO_LARGE', DIRECTORY, rule, `${entries}`, 'Raise limits.maxEntries to read it');
  }
  if (end - begin > limits.maxHeaderBytes) {
    const rule = `at most ${limits.maxHeaderBytes} bytes (limits.maxHeaderBytes)`;
    throw zipError('TOO_LARGE', DIRECTORY, rule, `${end - begin}`);
  }
}

function readCentral(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  i: number,
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
  const name = readName(nameBytes, (flags & UTF8_NAME) !== 0, `entry ${i}`);
  const { storedBytes, inflatedBytes, offset } = readSizes(view, at, bytes.subarray(nameEnd, extraEnd), name);
  const entry: ZipEntry = {
    name,
    nameBytes,
    flags,
    method: view.getUint16(at + 10, true),
    crc32: view.getUint32(at + 16, true),
    storedBytes,
    inflatedBytes,
    offset,
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

const NO_BYTES = new DataView(new ArrayBuffer(0));

/** Sizes and offset. Those that do not fit into 32 bits are in the extra field instead, in this order. */
function readSizes(
  view: DataView,
  at: number,
  extra: Uint8Array,
  name: string,
): Pick<ZipEntry, 'storedBytes' | 'inflatedBytes' | 'offset'> {
  const wide = extra.length > 0 ? viewOfBytes(zip64Field(extra, name)) : NO_BYTES;
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

/** The content of the zip64 extra field; no bytes where there is none. */
function zip64Field(extra: Uint8Array, name: string): Uint8Array {
  const view = viewOfBytes(extra);
  let found: Uint8Array | undefined;
  let at = 0;
  while (at < extra.length) {
    const begin = at + EXTRA_HEAD_BYTES;
    const end = begin <= extra.length ? begin + view.getUint16(at + 2, true) : begin;
    const isZip64 = end <= extra.length && view.getUint16(at, true) === ZIP64_EXTRA;
    if (end > extra.length || (isZip64 && found)) {
      const rule = 'whole extra fields, one of 64-bit sizes at most';
      throw zipError('INVALID_SYNTAX', nameOfEntry(name), rule, 'others');
    }
    if (isZip64) found = extra.subarray(begin, end);
    at = end;
  }
  return found ?? extra.subarray(0, 0);
}

function checkKind({ name, flags, method }: ZipEntry): void {
  const refusal = (rule: string, got: string, remedy: string): UnsupportedError =>
    new UnsupportedError(message(WHERE, nameOfEntry(name), rule, got, remedy));
  if (flags & ENCRYPTED) {
    const remedy = 'Decrypt it first: write the archive anew without a password';
    throw refusal('an entry without a password', 'an encrypted one', remedy);
  }
  if (flags & ~KNOWN_FLAGS) {
    const rule = 'no flags beside those of names, descriptors and deflating';
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

const BACKSLASH = 0x5c;

/** Shared, since making a decoder costs more than decoding a name. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The name of an entry: UTF-8 where the entry says so, else ASCII. Readers disagree on other bytes (code page 437, or that of the
 * writer's machine).
 *
 * Names that lead out of a folder are refused although nothing is unpacked here: no writer of weights makes one. A zero byte is
 * refused too, since Python cuts a name off there.
 */
export function readName(bytes: Uint8Array, isUtf8: boolean, what: string): string {
  const name = decode(bytes, isUtf8, what);
  const isRelative = !/^(\/|[a-z]:\/)/i.test(name) && !name.split('/').includes('..');
  if (bytes.length > 0 && isRelative && !bytes.includes(0) && !bytes.includes(BACKSLASH)) return name;
  const rule = 'a relative name without "..", backslashes and zero bytes';
  throw zipError('UNSAFE_NAME', what, rule, show(name));
}

function decode(bytes: Uint8Array, isUtf8: boolean, what: string): string {
  if (!isUtf8 && bytes.some((byte) => byte > 0x7f)) {
    throw zipError('UNSAFE_NAME', what, 'a name in ASCII, or marked as UTF-8', 'other bytes');
  }
  try {
    return UTF8.decode(bytes);
  } catch {
    throw zipError('UNSAFE_NAME', what, 'a name in UTF-8, as it is marked', 'other bytes');
  }
}

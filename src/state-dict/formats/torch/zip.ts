import { message, show, showFirst } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import type { Reading } from '../../reading/reading.js';
import { formatError } from '../../rules/format-codes.js';
import { hasMark, latin1Of } from '../../tensors/bytes.js';
import type { Checkpoint, InputFile, StoredBytes } from '../checkpoint.js';
import { refuseForeignArchive } from '../foreign/archives.js';
import { type Unpickled, unpickle } from '../pickle/unpickle.js';
import { openZip, readEntries, storageOf, type ZipArchive } from '../zip/archive.js';
import { nameOfEntry, type ZipEntry } from '../zip/directory.js';
import { locateEntries } from '../zip/local.js';
import { isSpelledBy } from '../zip/name.js';
import { WHERE } from './objects/invalid.js';
import { findStorages, nameOfStorage, readClaims, type StorageClaim } from './objects/storages.js';
import { interpret } from './objects/tree.js';

/** Entries by the {@link foldedName} of their bytes inside the one folder of the archive. */
type Records = ReadonlyMap<string, ZipEntry>;

const PICKLE = 'data.pkl';

/** Records of the version, the newer one first. */
const VERSION = ['.data/version', 'version'];

/** Newest version of the layout that torch reads. */
const MAX_VERSION = 10;

const BYTE_ORDER = 'byteorder';

const UTF8 = new TextEncoder();
const SLASH = '/'.charCodeAt(0);

/** Longest record of a version or byte order. */
const MAX_WORD_BYTES = 64;

/**
 * Opens a file that `torch.save` wrote in version 1.6 or later: a zip archive with the pickle of the object, and a record
 * for each storage. It reads the pickle, the version and the byte order, and checks the sizes of the storages.
 *
 * Deflated records are accepted: torch writes none, but tools that repack archives do. Records without a reference are ignored. A
 * record without a checksum is read, as torch does, with a warning.
 *
 * @throws UnsupportedError for archives of other writers, such as TorchScript, with what to do.
 */
export function* openTorchZip(file: InputFile): Reading<Checkpoint> {
  return yield* openTorchArchive(file, yield* openZip(file));
}

/** Whether an archive has the pickle that torch.save writes. */
export function isTorchArchive(archive: ZipArchive): boolean {
  return [...archive.keys()].some((name) => nameInFolder(name) === PICKLE);
}

/** {@link openTorchZip} of an archive whose directory has been read. */
export function* openTorchArchive(file: InputFile, archive: ZipArchive): Reading<Checkpoint> {
  refuseForeignArchive([...archive.keys()]);
  refuseSeveral(file, archive);
  refuseRepeated(archive);
  const records = recordsOf(archive);
  const { littleEndian, unpickled } = yield* readRecords(records, file);
  const claims = readClaims(unpickled.persistent, file.work);
  const storages = findStorages(claims, (claim) => findRecord(claim, records, littleEndian));
  if (!records.has(BYTE_ORDER)) yield* checkNames(records, claims);
  return interpret(unpickled, storages, file, { warnings: warningsOf(records) });
}

/** The directory at the end is that of the last archive alone, and of the others nothing would be said. */
function refuseSeveral({ head }: InputFile, archive: ZipArchive): void {
  const isWhole = [...archive.values()].some(({ offset }) => offset === 0);
  if (isWhole || archive.size === 0 || !hasMark(head, 'PK\x03\x04')) return;
  const remedy =
    'If torch.distributed.checkpoint wrote it, make one file of its folder: ' +
    'python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER model.pt';
  throw new UnsupportedError(
    message(WHERE, 'file', 'one archive', 'the beginning of another before it', remedy),
  );
}

/** Of records with one name torch may read any. */
function refuseRepeated(archive: ZipArchive): void {
  const repeated = [...archive.values()].find(({ replaced }) => replaced !== undefined);
  if (repeated === undefined) return;
  throw formatError('DUPLICATE_NAME', WHERE, 'archive', 'each name once', `${show(repeated.name)} again`);
}

function nameInFolder(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}

/** The folder may have any name; torch takes that of the file. */
function recordsOf(archive: ZipArchive): Records {
  const records = new Map<string, ZipEntry>();
  let folder: string | undefined;
  for (const entry of archive.values()) {
    folder ??= entry.name.slice(0, entry.name.indexOf('/') + 1);
    if (folder === '' || !entry.name.startsWith(folder)) {
      const rule = 'every entry in one folder, as in "archive/data.pkl"';
      const remedy = 'torch.save did not write this archive';
      throw formatError('INVALID_STRUCTURE', WHERE, 'archive', rule, nameOfEntry(entry.name), remedy);
    }
    const name = recordName(entry);
    const same = records.get(name);
    if (same !== undefined) {
      const rule = 'each name once, capital letters or not';
      const got = `${show(same.name)} and ${show(entry.name)}`;
      throw formatError('DUPLICATE_NAME', WHERE, 'archive', rule, got);
    }
    records.set(name, hasChecksum(entry) ? entry : { ...entry, crc32: undefined });
  }
  return records;
}

/** @throws FormatError INCONSISTENT where other readers see another name than torch, by an extra field. */
function recordName({ name, nameBytes }: ZipEntry): string {
  const bytes = nameBytes.subarray(nameBytes.indexOf(SLASH) + 1);
  if (isSpelledBy(nameInFolder(name), bytes)) return foldedName(bytes);
  const rule = 'a Unicode path that is its name';
  throw formatError('INCONSISTENT', WHERE, nameOfEntry(name), rule, show(latin1Of(nameBytes)));
}

/** torch compares the bytes of names, capital letters of ASCII as small ones: a key is in UTF-8. */
function foldedName(name: Uint8Array | string): string {
  const bytes = typeof name === 'string' ? UTF8.encode(name) : name;
  return latin1Of(bytes).replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/**
 * torch writes 0 for the checksum under `set_crc32_options(False)`, and under `skip_data`, where storages are zeros to be filled
 * later. It checks no checksum itself.
 */
function hasChecksum({ crc32, inflatedBytes }: ZipEntry): boolean {
  return crc32 !== 0 || inflatedBytes === 0;
}

function warningsOf(records: Records): string[] {
  const unchecked = [...records.values()]
    .filter(({ crc32 }) => crc32 === undefined)
    .map(({ name }) => nameInFolder(name));
  if (unchecked.length === 0) return [];
  const what = 'damage to it, or zeros where elements were never written, would not be noticed';
  return [`Saved without a checksum, so that ${what}: ${showFirst(unchecked, show)}.`];
}

/**
 * Checks the headers of records that nothing refers to. The order of bytes may be missing by its damaged name alone; then the name
 * before its data is another.
 */
function* checkNames(records: Records, claims: ReadonlyMap<unknown, StorageClaim>): Reading<void> {
  const known = new Set([
    PICKLE,
    ...VERSION,
    ...[...claims.values()].map(({ key }) => foldedName(nameOfRecord(key))),
  ]);
  yield* locateEntries([...records].flatMap(([name, entry]) => (known.has(name) ? [] : [entry])));
}

function recordNamed(records: Records, name: string, what: string): ZipEntry {
  const entry = records.get(foldedName(name));
  if (entry) return entry;
  throw formatError('MISSING_PART', WHERE, what, `a record ${name}`, 'none');
}

/** What the records say that are not storages. */
interface Described {
  /** How storages are stored, by default. */
  readonly littleEndian: boolean;
  readonly unpickled: Unpickled;
}

/** Reads the version, the order of bytes and the pickle, in one request. */
function* readRecords(records: Records, file: InputFile): Reading<Described> {
  const version = VERSION.map((name) => records.get(name)).find((entry) => entry !== undefined);
  if (version === undefined) throw formatError('MISSING_PART', WHERE, 'archive', 'a record version', 'none');
  const pickle = recordNamed(records, PICKLE, 'archive');
  checkPickleSize(pickle, file);
  const order = records.get(BYTE_ORDER);
  const entries = order ? [version, pickle, order] : [version, pickle];
  const read = yield* readEntries(entries, [MAX_WORD_BYTES, file.limits.maxPickleBytes, MAX_WORD_BYTES]);
  const [versionBytes, pickleBytes, orderBytes] = read.map(({ bytes }) => bytes);
  checkVersion(wordOf(versionBytes));
  const word = orderBytes ? wordOf(orderBytes) : 'little';
  if (word !== 'little' && word !== 'big')
    throw formatError('INVALID_STRUCTURE', WHERE, BYTE_ORDER, 'little or big', show(word));
  return { littleEndian: word === 'little', unpickled: readPickle(pickleBytes, file) };
}

function wordOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes).replace(/\n$/, '');
}

function checkVersion(word: string): void {
  const version = /^\d{1,9}$/.test(word) ? Number(word) : 0;
  if (version < 1) throw formatError('INVALID_STRUCTURE', WHERE, 'version', 'an integer >= 1', show(word));
  if (version <= MAX_VERSION) return;
  throw new UnsupportedError(message(WHERE, 'version', `at most ${MAX_VERSION}`, word));
}

function checkPickleSize({ inflatedBytes }: ZipEntry, { limits: { maxPickleBytes } }: InputFile): void {
  if (inflatedBytes <= maxPickleBytes) return;
  const rule = `at most ${maxPickleBytes} bytes`;
  const remedy = 'Raise limits.maxPickleBytes to read it';
  throw formatError('TOO_LARGE', WHERE, PICKLE, rule, `${inflatedBytes}`, remedy);
}

function readPickle(bytes: Uint8Array, { work }: InputFile): Unpickled {
  const unpickled = unpickle(bytes, { work, what: PICKLE });
  if (unpickled.end === bytes.length) return unpickled;
  throw formatError('TRAILING_BYTES', WHERE, PICKLE, `${unpickled.end} bytes`, `${bytes.length}`);
}

function nameOfRecord(key: string): string {
  return `data/${key}`;
}

/** Each storage is one record of the same length. */
function findRecord(
  { key, bytes, type }: StorageClaim,
  records: Records,
  littleEndian: boolean,
): StoredBytes {
  const entry = recordNamed(records, nameOfRecord(key), nameOfStorage(key));
  const { name, inflatedBytes } = entry;
  // torch swaps the elements of a storage by its own dtype, and one without has bytes.
  if (inflatedBytes === bytes) return storageOf(entry, littleEndian || type.bytes === 1);
  throw formatError('INCONSISTENT', WHERE, nameOfEntry(name), `${bytes} bytes`, `${inflatedBytes}`);
}

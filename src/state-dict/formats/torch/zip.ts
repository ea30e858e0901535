import { message, show } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import type { Reading } from '../../reading/reading.js';
import { formatError } from '../../rules/format-codes.js';
import { hasMark } from '../../tensors/bytes.js';
import type { Checkpoint, InputFile, StoredBytes } from '../checkpoint.js';
import { refuseForeignArchive } from '../foreign/archives.js';
import { type Unpickled, unpickle } from '../pickle/unpickle.js';
import { openZip, readEntries, storageOf, type ZipArchive } from '../zip/archive.js';
import { nameOfEntry, type ZipEntry } from '../zip/directory.js';
import { locateEntries } from '../zip/local.js';
import { WHERE } from './objects/invalid.js';
import { findStorages, nameOfStorage, readClaims, type StorageClaim } from './objects/storages.js';
import { interpret } from './objects/tree.js';
import {
  BYTE_ORDER,
  foldedName,
  isLittleEndian,
  MAX_WORD_BYTES,
  nameInFolder,
  type Records,
  recordNamed,
  recordsOf,
  warningsOf,
  wordOf,
} from './records.js';

const PICKLE = 'data.pkl';

/** Records of the version, the newer one first. */
const VERSION = ['.data/version', 'version'];

/** Newest version of the layout that torch reads. */
const MAX_VERSION = 10;

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
  const records = recordsOf(archive, WHERE, PICKLE);
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
  const pickle = recordNamed(records, PICKLE, WHERE, 'archive');
  checkPickleSize(pickle, file);
  const order = records.get(BYTE_ORDER);
  const entries = order ? [version, pickle, order] : [version, pickle];
  const read = yield* readEntries(entries, [MAX_WORD_BYTES, file.limits.maxPickleBytes, MAX_WORD_BYTES]);
  const [versionBytes, pickleBytes, orderBytes] = read.map(({ bytes }) => bytes);
  checkVersion(wordOf(versionBytes));
  const word = orderBytes ? wordOf(orderBytes) : 'little';
  return { littleEndian: isLittleEndian(word, WHERE), unpickled: readPickle(pickleBytes, file) };
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
  const entry = recordNamed(records, nameOfRecord(key), WHERE, nameOfStorage(key));
  const { name, inflatedBytes } = entry;
  // torch swaps the elements of a storage by its own dtype, and one without has bytes.
  if (inflatedBytes === bytes) return storageOf(entry, littleEndian || type.bytes === 1);
  throw formatError('INCONSISTENT', WHERE, nameOfEntry(name), `${bytes} bytes`, `${inflatedBytes}`);
}

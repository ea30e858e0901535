import { message, show, showFirst } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import type { Reading } from '../../reading/reading.js';
import { formatError } from '../../rules/format-codes.js';
import type { Checkpoint, InputFile, StoredBytes } from '../checkpoint.js';
import { type Unpickled, unpickle } from '../pickle/unpickle.js';
import { openZip, readEntry, storageOf, type ZipArchive } from '../zip/archive.js';
import { nameOfEntry, type ZipEntry } from '../zip/directory.js';
import { locateEntries } from '../zip/local.js';
import { WHERE } from './invalid.js';
import { findStorages, nameOfStorage, readClaims, type StorageClaim, type Storages } from './storages.js';
import { interpret } from './tree.js';

/** Entries by their name inside the one folder of the archive. */
type Records = ReadonlyMap<string, ZipEntry>;

const PICKLE = 'data.pkl';

/** Records of the version, the newer one first. */
const VERSION = ['.data/version', 'version'];

/** Newest version of the layout that torch reads. */
const MAX_VERSION = 10;

/** Longest record of a version or byte order. */
const MAX_WORD_BYTES = 64;

/** Other archives of torch's, by a record of each, and the Python that saves their weights. */
const SCRIPT = ['a TorchScript archive', 'torch.jit.load("model.pt").state_dict()'];
const PROGRAM = ['a program of torch.export', 'torch.export.load("model.pt2").state_dict'];
const OTHER_ARCHIVES = new Map([
  ['constants.pkl', SCRIPT],
  ['archive_format', PROGRAM],
  ['serialized_exported_program.json', PROGRAM],
]);

/**
 * Opens a file that `torch.save` wrote in version 1.6 or later: a zip archive with the pickle of the object, and a record
 * for each storage. It reads the pickle, the version and the byte order, and checks the sizes of the storages.
 *
 * Deflated records are accepted: torch writes none, but tools that repack archives do. Records without a reference are ignored. A
 * record without a checksum is read, as torch does, with a warning.
 *
 * @throws UnsupportedError for archives of TorchScript and of torch.export, and for a whole module.
 */
export function* openTorchZip(file: InputFile): Reading<Checkpoint> {
  const archive = yield* openZip(file);
  refuseOtherArchives(archive);
  const records = recordsOf(archive);
  const littleEndian = yield* readWords(records);
  const unpickled = yield* readPickle(recordNamed(records, PICKLE, 'archive'), file);
  const claims = readClaims(unpickled.persistent, file.work);
  const storages = findStorages(claims, (claim) => findRecord(claim, records, littleEndian));
  yield* checkUnreferenced(records, storages);
  return interpret(unpickled, storages, file.work, warningsOf(records));
}

function refuseOtherArchives(archive: ZipArchive): void {
  const names = new Set([...archive.keys()].map(nameInFolder));
  for (const [record, [kind = '', python]] of OTHER_ARCHIVES) {
    if (!names.has(record)) continue;
    const remedy = `Save its state_dict in Python: torch.save(${python}, "state_dict.pt")`;
    throw new UnsupportedError(
      message(WHERE, 'file', 'what torch.save writes of a state_dict', kind, remedy),
    );
  }
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
    records.set(entry.name.slice(folder.length), hasChecksum(entry) ? entry : { ...entry, crc32: undefined });
  }
  return records;
}

/**
 * torch writes 0 for the checksum under `set_crc32_options(False)`, and under `skip_data`, where storages are zeros to be filled
 * later. It checks no checksum itself.
 */
function hasChecksum({ crc32, inflatedBytes }: ZipEntry): boolean {
  return crc32 !== 0 || inflatedBytes === 0;
}

function warningsOf(records: Records): string[] {
  const unchecked = [...records].filter(([, { crc32 }]) => crc32 === undefined).map(([name]) => name);
  if (unchecked.length === 0) return [];
  const what = 'damage to it, or zeros where elements were never written, would not be noticed';
  return [`Saved without a checksum, so that ${what}: ${showFirst(unchecked, show)}.`];
}

/**
 * Checks the headers of records without a storage. A record may be missing by its damaged name alone, such as that of the byte
 * order; then the name before its data is another.
 */
function* checkUnreferenced(records: Records, storages: Storages): Reading<void> {
  const referenced = new Set([...storages.values()].map(({ stored }) => stored.entry));
  yield* locateEntries([...records.values()].filter((entry) => !referenced.has(entry)));
}

function recordNamed(records: Records, name: string, what: string): ZipEntry {
  const entry = records.get(name);
  if (entry) return entry;
  throw formatError('MISSING_PART', WHERE, what, `a record ${name}`, 'none');
}

/** Checks the version, and returns whether storages are little-endian, which is the default. */
function* readWords(records: Records): Reading<boolean> {
  const version = VERSION.map((name) => records.get(name)).find((entry) => entry !== undefined);
  const order = records.get('byteorder');
  if (version === undefined) throw formatError('MISSING_PART', WHERE, 'archive', 'a record version', 'none');
  checkVersion(wordOf(yield* readEntry(version, MAX_WORD_BYTES)));
  const word = order ? wordOf(yield* readEntry(order, MAX_WORD_BYTES)) : 'little';
  if (word === 'little' || word === 'big') return word === 'little';
  throw formatError('INVALID_STRUCTURE', WHERE, 'byteorder', 'little or big', show(word));
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

function* readPickle(entry: ZipEntry, { limits, work }: InputFile): Reading<Unpickled> {
  const { maxPickleBytes } = limits;
  if (entry.inflatedBytes > maxPickleBytes) {
    const rule = `at most ${maxPickleBytes} bytes`;
    const remedy = 'Raise limits.maxPickleBytes to read it';
    throw formatError('TOO_LARGE', WHERE, PICKLE, rule, `${entry.inflatedBytes}`, remedy);
  }
  const bytes = yield* readEntry(entry, maxPickleBytes);
  const unpickled = unpickle(bytes, { work, what: PICKLE });
  if (unpickled.end === bytes.length) return unpickled;
  throw formatError('TRAILING_BYTES', WHERE, PICKLE, `${unpickled.end} bytes`, `${bytes.length}`);
}

/** Each storage is one record of the same length. */
function findRecord({ key, bytes }: StorageClaim, records: Records, littleEndian: boolean): StoredBytes {
  const entry = recordNamed(records, `data/${key}`, nameOfStorage(key));
  const { name, inflatedBytes } = entry;
  if (inflatedBytes === bytes) return storageOf(entry, littleEndian);
  throw formatError('INCONSISTENT', WHERE, nameOfEntry(name), `${bytes} bytes`, `${inflatedBytes}`);
}

import { message } from '../../../check.js';
import { FormatError, UnsupportedError } from '../../../errors.js';
import { type Reading, readRange } from '../../reading/reading.js';
import { type FormatCode, formatError } from '../../rules/format-codes.js';
import { concatenated } from '../../tensors/bytes.js';
import type { InputFile, StoredBytes, Surroundings } from '../checkpoint.js';
import { textOf } from '../pickle/text.js';
import { type Unpickled, unpickle } from '../pickle/unpickle.js';
import { asKind, type PicklePersistent, type PickleValue } from '../pickle/values.js';
import { invalid, WHERE } from './objects/invalid.js';
import {
  findStorages,
  nameOfStorage,
  readClaims,
  type Storage,
  type StorageClaim,
  type Storages,
} from './objects/storages.js';

/** The int in the first pickle of a file. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL_VERSION = 1001;

/** Factor by which more bytes are read while the pickles continue. */
const GROWTH = 4;

/** The number of elements, before the elements of each storage. */
const COUNT_BYTES = 8;

/** The part of a file before its storages. */
interface Head {
  readonly object: Unpickled;
  /** In the order of their bytes. */
  readonly keys: readonly string[];
  /** Where the first storage begins. */
  readonly end: number;
}

/** The pickle of a file, and the storages behind it. */
export interface LegacyContent {
  readonly object: Unpickled;
  readonly storages: Storages;
}

/**
 * Reads a file that `torch.save` wrote before version 1.6, or with `_use_new_zipfile_serialization=False`: five pickles (magic
 * number, version, machine, object, keys of the storages), then for each storage its number of elements and the elements.
 * They are little-endian on every machine.
 *
 * The length of the pickles is known only at their end, so more of the file is read until they end.
 *
 * @throws UnsupportedError for a pickle that torch.save did not write.
 */
export function* readTorchLegacy(file: InputFile): Reading<LegacyContent> {
  const head = yield* readHead(file);
  const claims = readClaims(head.object.persistent, file.work);
  const stored = locateStorages(head, claims, file.size);
  const storages = findStorages(claims, ({ key }) => {
    const bytes = stored.get(key);
    if (bytes) return bytes;
    throw formatError('MISSING_PART', WHERE, nameOfStorage(key), 'its key in the list', 'none');
  });
  return { object: head.object, storages };
}

/**
 * The storage that `torch.save(storage)` writes in this layout: what pickles hold in place of a storage.
 *
 * @throws FormatError where the file holds anything else.
 */
export function* readLoneStorage(file: InputFile): Reading<Storage> {
  const head = yield* readHead(file);
  const claims = readClaims(head.object.persistent, file.work);
  const reference = asKind(head.object.root, 'persistent');
  const claim = reference && claims.get(reference);
  if (claim === undefined)
    throw invalid('INVALID_STRUCTURE', 'bytes of a storage', 'one storage', head.object.root);
  const stored = locateStorages(head, claims, file.size);
  return { ...claim, stored: stored.get(claim.key) as StoredBytes };
}

function* readHead(file: InputFile): Reading<Head> {
  const most = Math.min(file.size, file.limits.maxPickleBytes);
  let bytes = file.head.subarray(0, most);
  for (;;) {
    try {
      return parseHead(bytes, file);
    } catch (error) {
      if (!isTruncated(error) || bytes.length === file.size) throw error;
      if (bytes.length === most) throw tooLong(file);
    }
    const more = yield* readRange(bytes.length, Math.min(most, bytes.length * GROWTH));
    bytes = concatenated([bytes, more]);
  }
}

function isTruncated(error: unknown): boolean {
  return error instanceof FormatError && error.code === 'TRUNCATED';
}

function tooLong({ limits }: InputFile): FormatError {
  const rule = `pickles of at most ${limits.maxPickleBytes} bytes together`;
  const remedy = 'Raise limits.maxPickleBytes to read them';
  return formatError('TOO_LARGE', WHERE, 'file', rule, 'more', remedy);
}

function parseHead(bytes: Uint8Array, { work }: InputFile): Head {
  let begin = 0;
  const next = (): Unpickled => {
    const unpickled = unpickle(bytes, { work, begin, what: 'file' });
    begin = unpickled.end;
    return unpickled;
  };
  const magic = next().root;
  if (magic !== MAGIC) throw notOfTorch(magic);
  const version = next().root;
  if (version !== PROTOCOL_VERSION) {
    throw invalid('INVALID_STRUCTURE', 'protocol version', `${PROTOCOL_VERSION}`, version);
  }
  next();
  const object = next();
  const keys = asKind(next().root, 'list')?.items;
  if (keys === undefined || !keys.every((key) => typeof key === 'string')) {
    const rule = 'a list of strings';
    throw formatError('INVALID_STRUCTURE', WHERE, 'keys of the storages', rule, 'another value');
  }
  return { object, keys, end: begin };
}

function notOfTorch(root: PickleValue): UnsupportedError {
  const got = `a pickle of ${textOf(root)}`;
  return new UnsupportedError(message(WHERE, 'file', 'what torch.save writes', got, 'Pass format: "pickle"'));
}

/** The range of each storage by key. The storages fill the file to its end. */
function locateStorages(
  { keys, end }: Head,
  claims: ReadonlyMap<PicklePersistent, StorageClaim>,
  fileBytes: number,
): Map<string, StoredBytes> {
  const byKey = new Map([...claims.values()].map((claim) => [claim.key, claim]));
  const stored = new Map<string, StoredBytes>();
  let place = end;
  for (const key of keys) {
    const claim = byKey.get(key);
    if (claim === undefined || stored.has(key)) {
      const got = claim ? 'it again' : 'it, though the pickle does not refer to it';
      throw formatError('INVALID_STRUCTURE', WHERE, nameOfStorage(key), 'each key of a storage once', got);
    }
    const begin = place + COUNT_BYTES;
    place = begin + claim.bytes;
    if (place > fileBytes) throw lengthError('TRUNCATED', `${place} bytes at least`, fileBytes);
    const around = afterCount(claim, begin - COUNT_BYTES);
    stored.set(key, { around, begin, end: place, littleEndian: true, what: nameOfStorage(key) });
  }
  if (place < fileBytes) throw lengthError('TRAILING_BYTES', `${place} bytes`, fileBytes);
  return stored;
}

function lengthError(code: FormatCode, rule: string, fileBytes: number): FormatError {
  return formatError(code, WHERE, 'file', rule, `${fileBytes}`);
}

/** A storage behind the number of its elements, which begins at `begin`. */
function afterCount({ key, type, bytes }: StorageClaim, begin: number): Surroundings {
  const dataBegin = (around: Uint8Array): number => {
    const count = new DataView(around.buffer, around.byteOffset).getBigInt64(0, true);
    if (count === BigInt(bytes / type.bytes)) return COUNT_BYTES;
    const rule = `${bytes / type.bytes} elements before its bytes`;
    throw formatError('INCONSISTENT', WHERE, nameOfStorage(key), rule, `${count}`);
  };
  return { begin, end: begin + COUNT_BYTES + bytes, headBytes: COUNT_BYTES, dataBegin };
}

import { show, showFirst } from '../../../check.js';
import { type Reading, readRange, readRanges } from '../../reading/reading.js';
import { formatError } from '../../rules/format-codes.js';
import { tooManyTensors } from '../../rules/limits.js';
import type {
  Checkpoint,
  CheckpointDict,
  InputFile,
  OpenedArrays,
  StoredBytes,
  TensorNode,
} from '../checkpoint.js';
import { openZip, readEntry, storageOf, type ZipArchive } from '../zip/archive.js';
import { DEFLATED, nameOfEntry, type ZipEntry } from '../zip/directory.js';
import { inflateHead } from '../zip/inflate-head.js';
import { aroundEntry, locateEntries } from '../zip/local.js';
import { arrayNode, warningsOf } from './npy.js';
import { isNpy, npyHeaderBytes, readNpyHeader, USUAL_HEADER_BYTES } from './npy-header.js';

const WHERE = 'npz';
const EXTENSION = '.npy';

/** Deflated bytes that give a usual header, with the tables of codes before it. */
const DEFLATED_HEADER_BYTES = 1024;

/** What it takes to set up inflating, and what it inflates in the time of a step. */
const INFLATING_STEPS = 16;
const INFLATED_BYTES_PER_STEP = 64;

/**
 * Opens an archive that `numpy.savez` or `numpy.savez_compressed` wrote. Names are those of the arguments, without `.npy`.
 *
 * It reads the directory alone: the arrays, headers included, are read when they are wanted. Of arrays with one name the last
 * counts, as in numpy.
 *
 * An entry whose name does not end in `.npy` is an array where its first bytes are those of one, as for numpy, and else a value
 * beside the tensors.
 */
export function* openNpz(file: InputFile): Reading<Checkpoint> {
  return yield* openNpzArchive(file, yield* openZip(file));
}

/** {@link openNpz} of an archive whose directory has been read. */
export function* openNpzArchive(file: InputFile, archive: ZipArchive): Reading<Checkpoint> {
  const entries = [...archive.values()].filter((entry) => !isFolder(entry));
  const others = entries.filter(({ name }) => !isArrayName(name));
  // The headers of others are checked by this: a name ends in .npy, or not, in both of its places.
  const heads = yield* readHeads(file, others, false);
  const values = new Set(heads.filter(({ head }) => !isNpy(head)).map(({ entry }) => entry));
  const { maxTensors } = file.limits;
  if (entries.length - values.size > maxTensors) throw tooManyTensors(WHERE, 'archive', maxTensors);
  // A name that hides an entry must be the same in both places too.
  const hidden = entries.flatMap(replacedBy);
  yield* locateEntries(hidden);
  const repeated = [...new Set(hidden.map(({ name }) => name))];
  return {
    format: 'npz',
    root: namedNodes(entries, values),
    unknownGlobals: [],
    warnings:
      repeated.length > 0
        ? [`Took the last entry of each of these names, as numpy does: ${showFirst(repeated, show)}.`]
        : [],
    openArrays: (wanted, withElements) => openArrays(file, wanted, withElements),
  };
}

/** Whether the entries of an archive are those of an npz file: it has an array, or nothing, as `numpy.savez` without arguments writes. */
export function isNpzArchive(archive: ZipArchive): boolean {
  return archive.size === 0 || [...archive.keys()].some(isArrayName);
}

/** The earlier entries of the same name. */
function replacedBy({ replaced }: ZipEntry): ZipEntry[] {
  const found: ZipEntry[] = [];
  for (let entry = replaced; entry !== undefined; entry = entry.replaced) found.push(entry);
  return found;
}

function isArrayName(name: string): boolean {
  return name.endsWith(EXTENSION);
}

function isFolder({ name, inflatedBytes }: ZipEntry): boolean {
  return name.endsWith('/') && inflatedBytes === 0;
}

/** @param values  the entries that are not arrays. */
function namedNodes(entries: readonly ZipEntry[], values: ReadonlySet<ZipEntry>): CheckpointDict {
  const root: CheckpointDict = new Map();
  for (const entry of entries) {
    const isArray = !values.has(entry);
    const name = isArrayName(entry.name) ? entry.name.slice(0, -EXTENSION.length) : entry.name;
    if (root.has(name)) {
      throw formatError('DUPLICATE_NAME', WHERE, 'archive', 'each name once', `${show(name)} again`);
    }
    root.set(
      name,
      isArray ? { kind: 'unopened', entry } : { kind: 'other', text: `${entry.inflatedBytes} bytes` },
    );
  }
  return root;
}

/**
 * Reads arrays, or their headers alone, in one request; the header of a compressed one is inflated from its first bytes. What
 * numpy does not take for an array is left out with a warning; where nothing else is wanted, it is an error.
 */
function* openArrays(
  file: InputFile,
  wanted: ReadonlyMap<string, ZipEntry>,
  withElements: boolean,
): Reading<OpenedArrays> {
  const heads = yield* readHeads(file, [...wanted.values()], withElements);
  const nodes = new Map<string, TensorNode>();
  const strays: string[] = [];
  const rests: string[] = [];
  for (const [i, name] of [...wanted.keys()].entries()) {
    const { entry, head, storage } = heads[i];
    const isWanted = isNpy(head) || (nodes.size === 0 && i + 1 === wanted.size);
    if (isWanted) nodes.set(name, yield* arrayOf(entry, head, storage, file, rests));
    else {
      // What is damaged is not left out.
      if (withElements) yield* inflateWhole(entry, file);
      strays.push(name);
    }
  }
  const left = `Left out, because they are not arrays: ${showFirst(strays, show)}.`;
  return { nodes, lost: strays.length > 0 ? [left, ...rests] : rests };
}

/** An entry, its first bytes inflated, and its place. */
interface EntryHead {
  readonly entry: ZipEntry;
  readonly head: Uint8Array;
  readonly storage: Omit<StoredBytes, 'littleEndian'>;
}

/** The first bytes of entries, or entries as a whole, read in one request. */
function* readHeads(
  file: InputFile,
  entries: readonly ZipEntry[],
  withElements: boolean,
): Reading<EntryHead[]> {
  const places = entries.map((entry) => ({ entry, around: aroundEntry(entry) }));
  const parts = yield* readRanges(
    places.map(({ entry, around: { begin, end, headBytes } }) => ({
      begin,
      end: withElements ? end : Math.min(end, begin + headBytes + headerBytesOf(entry)),
    })),
  );
  const heads: EntryHead[] = [];
  for (const [i, { entry, around }] of places.entries()) {
    const at = around.dataBegin(parts[i]);
    const stored = parts[i].subarray(at, at + entry.storedBytes);
    const storage = placedAt(entry, around.begin + at, withElements ? stored : undefined);
    heads.push({ entry, head: yield* readHead(entry, stored, storage, file), storage });
  }
  return heads;
}

/** Stored bytes that hold a usual header. */
function headerBytesOf({ method }: ZipEntry): number {
  return method === DEFLATED ? DEFLATED_HEADER_BYTES : USUAL_HEADER_BYTES;
}

/** A storage whose place is known, and its stored bytes where they have been read. */
function placedAt(
  entry: ZipEntry,
  begin: number,
  bytes: Uint8Array | undefined,
): Omit<StoredBytes, 'littleEndian'> {
  const { inflatedBytes, crc32, what } = storageOf(entry, true);
  const end = begin + entry.storedBytes;
  return { begin, end, inflatedBytes, crc32, what, ...(bytes && { bytes, isOfFile: true }) };
}

/** The first bytes of an array: mostly its header, and maybe more. */
function* readHead(
  entry: ZipEntry,
  stored: Uint8Array,
  { begin, end }: Pick<StoredBytes, 'begin' | 'end'>,
  file: InputFile,
): Reading<Uint8Array> {
  const usual = Math.min(headerBytesOf(entry), end - begin);
  const there = stored.length < usual ? yield* readRange(begin, begin + usual) : stored;
  return entry.method === DEFLATED ? yield* deflatedHead(entry, there.subarray(0, usual), file) : there;
}

/** Headers longer than usual are read one by one: together they might take more memory than the file. */
function* arrayOf(
  entry: ZipEntry,
  head: Uint8Array,
  storage: Omit<StoredBytes, 'littleEndian'>,
  file: InputFile,
  rests: string[],
): Reading<TensorNode> {
  const { inflatedBytes, name } = entry;
  const what = nameOfEntry(name);
  const headerBytes = npyHeaderBytes(head, inflatedBytes, what, file.limits);
  const { begin } = storage;
  const bytes = headerBytes <= head.length ? head : yield* readRange(begin, begin + headerBytes);
  const header = readNpyHeader(bytes.subarray(0, headerBytes), inflatedBytes, what);
  rests.push(...warningsOf(header, what));
  return arrayNode(header, (littleEndian) => ({ ...storage, littleEndian }));
}

/** The header of a compressed array, and maybe more. Where its first bytes do not give it, the whole is inflated. */
function* deflatedHead(entry: ZipEntry, stored: Uint8Array, file: InputFile): Reading<Uint8Array> {
  const what = nameOfEntry(entry.name);
  const maxBytes = Math.min(USUAL_HEADER_BYTES, entry.inflatedBytes);
  file.work.spend(INFLATING_STEPS);
  const head = inflateHead(stored, maxBytes);
  const isOther = head.length === maxBytes && !isNpy(head);
  if (
    isOther ||
    (head.length === maxBytes && npyHeaderBytes(head, entry.inflatedBytes, what, file.limits) <= maxBytes)
  )
    return head;
  return yield* inflateWhole(entry, file);
}

/** The content of an entry, which is not kept. */
function inflateWhole(entry: ZipEntry, { work }: InputFile): Reading<Uint8Array> {
  work.spend(entry.inflatedBytes / INFLATED_BYTES_PER_STEP);
  return readEntry(entry, entry.inflatedBytes);
}

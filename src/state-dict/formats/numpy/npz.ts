import { show } from '../../../check.js';
import { type ByteRange, inflate, type Reading, readRange, readRanges } from '../../reading/reading.js';
import { formatError } from '../../rules/format-codes.js';
import { tooManyTensors } from '../../rules/limits.js';
import type { Checkpoint, CheckpointDict, CheckpointNode, InputFile } from '../checkpoint.js';
import { locateStorage, openZip, readEntry, storageOf } from '../zip/archive.js';
import { DEFLATED, nameOfEntry, type ZipEntry } from '../zip/directory.js';
import { locateEntries } from '../zip/local.js';
import { arrayNode } from './npy.js';
import { npyHeaderBytes, readNpyHeader, USUAL_HEADER_BYTES } from './npy-header.js';

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
 * Of an array the header alone is read; that of a compressed one is inflated from its first bytes.
 *
 * An entry whose name does not end in `.npy` is not an array: it is a value beside the tensors. (numpy goes by the first bytes; by
 * the name, nothing depends on the content of an entry that is not read.)
 */
export function* openNpz(file: InputFile): Reading<Checkpoint> {
  const archive = yield* openZip(file);
  const entries = [...archive.values()];
  const isArray = ({ name }: ZipEntry): boolean => name.endsWith(EXTENSION);
  const arrays = entries.filter(isArray);
  const { maxTensors } = file.limits;
  if (arrays.length > maxTensors) throw tooManyTensors(WHERE, 'archive', maxTensors);
  // Those of other entries too: the name alone decides that an entry is not an array, so it must be the same in both places.
  const begins = yield* locateEntries([...arrays, ...entries.filter((entry) => !isArray(entry))]);
  const heads = yield* readRanges(arrays.map((entry, i) => headOf(entry, begins[i])));
  const nodes = new Map<ZipEntry, CheckpointNode>();
  for (const [i, entry] of arrays.entries())
    nodes.set(entry, yield* readArray(entry, begins[i], heads[i], file));
  return { format: 'npz', root: namedNodes(entries, nodes), unknownGlobals: [], warnings: [] };
}

function headOf({ method, storedBytes }: ZipEntry, begin: number): ByteRange {
  const most = method === DEFLATED ? DEFLATED_HEADER_BYTES : USUAL_HEADER_BYTES;
  return { begin, end: begin + Math.min(storedBytes, most) };
}

/** Headers longer than usual are read one by one: together they might take more memory than the file. */
function* readArray(
  entry: ZipEntry,
  begin: number,
  stored: Uint8Array,
  file: InputFile,
): Reading<CheckpointNode> {
  const what = nameOfEntry(entry.name);
  const { inflatedBytes } = entry;
  const head = entry.method === DEFLATED ? yield* inflateHead(entry, stored, file) : stored;
  const headerBytes = npyHeaderBytes(head, inflatedBytes, what, file.limits);
  const header =
    headerBytes <= head.length ? head.subarray(0, headerBytes) : yield* readRange(begin, begin + headerBytes);
  return arrayNode(readNpyHeader(header, inflatedBytes, what), (littleEndian) => {
    const storage = storageOf(entry, littleEndian);
    locateStorage(storage, begin);
    return storage;
  });
}

/** The header of a compressed array, and maybe more. Where its first bytes do not give it, the whole is inflated. */
function* inflateHead(entry: ZipEntry, stored: Uint8Array, { limits, work }: InputFile): Reading<Uint8Array> {
  const what = nameOfEntry(entry.name);
  const maxBytes = Math.min(USUAL_HEADER_BYTES, entry.inflatedBytes);
  work.spend(INFLATING_STEPS);
  const head = yield* inflate({ wrapper: 'zip', bytes: stored, maxBytes, isHead: true, what });
  const isWhole =
    head.length === maxBytes && npyHeaderBytes(head, entry.inflatedBytes, what, limits) <= maxBytes;
  if (isWhole) return head;
  work.spend(entry.inflatedBytes / INFLATED_BYTES_PER_STEP);
  return yield* readEntry(entry, entry.inflatedBytes);
}

function namedNodes(
  entries: Iterable<ZipEntry>,
  arrays: ReadonlyMap<ZipEntry, CheckpointNode>,
): CheckpointDict {
  const root: CheckpointDict = new Map();
  for (const entry of entries) {
    const array = arrays.get(entry);
    const name = array ? entry.name.slice(0, -EXTENSION.length) : entry.name;
    if (root.has(name)) {
      throw formatError('DUPLICATE_NAME', WHERE, 'archive', 'each name once', `${show(name)} again`);
    }
    root.set(name, array ?? { kind: 'other', text: `${entry.inflatedBytes} bytes` });
  }
  return root;
}

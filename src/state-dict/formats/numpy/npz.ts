import { show } from '../../../check.js';
import { type Reading, readRange, readRanges } from '../../reading/reading.js';
import { formatError } from '../../rules/format-codes.js';
import { tooManyTensors } from '../../rules/limits.js';
import { checkExpansion } from '../../tensors/bind.js';
import type { Checkpoint, CheckpointDict, CheckpointNode, InputFile } from '../checkpoint.js';
import { locateStorage, openZip, readEntry, storageOf } from '../zip/archive.js';
import { DEFLATED, nameOfEntry, type ZipEntry } from '../zip/directory.js';
import { locateEntries } from '../zip/local.js';
import { arrayNode } from './npy.js';
import { npyHeaderBytes, readNpyHeader, USUAL_HEADER_BYTES } from './npy-header.js';

const WHERE = 'npz';
const EXTENSION = '.npy';

/**
 * Opens an archive that `numpy.savez` or `numpy.savez_compressed` wrote. Names are those of the arguments, without `.npy`.
 *
 * Of an array the header alone is read. Compressed arrays are inflated here, since their headers are compressed too; the sum of
 * their sizes is checked first.
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
  const deflated = arrays.filter(({ method }) => method === DEFLATED);
  const stored = arrays.filter(({ method }) => method !== DEFLATED);
  const inflatedBytes = deflated.reduce((sum, entry) => sum + entry.inflatedBytes, 0);
  checkExpansion(inflatedBytes, file);
  const nodes = new Map<ZipEntry, CheckpointNode>();
  for (const entry of deflated) nodes.set(entry, yield* readDeflated(entry, file));
  // Those of other entries too: the name alone decides that an entry is not an array, so it must be the same in both places.
  const begins = yield* locateEntries([...stored, ...entries.filter((entry) => !isArray(entry))]);
  const heads = yield* readRanges(
    stored.map(({ storedBytes }, i) => ({
      begin: begins[i],
      end: begins[i] + Math.min(storedBytes, USUAL_HEADER_BYTES),
    })),
  );
  for (const [i, entry] of stored.entries())
    nodes.set(entry, yield* readStored(entry, begins[i], heads[i], file));
  return { format: 'npz', root: namedNodes(entries, nodes), unknownGlobals: [], warnings: [] };
}

function* readDeflated(entry: ZipEntry, { limits }: InputFile): Reading<CheckpointNode> {
  const what = nameOfEntry(entry.name);
  const bytes = yield* readEntry(entry, entry.inflatedBytes);
  const headerBytes = npyHeaderBytes(bytes, bytes.length, what, limits);
  const header = readNpyHeader(bytes.subarray(0, headerBytes), bytes.length, what);
  return arrayNode(header, (littleEndian) => ({ begin: 0, end: bytes.length, littleEndian, bytes, what }));
}

/** Headers longer than `head` are read one by one: together they might take more memory than the file. */
function* readStored(
  entry: ZipEntry,
  begin: number,
  head: Uint8Array,
  { limits }: InputFile,
): Reading<CheckpointNode> {
  const what = nameOfEntry(entry.name);
  const headerBytes = npyHeaderBytes(head, entry.storedBytes, what, limits);
  const whole = headerBytes <= head.length ? head : yield* readRange(begin, begin + headerBytes);
  const header = readNpyHeader(whole.subarray(0, headerBytes), entry.storedBytes, what);
  return arrayNode(header, (littleEndian) => {
    const storage = storageOf(entry, littleEndian);
    locateStorage(storage, begin);
    return storage;
  });
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

import { show } from '../../../check.js';
import { type ByteRange, type Reading, readRange, readRanges } from '../../reading/reading.js';
import { formatError } from '../../rules/format-codes.js';
import { tooManyTensors } from '../../rules/limits.js';
import { checkExpansion } from '../../tensors/bind.js';
import type { Checkpoint, CheckpointDict, CheckpointNode, InputFile } from '../checkpoint.js';
import { openZip, readEntry, storageOf, type ZipEntry } from '../zip/archive.js';
import { nameOfEntry } from '../zip/directory.js';
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
  const arrays = [...archive.values()].filter(({ name }) => name.endsWith(EXTENSION));
  const { maxTensors } = file.limits;
  if (arrays.length > maxTensors) throw tooManyTensors(WHERE, 'archive', maxTensors);
  const inflatedBytes = arrays.reduce((sum, { isDeflated, size }) => sum + (isDeflated ? size : 0), 0);
  checkExpansion(inflatedBytes, { ...file, fileBytes: file.size });
  const heads = yield* readRanges(arrays.map((entry) => headOf(entry, USUAL_HEADER_BYTES)));
  const nodes = new Map<ZipEntry, CheckpointNode>();
  for (const [i, entry] of arrays.entries()) nodes.set(entry, yield* readArray(entry, heads[i], file));
  return { format: 'npz', root: namedNodes(archive.values(), nodes), unknownGlobals: [], warnings: [] };
}

/** The first bytes of an array; none of a compressed one. */
function headOf({ begin, end, isDeflated }: ZipEntry, count: number): ByteRange {
  return { begin, end: isDeflated ? begin : Math.min(end, begin + count) };
}

/** Headers longer than `head` are read one by one: together they might take more memory than the file. */
function* readArray(entry: ZipEntry, head: Uint8Array, { limits }: InputFile): Reading<CheckpointNode> {
  const what = nameOfEntry(entry.name);
  const bytes = entry.isDeflated ? yield* readEntry(entry, entry.size) : undefined;
  const known = bytes ?? head;
  const headerBytes = npyHeaderBytes(known, entry.size, what, limits);
  const whole =
    headerBytes <= known.length ? known : yield* readRange(entry.begin, entry.begin + headerBytes);
  const header = readNpyHeader(whole.subarray(0, headerBytes), entry.size, what);
  return arrayNode(header, (littleEndian) =>
    bytes ? { begin: 0, end: bytes.length, littleEndian, bytes, what } : storageOf(entry, littleEndian),
  );
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
      throw formatError('DUPLICATE_KEY', WHERE, 'archive', 'each name once', `${show(name)} again`);
    }
    root.set(name, array ?? { kind: 'other', text: `${entry.size} bytes` });
  }
  return root;
}

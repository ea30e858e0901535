import { show } from '../../../check.js';
import type { Reading } from '../../reading/reading.js';
import { formatError } from '../../rules/format-codes.js';
import { tooManyTensors } from '../../rules/limits.js';
import type { Checkpoint, CheckpointDict, CheckpointNode, OpenedFile } from '../checkpoint.js';
import { openZip, readHeads, storageOf, type ZipEntry } from '../zip/archive.js';
import { nameOfEntry } from '../zip/directory.js';
import { arrayNode } from './npy.js';
import { npyHeaderBytes, readNpyHeader, USUAL_HEADER_BYTES } from './npy-header.js';

const WHERE = 'npz';
const EXTENSION = '.npy';

/**
 * Opens an archive that `numpy.savez` or `numpy.savez_compressed` wrote. Names are those of the arguments, without `.npy`.
 *
 * Of each array the header alone is read; of a compressed one, as many bytes as say it. What a tensor's elements are
 * inflated to is counted before any is: see `inflatedBytes` of its storage.
 *
 * An entry not called `.npy` is no array: numpy hands out its bytes, here it is a value beside the tensors. (numpy judges by the
 * first bytes; by the name nothing depends on the content of an entry that is not read.)
 */
export function* openNpz(file: OpenedFile): Reading<Checkpoint> {
  const archive = yield* openZip(file);
  const arrays = [...archive.values()].filter(({ name }) => name.endsWith(EXTENSION));
  const { maxTensors } = file.limits;
  if (arrays.length > maxTensors) throw tooManyTensors(WHERE, 'archive', maxTensors);
  const heads = yield* readHeads(arrays, USUAL_HEADER_BYTES);
  const nodes = new Map<ZipEntry, CheckpointNode>();
  for (const [i, entry] of arrays.entries()) nodes.set(entry, yield* readArray(entry, heads[i], file));
  return { format: 'npz', root: namedNodes(archive.values(), nodes), unknownGlobals: [], warnings: [] };
}

/** A header longer than `head` is read one at a time: all of them at once might take more memory than the file. */
function* readArray(entry: ZipEntry, head: Uint8Array, { limits }: OpenedFile): Reading<CheckpointNode> {
  const what = nameOfEntry(entry.name);
  const headerBytes = npyHeaderBytes(head, entry.size, what, limits);
  const [whole] = headerBytes <= head.length ? [head] : yield* readHeads([entry], headerBytes);
  const header = readNpyHeader(whole.subarray(0, headerBytes), entry.size, what);
  return arrayNode(header, (littleEndian) => storageOf(entry, littleEndian));
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

import { type Reading, readRange } from '../../reading/reading.js';
import type { Checkpoint, InputFile, StoredBytes, TensorNode } from '../checkpoint.js';
import type { RefusedArray } from './descr.js';
import { type NpyHeader, npyHeaderBytes, readNpyHeader } from './npy-header.js';
import { isOfObjects, type ObjectsNode, objectsNode } from './objects.js';

/** An npy file holds one array without a name; numpy.savez gives an array without a name this one. */
export const NPY_TENSOR_NAME = 'arr_0';

/**
 * Opens a file that `numpy.save` wrote. Its array is the tensor `arr_0`. One of objects, such as `numpy.save` makes of a dict, is
 * read as data; one of strings or records is refused where it is asked for.
 */
export function* openNpy(file: InputFile): Reading<Checkpoint> {
  const { size, limits, head } = file;
  const headerBytes = npyHeaderBytes(head, size, 'file', limits);
  const whole = headerBytes <= head.length ? head : yield* readRange(0, headerBytes);
  const header = readNpyHeader(whole.subarray(0, headerBytes), size, 'file');
  if (isOfObjects(header)) {
    const bytes = yield* readRange(0, size);
    return checkpointOf(objectsNode(bytes, header, 'file', file));
  }
  const node = arrayNode(header, (littleEndian) => ({ begin: 0, end: size, littleEndian, what: 'file' }));
  const lost = warningsOf(header, 'the file');
  return { ...checkpointOf({ node, unknownGlobals: [], warnings: [] }), ...(lost.length > 0 && { lost }) };
}

function checkpointOf({ node, unknownGlobals, warnings }: ObjectsNode): Checkpoint {
  return { format: 'npy', root: new Map([[NPY_TENSOR_NAME, node]]), unknownGlobals, warnings };
}

/** A second array, of another `numpy.save` into the same file, would be lost without a word. */
export function warningsOf(header: NpyHeader | RefusedArray, what: string): string[] {
  if ('refused' in header || header.rest === 0) return [];
  return [`Left out, as numpy.load does: ${header.rest} bytes behind the first array of ${what}.`];
}

/** @param storageOf  the whole npy file, header included, since a checksum is of the whole. */
export function arrayNode(
  header: NpyHeader | RefusedArray,
  storageOf: (littleEndian: boolean) => StoredBytes,
): TensorNode {
  if ('refused' in header) return { kind: 'refused', reason: header.refused };
  const { dtype, shape, strides, littleEndian, dataBegin: byteOffset } = header;
  return { kind: 'stored', tensor: { dtype, shape, strides, byteOffset, storage: storageOf(littleEndian) } };
}

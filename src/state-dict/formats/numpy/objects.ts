import { FormatError } from '../../../errors.js';
import type { CheckpointNode, UnopenedFile } from '../checkpoint.js';
import { unpickle } from '../pickle/unpickle.js';
import { readTree } from '../torch/objects/tree.js';
import type { RefusedArray } from './descr.js';
import type { NpyHeader } from './npy-header.js';

/** What an array of Python objects holds. */
export interface ObjectsNode {
  readonly node: CheckpointNode;
  readonly unknownGlobals: readonly string[];
  readonly warnings: readonly string[];
}

/** A header that says so. */
export type OfObjects = RefusedArray & { readonly objectsBegin: number };

export function isOfObjects(header: NpyHeader | RefusedArray): header is OfObjects {
  return 'refused' in header && header.objectsBegin !== undefined;
}

/**
 * The objects of an npy file, which `numpy.save` writes as a pickle behind the header: read as data, as that of a torch file. An
 * array without tensors, arrays and lists of numbers, or with a pickle that cannot be read, is refused where it is asked for.
 */
export function objectsNode(
  bytes: Uint8Array,
  { refused, objectsBegin: begin }: OfObjects,
  what: string,
  file: Pick<UnopenedFile, 'limits' | 'work'>,
): ObjectsNode {
  try {
    const unpickled = unpickle(bytes, { work: file.work, begin, what });
    const { node, hasNumbers, unknownGlobals, notes } = readTree(unpickled, new Map(), file);
    const isHeld = hasNumbers && node.kind !== 'other';
    return { node: isHeld ? node : { kind: 'refused', reason: refused }, unknownGlobals, warnings: notes };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return {
      node: { kind: 'refused', reason: error.message, error: () => error },
      unknownGlobals: [],
      warnings: [],
    };
  }
}

/** The tensors of a program, each in a raw file beside a list of what they are. None is read here. */

import { show } from '../../../check.js';
import type { Reading } from '../../reading/reading.js';
import { formatError } from '../../rules/format-codes.js';
import { MAX_RANK } from '../../rules/limits.js';
import { identityOf } from '../../tensors/bind.js';
import { alignmentOf, elementCount } from '../../tensors/dtypes.js';
import { elementSpan } from '../../tensors/strides.js';
import type { StoredBytes, StoredTensor, TensorNode, UnopenedFile } from '../checkpoint.js';
import { RefusedNode } from '../nodes.js';
import { foldedName, type Records, readByteOrder } from '../torch/records.js';
import { readEntry, storageOf } from '../zip/archive.js';
import type { ZipEntry } from '../zip/directory.js';
import type { Cursor } from './cursor.js';
import { findDtype } from './dtype.js';
import { parseRecord, WHERE } from './records.js';

/** A folder of tensors. */
export interface TensorFolder {
  readonly folder: string;
  /** The list of what is in it. */
  readonly config: string;
}

/** Parameters and persistent buffers, by their names in `state_dict()`. */
export const WEIGHTS: TensorFolder = {
  folder: 'data/weights/',
  config: 'data/weights/model_weights_config.json',
};

/** Tensors that no state_dict has: constants, and buffers that are not persistent. */
export const CONSTANTS: TensorFolder = {
  folder: 'data/constants/',
  config: 'data/constants/model_constants_config.json',
};

/** The tensors of folders by name, in the order of the file. Names of one tensor, as tied weights have, have one node. */
export function* readTensors(
  file: UnopenedFile,
  records: Records,
  folders: readonly TensorFolder[],
): Reading<Map<string, TensorNode>> {
  const littleEndian = yield* readByteOrder(records, WHERE);
  const nodes = new Map<string, TensorNode>();
  for (const { folder, config } of folders) {
    // torch writes a list for every folder, an empty one for an empty folder.
    const text = yield* readEntry(recordAt(records, config), file.limits.maxPickleBytes);
    const storages = new Map<string, StoredBytes>();
    const known = new Map<string, TensorNode>();
    for (const [name, payload] of parseRecord(text, config, file).get('config').members()) {
      if (nodes.has(name))
        throw formatError('DUPLICATE_NAME', WHERE, config, 'names of their own', show(name));
      const path = folder + payload.get('path_name').string();
      nodes.set(name, tensorNode(name, path, payload));
    }

    function tensorNode(name: string, path: string, payload: Cursor): TensorNode {
      if (payload.get('use_pickle').boolean()) return new RefusedNode(() => 'a pickle (use_pickle)');
      const meta = payload.get('tensor_meta');
      const dtype = findDtype(meta.get('dtype'));
      if (dtype === undefined) return new RefusedNode(() => `one of dtype ${meta.get('dtype').integer()}`);
      const storage = storages.get(path) ?? storageOf(recordAt(records, path), littleEndian);
      storages.set(path, storage);
      const tensor = storedTensor(meta, dtype, storage, name);
      const identity = `${identityOf(tensor)} ${path}`;
      const node = known.get(identity) ?? { kind: 'stored', tensor };
      known.set(identity, node);
      return node;
    }
  }
  return nodes;
}

function recordAt(records: Records, path: string): ZipEntry {
  const entry = records.get(foldedName(path));
  if (entry) return entry;
  throw formatError('MISSING_PART', WHERE, 'archive', `a record ${show(path)}`, 'none');
}

/** A tensor whose elements lie inside its storage. */
function storedTensor(
  meta: Cursor,
  dtype: StoredTensor['dtype'],
  storage: StoredBytes,
  name: string,
): StoredTensor {
  const sizes = (member: string) =>
    meta
      .get(member)
      .list()
      .map((size) => size.get('as_int').integer());
  const shape = sizes('sizes');
  const strides = sizes('strides');
  const offset = meta.get('storage_offset').get('as_int').integer();
  const bytes = alignmentOf(dtype);
  const size = storage.inflatedBytes ?? storage.end - storage.begin;
  const isValid =
    shape.length === strides.length &&
    shape.length <= MAX_RANK &&
    [...shape, ...strides, offset].every((value) => value >= 0) &&
    Number.isFinite(elementCount(shape)) &&
    (offset + elementSpan(shape, strides)) * bytes <= size;
  if (!isValid)
    throw formatError(
      'INVALID_TENSOR',
      WHERE,
      `tensor ${show(name)}`,
      `elements inside its ${size} bytes`,
      `${show(shape)} from ${offset}`,
    );
  return { dtype, shape, strides, storage, byteOffset: offset * bytes };
}

/** Opens the archive that `torch.export.save` writes. Layout: torch/export/pt2_archive/constants.py, version 0. */

import { message, show } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import type { StoredTensor, UnopenedFile } from '../../state-dict/formats/checkpoint.js';
import { openZip, readEntry, storageOf, type ZipArchive } from '../../state-dict/formats/zip/archive.js';
import type { ZipEntry } from '../../state-dict/formats/zip/directory.js';
import type { Reading } from '../../state-dict/reading/reading.js';
import { formatError } from '../../state-dict/rules/format-codes.js';
import { MAX_RANK } from '../../state-dict/rules/limits.js';
import { bindTensors } from '../../state-dict/tensors/bind.js';
import { alignmentOf, elementCount } from '../../state-dict/tensors/dtypes.js';
import { elementSpan } from '../../state-dict/tensors/strides.js';
import type { StateDict } from '../../state-dict/tensors/tensor.js';
import { decodeDtype, decodeProgram } from '../graph/decode.js';
import type { Program, TensorMeta } from '../graph/types.js';
import { Cursor } from './cursor.js';
import { readJson } from './json.js';

const WHERE = 'program';

const MODEL = 'models/model.json';
/** Tensors by the names of the model, and those that no state_dict has. */
const TENSORS = [
  { folder: 'data/weights/', config: 'data/weights/model_weights_config.json' },
  { folder: 'data/constants/', config: 'data/constants/model_constants_config.json' },
];

/** What torch before 2.7 wrote. */
const OLD_MODEL = 'serialized_exported_program.json';
const MAX_WORD_BYTES = 64;

/** A program and its tensors, by their names in the model. */
export interface ProgramFile {
  readonly program: Program;
  readonly tensors: StateDict;
  /** Names of parameters and buffers that are one tensor with another: that name to the other. */
  readonly ties: ReadonlyMap<string, string>;
  /** The JSON text of the graph. */
  readonly graphText: Uint8Array;
}

/**
 * Reads a program. Nothing of it is evaluated: expressions of sizes are compared as text.
 *
 * @throws FormatError where the file breaks a rule of its layout; UnsupportedError for another layout or version, with what to run.
 */
export function* openProgram(file: UnopenedFile): Reading<ProgramFile> {
  const archive = yield* openZip(file);
  const records = recordsOf(archive);
  const littleEndian = (yield* readByteOrder(records)) === 'little';
  const graphText = yield* readEntry(records.get(MODEL) as ZipEntry, file.limits.maxPickleBytes);
  const parse = (bytes: Uint8Array, where: string) => new Cursor(readJson(bytes, where, file.work), where);
  const program = parseProgram(graphText, (text) => parse(text, MODEL));
  const stored = yield* readStored(file, records, parse, littleEndian);
  const ties = new Map<string, string>();
  const nodes = new Map<string, StoredNode>();
  const firsts = new Map<string, string>();
  for (const [name, meta] of storedMetas(program)) {
    const found = stored.get(name);
    if (found === undefined)
      throw formatError('MISSING_PART', WHERE, `tensor ${show(name)}`, 'one in data/', 'none');
    checkMeta(name, found.node.tensor, meta);
    const first = firsts.get(found.identity);
    if (first !== undefined) ties.set(name, first);
    else {
      firsts.set(found.identity, name);
      nodes.set(name, found.node);
    }
  }
  for (const [name, { identity }] of stored) {
    const first = firsts.get(identity);
    if (first !== undefined && first !== name) ties.set(name, first);
  }
  const tensors = yield* bindTensors(nodes, file, 'torch');
  return { program, tensors, ties, graphText };
}

interface StoredNode {
  readonly kind: 'stored';
  readonly tensor: StoredTensor;
}

interface Stored {
  readonly node: StoredNode;
  /** Equal where two names are one tensor. */
  readonly identity: string;
}

/** The tensors of the archive by their names, none of them read. */
function* readStored(
  file: UnopenedFile,
  records: ReadonlyMap<string, ZipEntry>,
  parse: (bytes: Uint8Array, where: string) => Cursor,
  littleEndian: boolean,
): Reading<ReadonlyMap<string, Stored>> {
  const stored = new Map<string, Stored>();
  for (const { folder, config } of TENSORS) {
    const entry = records.get(config);
    if (entry === undefined) continue;
    const text = yield* readEntry(entry, file.limits.maxPickleBytes);
    const storages = new Map<string, StoredTensor['storage']>();
    for (const [name, payload] of parse(text, config).get('config').members()) {
      if (payload.get('use_pickle').boolean())
        throw new UnsupportedError(message(WHERE, show(name), 'plain elements', 'a pickle (use_pickle)'));
      if (stored.has(name))
        throw formatError('DUPLICATE_NAME', WHERE, config, 'names of their own', show(name));
      const path = folder + payload.get('path_name').string();
      const storage = storages.get(path) ?? storageOf(recordNamed(records, path), littleEndian);
      storages.set(path, storage);
      const tensor = storedTensor(payload.get('tensor_meta'), storage, name);
      const { dtype, shape, strides, byteOffset } = tensor;
      const identity = [path, dtype, shape.join('x'), (strides ?? []).join('x'), byteOffset].join(' ');
      stored.set(name, { node: { kind: 'stored', tensor }, identity });
    }
  }
  return stored;
}

/** What the graph says of each tensor that it reads from the archive. */
function* storedMetas({ graph, inputs }: Program): Generator<[name: string, meta: TensorMeta]> {
  for (const [i, spec] of inputs.entries()) {
    const value = graph.inputs[i];
    if ('name' in spec && value?.kind === 'tensor')
      yield [spec.name, graph.tensors.get(value.name) as TensorMeta];
  }
}

function checkMeta(name: string, { dtype, shape }: StoredTensor, meta: TensorMeta): void {
  if (dtype === meta.dtype && shape.join() === meta.shape.join()) return;
  const show = (type: string, sizes: readonly unknown[]) => `${type} [${sizes.join(', ')}]`;
  throw formatError(
    'INCONSISTENT',
    WHERE,
    `tensor "${name}"`,
    `${show(meta.dtype, meta.shape)}, as in the graph`,
    show(dtype, shape),
  );
}

/** Reads a graph alone, such as that of a saved layer. */
export function parseProgram(graphText: Uint8Array, parse: (bytes: Uint8Array) => Cursor): Program {
  const utf8 = new TextEncoder();
  return decodeProgram(parse(graphText), (text) => parse(utf8.encode(text.string())));
}

/** The folder has the name of the file that was saved. */
function recordsOf(archive: ZipArchive): ReadonlyMap<string, ZipEntry> {
  const names = [...archive.keys()];
  const model = names.find((name) => name === MODEL || name.endsWith(`/${MODEL}`));
  if (model === undefined) throw notAProgram(names);
  const folder = model.slice(0, -MODEL.length);
  return new Map([...archive.values()].map((entry) => [entry.name.slice(folder.length), entry]));
}

function notAProgram(names: readonly string[]): UnsupportedError {
  const [got, remedy] = names.some((name) => name.endsWith(OLD_MODEL))
    ? ['the layout of torch before 2.7', 'Export it with torch 2.7 or newer']
    : names.some((name) => name.endsWith('data.pkl'))
      ? [
          'a file of torch.save',
          'readStateDict reads its weights; torch.export.save(torch.export.export(model, args), path) writes a program',
        ]
      : ['another archive', 'torch.export.save(torch.export.export(model, args), path) writes a program'];
  return new UnsupportedError(message(WHERE, 'file', `an archive with ${MODEL}`, got, remedy));
}

function* readByteOrder(records: ReadonlyMap<string, ZipEntry>): Reading<string> {
  const entry = records.get('byteorder');
  if (entry === undefined) return 'little';
  const word = String.fromCharCode(...(yield* readEntry(entry, MAX_WORD_BYTES))).trim();
  if (word === 'little' || word === 'big') return word;
  throw formatError('INVALID_STRUCTURE', WHERE, 'byteorder', 'little or big', show(word));
}

function recordNamed(records: ReadonlyMap<string, ZipEntry>, name: string): ZipEntry {
  const entry = records.get(name);
  if (entry) return entry;
  throw formatError('MISSING_PART', WHERE, 'archive', `a record ${show(name)}`, 'none');
}

/** A tensor whose elements lie inside its storage. */
function storedTensor(meta: Cursor, storage: StoredTensor['storage'], name: string): StoredTensor {
  const dtype = decodeDtype(meta.get('dtype'));
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

/** Opens the archive that `torch.export.save` writes, with its graph. */

import { message, show } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import type { TensorNode, UnopenedFile } from '../../state-dict/formats/checkpoint.js';
import { MODEL, parseRecord, programRecords, WHERE } from '../../state-dict/formats/program/records.js';
import { CONSTANTS, readTensors, WEIGHTS } from '../../state-dict/formats/program/tensors.js';
import { type Records, recordNamed } from '../../state-dict/formats/torch/records.js';
import { openZip, readEntry } from '../../state-dict/formats/zip/archive.js';
import type { Reading } from '../../state-dict/reading/reading.js';
import { formatError } from '../../state-dict/rules/format-codes.js';
import type { WorkBudget } from '../../state-dict/rules/work.js';
import { bindTensors, checkExpansion } from '../../state-dict/tensors/bind.js';
import { byteLengthOf } from '../../state-dict/tensors/dtypes.js';
import type { StateDict } from '../../state-dict/tensors/tensor.js';
import { decodeProgram } from '../graph/decode.js';
import { storedMetas } from '../graph/interface.js';
import { showSizes } from '../graph/show-sizes.js';
import type { Program, TensorMeta } from '../graph/types.js';

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
  const records = programRecords(yield* openZip(file));
  const { graphText, program } = yield* readGraph(file, records);
  const stored = yield* readTensors(file, records, [WEIGHTS, CONSTANTS]);
  const ties = new Map<string, string>();
  const nodes = new Map<string, TensorNode>();
  const firsts = new Map<TensorNode, string>();
  for (const [name, meta] of storedMetas(program)) {
    const node = stored.get(name);
    if (node === undefined)
      throw formatError('MISSING_PART', WHERE, `tensor ${show(name)}`, 'one in data/', 'none');
    checkNode(name, node, meta);
    const first = firsts.get(node);
    if (first !== undefined) ties.set(name, first);
    else {
      firsts.set(node, name);
      nodes.set(name, node);
    }
  }
  for (const [name, node] of stored) {
    const first = firsts.get(node);
    if (first !== undefined && first !== name) ties.set(name, first);
  }
  // Each becomes a weight with elements of its own, also where many are views of one storage.
  let bytes = 0;
  for (const node of nodes.values())
    if (node.kind !== 'refused') bytes += byteLengthOf(node.tensor.dtype, node.tensor.shape);
  checkExpansion(bytes, file, file.size);
  const tensors = yield* bindTensors(nodes, file, 'program');
  return { program, tensors, ties, graphText };
}

/** Reads the graph of a program, and none of its tensors. */
export function* openGraph(file: UnopenedFile): Reading<Program> {
  return (yield* readGraph(file, programRecords(yield* openZip(file)))).program;
}

function* readGraph(
  file: UnopenedFile,
  records: Records,
): Reading<Pick<ProgramFile, 'graphText' | 'program'>> {
  const entry = recordNamed(records, MODEL, WHERE, 'archive');
  const graphText = yield* readEntry(entry, file.limits.maxPickleBytes);
  return { graphText, program: parseProgram(graphText, MODEL, file.work) };
}

/** The call with which the program was exported. */
const SAMPLE = 'data/sample_inputs/model.pt';

/** Reads what torch.save wrote of the arguments with which a program was exported; undefined where the archive has none. */
export function* openSample(file: UnopenedFile): Reading<Uint8Array | undefined> {
  const entry = programRecords(yield* openZip(file)).get(SAMPLE);
  return entry && (yield* readEntry(entry, file.limits.maxTensorBytes));
}

function checkNode(name: string, node: TensorNode, meta: TensorMeta): void {
  if (node.kind === 'refused')
    throw new UnsupportedError(message(WHERE, `tensor ${show(name)}`, 'plain elements', node.reason));
  const { dtype, shape } = node.tensor;
  if (dtype === meta.dtype && shape.join() === meta.shape.join()) return;
  const text = (found: Pick<TensorMeta, 'dtype' | 'shape'>) => `${found.dtype} ${showSizes(found)}`;
  throw formatError(
    'INCONSISTENT',
    WHERE,
    `tensor ${show(name)}`,
    `${text(meta)}, as in the graph`,
    text(node.tensor),
  );
}

/**
 * Reads a graph alone, such as that of a saved layer.
 *
 * @param where  opens messages: the name of the file.
 */
export function parseProgram(graphText: Uint8Array, where: string, work: WorkBudget): Program {
  const parse = (bytes: Uint8Array) => parseRecord(bytes, where, { work });
  const utf8 = new TextEncoder();
  return decodeProgram(parse(graphText), (text) => parse(utf8.encode(text.string())), work);
}

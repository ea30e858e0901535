import { show, showFirst } from '../../../check.js';
import { FormatError } from '../../../errors.js';
import { type Reading, readRange } from '../../reading/reading.js';
import { formatError } from '../../rules/format-codes.js';
import { MAX_RANK, OTHER_MEMBERS } from '../../rules/limits.js';
import type { Checkpoint, CheckpointDict, CheckpointNode, OpenedFile } from '../checkpoint.js';
import { type Member, membersAt } from './members.js';
import { JsonReader } from './reader.js';
import { readPacked, readSplit } from './split.js';
import { noTensor, readTensor, tensorFault } from './tensor.js';

const WHERE = 'json';

/** The deepest nested list, and the objects around it. */
const MAX_DEPTH = MAX_RANK + 3;

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * Opens JSON text with a state_dict in any of the forms people write:
 *
 * - `{name: nested lists}`, what `json.dump({k: v.tolist() for k, v in model.state_dict().items()}, file)` writes
 * - `{name: {shape, data}}` and `{name: {shape, dtype, data}}`, data a flat or nested list, or base64 of little-endian bytes
 * - `{params: {name: list}, meta: {name: {shape, dtype}}}`, and `{specs: [{name, shape, dtype}], weights}`, weights the base64
 *   of all tensors one after the other
 * - any of the first two in objects inside each other: around it a checkpoint (`state_dict` beside `epoch`), below it modules
 *
 * Without a dtype, numbers are rounded to F32 and `true`/`false` are BOOL. Dtypes go by safetensors' or torch's names.
 * `NaN`, `Infinity` and `-Infinity`, which Python writes bare, are numbers. A byte order mark before the text is left.
 *
 * @throws FormatError when the text is not JSON or no object. What is no tensor is an error where one is asked for.
 */
export function* openJson({ size, limits }: OpenedFile): Reading<Checkpoint> {
  const text = yield* readRange(0, size);
  const reader = new JsonReader(text, {
    where: WHERE,
    unit: 'byte',
    maxDepth: MAX_DEPTH,
    maxMembers: limits.maxTensors + OTHER_MEMBERS,
    pythonNumbers: true,
  });
  const start = BYTE_ORDER_MARK.every((byte, i) => text[i] === byte) ? BYTE_ORDER_MARK.length : 0;
  reader.position = start;
  const kind = reader.kind();
  if (kind !== 'object') throw notTensors(`a ${kind}`);
  const members = membersAt(reader, start, limits.maxTensors);
  reader.expectEnd();
  return { format: 'json', unknownGlobals: [], ...contentOf(reader, members, limits.maxTensors) };
}

function contentOf(
  reader: JsonReader,
  members: readonly Member[],
  maxTensors: number,
): Pick<Checkpoint, 'root' | 'warnings'> {
  const byName = new Map(members.map((member) => [member.name, member]));
  checkNoIndex(reader, byName.get('weight_map'));
  checkNoLayers(reader, byName.get('layers'));
  const packed = readPacked(reader, byName.get('specs'), byName.get('weights'), maxTensors);
  if (packed) return { root: packed, warnings: leftBeside(members, ['specs', 'weights']) };
  const split = readSplit(reader, byName.get('params'), byName.get('meta'), maxTensors);
  if (split) return { root: split, warnings: leftBeside(members, ['params', 'meta']) };
  return { root: dictOf(reader, members, maxTensors), warnings: [] };
}

/** Tells of members beside those that are the tensors. */
function leftBeside(members: readonly Member[], taken: readonly string[]): string[] {
  const left = members.filter(({ name }) => !taken.includes(name));
  if (left.length === 0) return [];
  const names = showFirst(left, ({ name }) => show(name));
  return [`Left out, beside ${taken.map(show).join(' and ')}: ${names}.`];
}

/** A dict of the members of an object. Its depth is that of the text, which the first pass has held to the limit. */
function dictOf(reader: JsonReader, members: readonly Member[], maxTensors: number): CheckpointDict {
  const nodes = members.map((member): [Member, CheckpointNode] => [
    member,
    nodeOf(reader, member, maxTensors),
  ]);
  const holdsTensors = nodes.some(([, node]) => isPlainTensor(node));
  return new Map(
    nodes.map(([member, node]) => {
      // Beside tensors, an object without any is meant for one: it would vanish without a word.
      const isMisplaced = holdsTensors && node.kind === 'dict' && !holdsPlainTensor(node.entries);
      return [member.name, isMisplaced ? refused(misplaced(member.name, node.entries)) : node];
    }),
  );
}

function misplaced(name: string, entries: CheckpointDict): FormatError {
  const remedy = 'If these are settings, name the modules to read with select';
  return noTensor(name, [...entries.keys()], remedy);
}

function nodeOf(reader: JsonReader, member: Member, maxTensors: number): CheckpointNode {
  const { name, kind, offset } = member;
  if (kind === 'string' || kind === 'null') {
    const rule = 'numbers, nested lists, or an object with shape and data';
    const error = tensorFault('INVALID_TENSOR', name, rule, kind);
    return { kind: 'other', text: kind === 'null' ? kind : 'text', error };
  }
  if (kind === 'object') {
    const members = membersAt(reader, offset, maxTensors);
    // An object with a shape but without data is a broken tensor, no module.
    if (!members.some((inner) => inner.name === 'shape' || inner.name === 'dtype')) {
      return { kind: 'dict', entries: dictOf(reader, members, maxTensors) };
    }
  }
  try {
    const maybeSetting = kind === 'number' || kind === 'boolean';
    return { kind: 'loaded', tensor: readTensor(reader, member), maybeSetting };
  } catch (error) {
    if (error instanceof FormatError) return refused(error);
    throw error;
  }
}

function refused(error: FormatError): CheckpointNode {
  return { kind: 'refused', reason: error.message, error };
}

function isPlainTensor(node: CheckpointNode): boolean {
  return node.kind === 'refused' || (node.kind === 'loaded' && !node.maybeSetting);
}

/** At any depth. The depth is that of the text, which is small. */
function holdsPlainTensor(dict: CheckpointDict): boolean {
  for (const node of dict.values()) {
    if (node.kind === 'dict' ? holdsPlainTensor(node.entries) : isPlainTensor(node)) return true;
  }
  return false;
}

/** `model.safetensors.index.json` names the files of a model too large for one. */
function checkNoIndex(reader: JsonReader, weightMap: Member | undefined): void {
  if (weightMap?.kind !== 'object' || isTensorObject(reader, weightMap)) return;
  const remedy = 'Read each file that its weight_map names, and join them: new Map([...first, ...second])';
  throw notTensors('the index of a model stored in several files', remedy);
}

function isTensorObject(reader: JsonReader, { offset }: Member): boolean {
  const names = new Set(membersAt(reader, offset).map(({ name }) => name));
  return names.has('shape') && names.has('data');
}

/** `{layers: [{name, weights, bias}]}` and the like: forms of somebody's own, in which names and order are anyone's guess. */
function checkNoLayers(reader: JsonReader, layers: Member | undefined): void {
  if (layers?.kind !== 'list') return;
  reader.position = layers.offset;
  reader.position++;
  if (reader.peek() !== '{'.charCodeAt(0)) return;
  const remedy = 'Write one object of tensors by their names: {"fc.weight": [[...]], "fc.bias": [...]}';
  throw notTensors('a list of layers', remedy);
}

function notTensors(got: string, remedy?: string): Error {
  return formatError('INVALID_STATE_DICT', WHERE, 'root', 'an object of tensors', got, remedy);
}

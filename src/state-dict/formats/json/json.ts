import { type Reading, readRange } from '../../reading/reading.js';
import { formatError } from '../../rules/format-codes.js';
import { MAX_RANK } from '../../rules/limits.js';
import type { Checkpoint, CheckpointDict, CheckpointNode, InputFile } from '../checkpoint.js';
import { JsonReader } from './reader.js';
import { listNode, notATensor, tensorError, tensorObjectNode } from './tensor.js';
import { type JsonMembers, type JsonValue, readValue } from './value.js';

const WHERE = 'json';

/** The deepest nested list, and the objects around it. */
const MAX_DEPTH = MAX_RANK + 3;

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * Opens JSON text with a state_dict in one of the two forms that people write:
 *
 * - `{name: nested lists}`, what `json.dump({k: v.tolist() for k, v in model.state_dict().items()}, file)` writes
 * - `{name: {shape, data}}` and `{name: {shape, dtype, data}}`, data a flat or nested list, or base64 of little-endian bytes
 *
 * Objects may nest: around the state_dict a checkpoint (`state_dict` beside `epoch`), below it modules.
 *
 * Without a dtype, numbers are rounded to F32 and `true`/`false` are BOOL. Dtypes go by safetensors' or torch's names.
 * `NaN`, `Infinity` and `-Infinity`, which Python writes bare, are numbers. A byte order mark before the text is skipped.
 *
 * One pass checks the text and finds the shapes; elements are read when their tensor is asked for.
 *
 * @throws FormatError when the text is not JSON, or not an object. A value that is not a tensor is an error where it is asked for.
 */
export function* openJson({ size, work }: InputFile): Reading<Checkpoint> {
  const text = yield* readRange(0, size);
  const reader = new JsonReader(text, {
    where: WHERE,
    unit: 'byte',
    maxDepth: MAX_DEPTH,
    work,
    pythonNumbers: true,
  });
  reader.position = BYTE_ORDER_MARK.every((byte, i) => text[i] === byte) ? BYTE_ORDER_MARK.length : 0;
  const root = readValue(reader);
  if (root.kind !== 'object') throw notTensors(`a ${root.kind}`);
  reader.expectEnd();
  checkNoIndex(root.members);
  return { format: 'json', unknownGlobals: [], root: dictOf(reader, root.members, new Set()), warnings: [] };
}

/**
 * Its depth is that of the text, which is limited.
 *
 * @param holders  gets the dicts with tensors in them, at any depth.
 */
function dictOf(reader: JsonReader, members: JsonMembers, holders: Set<CheckpointDict>): CheckpointDict {
  const nodes = [...members].map(([name, value]) => [name, nodeOf(reader, name, value, holders)] as const);
  const holdsTensors = nodes.some(([, node]) => isPlainTensor(node));
  const isHolder = (node: CheckpointNode): boolean => node.kind === 'dict' && holders.has(node.entries);
  const dict: CheckpointDict = new Map(
    nodes.map(([name, node]) => {
      // An object without tensors beside tensors is meant as a tensor: it must not vanish without a word.
      const isMisplaced = holdsTensors && node.kind === 'dict' && !isHolder(node);
      return [name, isMisplaced ? misplacedNode(name, node.entries) : node];
    }),
  );
  if (holdsTensors || nodes.some(([, node]) => isHolder(node))) holders.add(dict);
  return dict;
}

function misplacedNode(name: string, entries: CheckpointDict): CheckpointNode {
  const remedy = 'If these are settings, name the modules to read with select';
  const error = (): Error => notATensor(name, [...entries.keys()], remedy);
  return { kind: 'refused', reason: 'an object without shape and data', error };
}

function nodeOf(
  reader: JsonReader,
  name: string,
  value: JsonValue,
  holders: Set<CheckpointDict>,
): CheckpointNode {
  if (value.kind === 'object') {
    // An object with a shape but without data is a broken tensor, not a module.
    const isTensor = value.members.has('shape') || value.members.has('dtype');
    if (isTensor) return tensorObjectNode(reader, name, value.members);
    return { kind: 'dict', entries: dictOf(reader, value.members, holders) };
  }
  if ('scan' in value) return listNode(reader, name, value);
  const rule = 'numbers, nested lists, or an object with shape and data';
  const error = (): Error => tensorError(name, rule, value.kind);
  return { kind: 'other', text: value.kind === 'null' ? 'null' : 'text', error };
}

function isPlainTensor(node: CheckpointNode): boolean {
  return node.kind === 'refused' || (node.kind === 'loaded' && !node.isBareScalar);
}

/** `model.safetensors.index.json` lists the files of a model too large for one. */
function checkNoIndex(root: JsonMembers): void {
  const weightMap = root.get('weight_map');
  if (weightMap?.kind !== 'object') return;
  if (weightMap.members.has('shape') && weightMap.members.has('data')) return;
  throw notTensors('the index of a model in several files', 'Pass its path or URL to readStateDict');
}

function notTensors(got: string, remedy?: string): Error {
  return formatError('INVALID_STRUCTURE', WHERE, 'root', 'an object of tensors', got, remedy);
}

import { checkKeys, show, showShape } from '../check.js';
import { decodeBase64 } from './base64.js';
import { asBytes, requireLittleEndian } from './bytes.js';
import { bitsOf, dtypeNamed, elementCount, viewOf } from './dtypes.js';
import { type FormatCode, formatError } from './format-codes.js';
import { readListTensor } from './json-list.js';
import { type JsonKind, JsonReader } from './json-reader.js';
import { MAX_RANK, OTHER_MEMBERS, type ParseLimits, resolveLimits, tooManyTensors } from './limits.js';
import type { StateDict, TorchDtype, TorchTensor } from './types.js';

export interface JsonOptions {
  readonly limits?: ParseLimits;
}

/** One member of an object, found in a first pass over the text. */
interface Member {
  readonly name: string;
  /** Where its value begins. */
  readonly offset: number;
  /** Scalars that its value holds, at any depth. */
  readonly scalars: number;
}

const WHERE = 'json';

/** Keys under which checkpoints keep the state_dict, the most telling first. */
const CHECKPOINT_KEYS = ['state_dict', 'model_state_dict', 'model'];

/** The deepest nested list, and the objects around it. */
const MAX_DEPTH = MAX_RANK + 3;

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * Reads a state_dict from JSON text in any of the forms people write:
 *
 * - `{name: nested lists}`, what `json.dump({k: v.tolist() for k, v in model.state_dict().items()}, file)` writes
 * - `{name: {shape, data}}` and `{name: {shape, dtype, data}}`, data a flat or nested list, or base64 of little-endian bytes
 * - either of them under `state_dict`, `model_state_dict` or `model`; what stands beside that key (epoch, optimizer) is
 *   left. Where only what stands beside it looks like tensors (a `model` of settings), nothing is unwrapped
 *
 * Without a dtype, numbers are rounded to F32 and `true`/`false` are BOOL. Dtypes go by safetensors' or torch's names.
 * `NaN`, `Infinity` and `-Infinity`, which Python writes bare, are numbers. A byte order mark before the text is left.
 *
 * @throws FormatError when the text is not JSON or not tensors; `code` says which.
 * @throws UnsupportedError on a big-endian machine.
 */
export function parseJson(bytes: Uint8Array | ArrayBuffer, options: JsonOptions = {}): StateDict {
  requireLittleEndian(WHERE);
  const text = asBytes('parseJson', bytes);
  checkKeys('parseJson', options, ['limits']);
  const { maxTensors } = resolveLimits('parseJson', options.limits);
  const reader = new JsonReader(text, {
    where: WHERE,
    unit: 'byte',
    maxDepth: MAX_DEPTH,
    maxMembers: maxTensors + OTHER_MEMBERS,
    pythonNumbers: true,
  });
  const start = BYTE_ORDER_MARK.every((byte, i) => text[i] === byte) ? BYTE_ORDER_MARK.length : 0;
  reader.position = start;
  const kind = reader.kind();
  if (kind !== 'object') throw notTensors(`a ${kind}`);
  const root = membersAt(reader, start, maxTensors);
  reader.expectEnd();
  checkNoIndex(reader, root);
  const members = stateDictIn(reader, root, maxTensors);
  return new Map(members.map((member) => [member.name, readTensor(reader, member)]));
}

/** First pass: checks the grammar, finds the members and counts their scalars. */
function membersAt(reader: JsonReader, offset: number, maxTensors = Number.POSITIVE_INFINITY): Member[] {
  const members: Member[] = [];
  reader.position = offset;
  reader.readObject((name) => {
    if (members.length === maxTensors) throw tooManyTensors(WHERE, 'root', maxTensors);
    reader.peek();
    members.push({ name, offset: reader.position, scalars: reader.skipValue() });
  });
  return members;
}

/**
 * Members under the first checkpoint key that holds tensors; else those of the root. A number alone may be a tensor or a
 * setting, so where no member is plainly a tensor, what stands beside the key must not be one either.
 */
function stateDictIn(reader: JsonReader, root: Member[], maxTensors: number): Member[] {
  for (const key of CHECKPOINT_KEYS) {
    const member = root.find(({ name }) => name === key);
    if (!member || kindAt(reader, member) !== 'object' || isPlainlyTensor(reader, member)) continue;
    const members = membersAt(reader, member.offset, maxTensors);
    const holdsTensors = members.some((inner) => isPlainlyTensor(reader, inner));
    if (holdsTensors || !root.some((sibling) => isPlainlyTensor(reader, sibling))) return members;
  }
  return root;
}

/** A list, or an object with shape and data. */
function isPlainlyTensor(reader: JsonReader, member: Member): boolean {
  const kind = kindAt(reader, member);
  if (kind !== 'object') return kind === 'list';
  const names = new Set(membersAt(reader, member.offset).map(({ name }) => name));
  return names.has('shape') && names.has('data');
}

function kindAt(reader: JsonReader, { offset }: Member): JsonKind {
  reader.position = offset;
  return reader.kind();
}

/** `model.safetensors.index.json` names the files of a model too large for one. */
function checkNoIndex(reader: JsonReader, root: Member[]): void {
  const weightMap = root.find(({ name }) => name === 'weight_map');
  if (!weightMap || kindAt(reader, weightMap) !== 'object' || isPlainlyTensor(reader, weightMap)) return;
  const remedy = 'Read each file that its weight_map names, and join them: new Map([...first, ...second])';
  throw notTensors('the index of a model stored in several files', remedy);
}

function notTensors(got: string, remedy?: string): Error {
  return formatError('INVALID_STATE_DICT', WHERE, 'root', 'an object of tensors', got, remedy);
}

function readTensor(reader: JsonReader, { name, offset, scalars }: Member): TorchTensor {
  reader.position = offset;
  const kind = reader.kind();
  if (kind === 'object') return readTensorObject(reader, name, offset);
  if (kind === 'string' || kind === 'null') {
    throw fail('INVALID_TENSOR', name, 'numbers, nested lists, or an object with shape and data', kind);
  }
  const dtype = firstScalarIsBoolean(reader) ? 'BOOL' : 'F32';
  return { dtype, ...readListTensor(reader, name, dtype, scalars) };
}

/** Looks through opening brackets without consuming anything that matters: `position` is set back. */
function firstScalarIsBoolean(reader: JsonReader): boolean {
  const start = reader.position;
  while (reader.peek() === '['.charCodeAt(0)) reader.position++;
  const first = String.fromCharCode(reader.peek());
  reader.position = start;
  return first === 't' || first === 'f';
}

/** `{shape, dtype?, data}`, members in any order; others (`requires_grad`, `device`) are left. */
function readTensorObject(reader: JsonReader, name: string, offset: number): TorchTensor {
  const members = new Map(membersAt(reader, offset).map((member) => [member.name, member]));
  const data = members.get('data');
  const shapeMember = members.get('shape');
  if (!data || !shapeMember) {
    const keys = show([...members.keys()]);
    throw fail('INVALID_TENSOR', name, 'an object with shape and data', `one with keys ${keys}`);
  }
  const shape = readShape(reader, name, shapeMember);
  const dtypeMember = members.get('dtype');
  const dtype = dtypeMember && readDtype(reader, name, dtypeMember);
  reader.position = data.offset;
  const kind = reader.kind();
  if (kind === 'string') return readBase64Tensor(reader, name, shape, dtype);
  if (kind === 'object' || kind === 'null') {
    throw fail('INVALID_TENSOR', name, 'data as a list or base64 text', kind);
  }
  const fallback = firstScalarIsBoolean(reader) ? 'BOOL' : 'F32';
  return readNumbers(reader, name, shape, dtype ?? fallback, data.scalars);
}

function readNumbers(
  reader: JsonReader,
  name: string,
  shape: number[],
  dtype: TorchDtype,
  scalars: number,
): TorchTensor {
  const rule = `${elementCount(shape)} numbers for shape ${showShape(shape)}`;
  if (scalars !== elementCount(shape)) throw fail('SIZE_MISMATCH', name, rule, `${scalars}`);
  const list = readListTensor(reader, name, dtype, scalars);
  const flat = list.shape.length < 2;
  if (!flat && showShape(list.shape) !== showShape(shape)) {
    const listRule = `a flat list or one of shape ${showShape(shape)}`;
    throw fail('SIZE_MISMATCH', name, listRule, `a list of shape ${showShape(list.shape)}`);
  }
  return { dtype, shape, data: list.data };
}

function readBase64Tensor(
  reader: JsonReader,
  name: string,
  shape: number[],
  dtype?: TorchDtype,
): TorchTensor {
  if (!dtype) throw fail('INVALID_TENSOR', name, 'a dtype beside base64 data', 'none');
  const bytes = decodeBase64(reader.readStringBytes());
  if (!bytes) throw fail('INVALID_BASE64', name, 'data in base64 (RFC 4648, padded)', 'text that is not');
  const byteLength = (elementCount(shape) * bitsOf(dtype)) / 8;
  if (bytes.length !== byteLength) {
    throw fail(
      'SIZE_MISMATCH',
      name,
      `${byteLength} bytes for ${dtype} ${showShape(shape)}`,
      `${bytes.length}`,
    );
  }
  return { dtype, shape, data: viewOf(dtype, bytes.buffer, 0, byteLength) };
}

function readShape(reader: JsonReader, name: string, member: Member): number[] {
  const shape: number[] = [];
  const rule = 'a shape of integers >= 0';
  reader.position = member.offset;
  if (reader.kind() !== 'list') throw fail('INVALID_TENSOR', name, rule, reader.kind());
  reader.readList(() => {
    if (reader.kind() !== 'number') throw fail('INVALID_TENSOR', name, rule, reader.kind());
    const size = reader.readNumber();
    if (!/^\d+$/.test(reader.tokenText())) throw fail('INVALID_TENSOR', name, rule, reader.tokenText());
    shape.push(size);
    if (shape.length > MAX_RANK) throw fail('TOO_DEEP', name, `at most ${MAX_RANK} dimensions`, 'more');
  });
  if (Number.isNaN(elementCount(shape))) {
    throw fail('VALIDATION_OVERFLOW', name, 'sizes whose product is at most 2^53 - 1', showShape(shape));
  }
  return shape;
}

function readDtype(reader: JsonReader, name: string, member: Member): TorchDtype {
  reader.position = member.offset;
  if (reader.kind() !== 'string') throw fail('INVALID_TENSOR', name, 'dtype as text', reader.kind());
  const text = reader.readString();
  const dtype = dtypeNamed(text);
  if (!dtype) throw fail('UNKNOWN_DTYPE', name, "a dtype by safetensors' or torch's name", show(text));
  return dtype;
}

function fail(code: FormatCode, name: string, rule: string, got: string): Error {
  return formatError(code, WHERE, `tensor ${show(name)}`, rule, got);
}

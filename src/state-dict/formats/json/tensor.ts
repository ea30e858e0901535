/** One tensor of JSON text: its description at once, and its elements when they are asked for. */

import { show, showShape } from '../../../check.js';
import { FormatError } from '../../../errors.js';
import { formatError } from '../../rules/format-codes.js';
import { MAX_RANK } from '../../rules/limits.js';
import { byteLengthOf, dtypeNamed, elementCount, viewOf } from '../../tensors/dtypes.js';
import type { TorchData, TorchDtype } from '../../tensors/tensor.js';
import type { CheckpointNode } from '../checkpoint.js';
import { RefusedNode } from '../nodes.js';
import { decodeBase64 } from './base64.js';
import { type ListScan, readList } from './list.js';
import type { JsonReader } from './reader.js';
import type { JsonMembers, JsonValue } from './value.js';

const WHERE = 'json';

type ListValue = Extract<JsonValue, { scan: ListScan }>;
type StringValue = Extract<JsonValue, { kind: 'string' }>;

/** The node of a number, boolean or nested list. A bare number may be a scalar tensor, or a setting. */
export function listNode(
  reader: JsonReader,
  name: string,
  { kind, offset, scan }: ListValue,
): CheckpointNode {
  const dtype = scan.startsWithBoolean ? 'BOOL' : 'F32';
  const read = (): TorchData => {
    reader.position = offset;
    return readList(reader, name, dtype, scan.scalars);
  };
  if (!scan.isRegular) return refusedNode(() => errorOf(read));
  return { kind: 'loaded', tensor: { dtype, shape: scan.shape }, read, isBareScalar: kind !== 'list' };
}

/** Why a tensor cannot be read. The error is made where it is shown or thrown: a text may have one for a few bytes. */
type Refusal = () => FormatError;

/** The node of `{shape, dtype?, data}`, members in any order. Other members (`requires_grad`, `device`) are ignored. */
export function tensorObjectNode(reader: JsonReader, name: string, members: JsonMembers): CheckpointNode {
  const data = members.get('data');
  if (!data || !members.has('shape')) return refusedNode(() => notATensor(name, [...members.keys()]));
  const shape = readShape(reader, name, members.get('shape'));
  if (typeof shape === 'function') return refusedNode(shape);
  const dtype = readDtype(reader, name, members.get('dtype'));
  if (typeof dtype === 'function') return refusedNode(dtype);
  if (data.kind === 'string') return base64Node(reader, name, shape, dtype, data);
  if ('scan' in data) return numbersNode(reader, name, shape, dtype, data);
  return refusedNode(() => tensorError(name, 'data as a list or base64 text', data.kind));
}

/** The error for an object that should be a tensor and has other members. */
export function notATensor(name: string, keys: readonly string[], remedy?: string): FormatError {
  const got = `one with keys ${show(keys)}`;
  return tensorError(name, 'an object with shape and data', got, remedy);
}

function refusedNode(refusal: Refusal): CheckpointNode {
  return new RefusedNode(() => refusal().message, refusal);
}

/** The error of a tensor that is known to break a rule. */
function errorOf(read: () => unknown): FormatError {
  try {
    read();
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  throw new Error('json: expected a refusal');
}

function numbersNode(
  reader: JsonReader,
  name: string,
  shape: readonly number[],
  given: TorchDtype | undefined,
  { offset, scan }: ListValue,
): CheckpointNode {
  const dtype = given ?? (scan.startsWithBoolean ? 'BOOL' : 'F32');
  const count = elementCount(shape);
  if (scan.scalars !== count) {
    return refusedNode(() => {
      const rule = `${count} numbers for shape ${showShape(shape)}`;
      return tensorError(name, rule, `${scan.scalars}`);
    });
  }
  const read = (): TorchData => {
    reader.position = offset;
    const data = readList(reader, name, dtype, scan.scalars);
    const isFlat = scan.shape.length < 2;
    if (isFlat || showShape(scan.shape) === showShape(shape)) return data;
    const rule = `a flat list or one of shape ${showShape(shape)}`;
    throw tensorError(name, rule, `a list of shape ${showShape(scan.shape)}`);
  };
  return { kind: 'loaded', tensor: { dtype, shape }, read };
}

function base64Node(
  reader: JsonReader,
  name: string,
  shape: readonly number[],
  dtype: TorchDtype | undefined,
  { offset, length }: StringValue,
): CheckpointNode {
  if (!dtype) return refusedNode(() => tensorError(name, 'a dtype beside base64 data', 'none'));
  const byteLength = byteLengthOf(dtype, shape);
  const read = (): TorchData => {
    reader.position = offset;
    const bytes = decodeBase64(reader.readStringBytes());
    if (!bytes) {
      throw tensorError(name, 'data in base64 (RFC 4648, padded)', 'text that is not');
    }
    if (bytes.length === byteLength) return viewOf(dtype, bytes.buffer, 0, byteLength);
    const rule = `${byteLength} bytes for ${dtype} ${showShape(shape)}`;
    throw tensorError(name, rule, `${bytes.length}`);
  };
  // A short text is told to be too short before so many bytes are counted.
  return byteLength > length
    ? refusedNode(() => errorOf(read))
    : { kind: 'loaded', tensor: { dtype, shape }, read };
}

function readShape(reader: JsonReader, name: string, value: JsonValue | undefined): number[] | Refusal {
  const rule = 'a shape of integers >= 0';
  if (value?.kind !== 'list') return () => tensorError(name, rule, value?.kind ?? 'none');
  const shape: number[] = [];
  let refusal: Refusal | undefined;
  reader.position = value.offset;
  reader.readList(() => {
    const kind = reader.kind();
    if (kind !== 'number') {
      refusal ??= () => tensorError(name, rule, kind);
      reader.skipValue();
      return;
    }
    const size = reader.readNumber();
    const digits = reader.tokenText();
    if (!/^\d+$/.test(digits)) refusal ??= () => tensorError(name, rule, digits);
    if (shape.length === MAX_RANK) refusal ??= () => tooManyDimensions(name);
    else shape.push(size);
  });
  if (refusal) return refusal;
  if (!Number.isNaN(elementCount(shape))) return shape;
  return () => tensorError(name, 'sizes whose product is at most 2^53 - 1', showShape(shape));
}

function tooManyDimensions(name: string): FormatError {
  return formatError('TOO_LARGE', WHERE, whatOf(name), `at most ${MAX_RANK} dimensions`, 'more');
}

function readDtype(
  reader: JsonReader,
  name: string,
  value: JsonValue | undefined,
): TorchDtype | undefined | Refusal {
  if (value === undefined) return undefined;
  if (value.kind !== 'string') return () => tensorError(name, 'dtype as text', value.kind);
  reader.position = value.offset;
  const text = reader.readString();
  const dtype = dtypeNamed(text);
  if (dtype) return dtype;
  const rule = "a dtype by safetensors' or torch's name";
  return () => formatError('UNKNOWN_DTYPE', WHERE, whatOf(name), rule, show(text));
}

function whatOf(name: string): string {
  return `tensor ${show(name)}`;
}

/** The error for a value that is not the tensor it should be. */
export function tensorError(name: string, rule: string, got: string, remedy?: string): FormatError {
  return formatError('INVALID_TENSOR', WHERE, whatOf(name), rule, got, remedy);
}

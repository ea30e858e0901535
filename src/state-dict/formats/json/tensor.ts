/** One tensor of JSON text. */

import { show, showShape } from '../../../check.js';
import type { FormatError } from '../../../errors.js';
import { type FormatCode, formatError } from '../../rules/format-codes.js';
import { MAX_RANK } from '../../rules/limits.js';
import { bitsOf, dtypeNamed, elementCount, viewOf } from '../../tensors/dtypes.js';
import type { TorchDtype, TorchTensor } from '../../tensors/tensor.js';
import { decodeBase64 } from './base64.js';
import { readListTensor } from './list.js';
import { type Member, membersByName } from './members.js';
import type { JsonReader } from './reader.js';

const WHERE = 'json';

/** A number, boolean or nested list of them, or an object with shape and data. */
export function readTensor(reader: JsonReader, member: Member): TorchTensor {
  const { name, kind, offset, scalars } = member;
  reader.position = offset;
  if (kind === 'object') return readTensorObject(reader, member);
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
function readTensorObject(reader: JsonReader, { name, offset }: Member): TorchTensor {
  const members = membersByName(reader, offset);
  const data = members.get('data');
  if (!data || !members.has('shape')) throw noTensor(name, [...members.keys()]);
  const { shape, dtype } = readDescription(reader, name, members);
  return readData(reader, name, { shape, dtype }, data);
}

/** For an object that should be a tensor and has other keys. */
export function noTensor(name: string, keys: readonly string[], remedy?: string): FormatError {
  const got = `one with keys ${show(keys)}`;
  return tensorFault('INVALID_TENSOR', name, 'an object with shape and data', got, remedy);
}

/** What an object says of a tensor beside its elements. */
export interface Description {
  readonly shape: readonly number[];
  readonly dtype: TorchDtype | undefined;
}

/** The members `shape` and `dtype`, the latter if it is there. */
export function readDescription(
  reader: JsonReader,
  name: string,
  members: ReadonlyMap<string, Member>,
): Description {
  const shape = readShape(reader, name, members.get('shape'));
  const dtype = members.get('dtype');
  return { shape, dtype: dtype && readDtype(reader, name, dtype) };
}

/** Elements that a description tells the shape of: a flat or nested list, or base64 text. */
export function readData(
  reader: JsonReader,
  name: string,
  { shape, dtype }: Description,
  data: Member,
): TorchTensor {
  reader.position = data.offset;
  if (data.kind === 'string') return readBase64Tensor(reader, name, shape, dtype);
  if (data.kind === 'object' || data.kind === 'null') {
    throw tensorFault('INVALID_TENSOR', name, 'data as a list or base64 text', data.kind);
  }
  const fallback = firstScalarIsBoolean(reader) ? 'BOOL' : 'F32';
  return readNumbers(reader, name, shape, dtype ?? fallback, data.scalars);
}

function readNumbers(
  reader: JsonReader,
  name: string,
  shape: readonly number[],
  dtype: TorchDtype,
  scalars: number,
): TorchTensor {
  const rule = `${elementCount(shape)} numbers for shape ${showShape(shape)}`;
  if (scalars !== elementCount(shape)) throw tensorFault('SIZE_MISMATCH', name, rule, `${scalars}`);
  const list = readListTensor(reader, name, dtype, scalars);
  const flat = list.shape.length < 2;
  if (!flat && showShape(list.shape) !== showShape(shape)) {
    const listRule = `a flat list or one of shape ${showShape(shape)}`;
    throw tensorFault('SIZE_MISMATCH', name, listRule, `a list of shape ${showShape(list.shape)}`);
  }
  return { dtype, shape, data: list.data };
}

function readBase64Tensor(
  reader: JsonReader,
  name: string,
  shape: readonly number[],
  dtype?: TorchDtype,
): TorchTensor {
  if (!dtype) throw tensorFault('INVALID_TENSOR', name, 'a dtype beside base64 data', 'none');
  const bytes = decodeBase64(reader.readStringBytes());
  if (!bytes) {
    throw tensorFault('INVALID_BASE64', name, 'data in base64 (RFC 4648, padded)', 'text that is not');
  }
  const byteLength = (elementCount(shape) * bitsOf(dtype)) / 8;
  if (bytes.length !== byteLength) {
    throw tensorFault(
      'SIZE_MISMATCH',
      name,
      `${byteLength} bytes for ${dtype} ${showShape(shape)}`,
      `${bytes.length}`,
    );
  }
  return { dtype, shape, data: viewOf(dtype, bytes.buffer, 0, byteLength) };
}

function readShape(reader: JsonReader, name: string, member: Member | undefined): number[] {
  const shape: number[] = [];
  const rule = 'a shape of integers >= 0';
  if (member?.kind !== 'list') throw tensorFault('INVALID_TENSOR', name, rule, member?.kind ?? 'none');
  reader.position = member.offset;
  reader.readList(() => {
    if (reader.kind() !== 'number') throw tensorFault('INVALID_TENSOR', name, rule, reader.kind());
    const size = reader.readNumber();
    if (!/^\d+$/.test(reader.tokenText()))
      throw tensorFault('INVALID_TENSOR', name, rule, reader.tokenText());
    shape.push(size);
    if (shape.length > MAX_RANK)
      throw tensorFault('TOO_DEEP', name, `at most ${MAX_RANK} dimensions`, 'more');
  });
  if (Number.isNaN(elementCount(shape))) {
    throw tensorFault(
      'VALIDATION_OVERFLOW',
      name,
      'sizes whose product is at most 2^53 - 1',
      showShape(shape),
    );
  }
  return shape;
}

function readDtype(reader: JsonReader, name: string, member: Member): TorchDtype {
  if (member.kind !== 'string') throw tensorFault('INVALID_TENSOR', name, 'dtype as text', member.kind);
  reader.position = member.offset;
  const text = reader.readString();
  const dtype = dtypeNamed(text);
  if (!dtype) throw tensorFault('UNKNOWN_DTYPE', name, "a dtype by safetensors' or torch's name", show(text));
  return dtype;
}

/** The error for a tensor that is not as it should be. */
export function tensorFault(
  code: FormatCode,
  name: string,
  rule: string,
  got: string,
  remedy?: string,
): FormatError {
  return formatError(code, WHERE, `tensor ${show(name)}`, rule, got, remedy);
}

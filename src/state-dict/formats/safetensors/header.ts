import { show } from '../../../check.js';
import { type Reading, readRange } from '../../reading/reading.js';
import { type FormatCode, formatError } from '../../rules/format-codes.js';
import { MAX_RANK, tooManyTensors } from '../../rules/limits.js';
import { DTYPE_NAMES, isDtype } from '../../tensors/dtypes.js';
import type { TorchDtype } from '../../tensors/tensor.js';
import type { UnopenedFile } from '../checkpoint.js';
import { JsonReader } from '../json/reader.js';

/** One tensor of the header. Offsets count from the end of the header and are not checked yet. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: TorchDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In the order of the header. */
  readonly entries: readonly TensorEntry[];
  readonly metadata: Map<string, string>;
  /** Where the data begins, in bytes from the start of the file. */
  readonly dataStart: number;
}

export const METADATA_KEY = '__metadata__';
export const LENGTH_BYTES = 8;

/** Nesting at which the reference (serde_json) gives up; a header needs three levels. */
const MAX_DEPTH = 127;

const WHERE = 'safetensors';
const MAX_U64 = 2n ** 64n - 1n;

/**
 * Reads the header: `u64 N, little-endian | N bytes of JSON in UTF-8 | data`.
 *
 * It is stricter than the reference on purpose: a name that stands twice, and a tensor or dtype in serde's other notations (a list,
 * a one-key object), are refused. A file of which two readers see different tensors is an attack.
 */
export function* readHeader({ size, limits, work }: UnopenedFile): Reading<SafetensorsHeader> {
  const text = yield* readHeaderText(size, limits.maxHeaderBytes);
  const reader = new JsonReader(text, {
    where: WHERE,
    unit: 'header byte',
    maxDepth: MAX_DEPTH,
    work,
    pythonNumbers: false,
  });
  const entries: TensorEntry[] = [];
  let metadata = new Map<string, string>();
  expectKind(reader, 'object', 'header');
  reader.readObject((name) => {
    if (name === METADATA_KEY) {
      metadata = readMetadata(reader);
      return;
    }
    entries.push(readEntry(reader, name));
    if (entries.length > limits.maxTensors) throw tooManyTensors(WHERE, 'header', limits.maxTensors);
  });
  reader.expectEnd();
  return { entries, metadata, dataStart: LENGTH_BYTES + text.length };
}

function* readHeaderText(size: number, maxHeaderBytes: number): Reading<Uint8Array> {
  const fail = (code: FormatCode, rule: string, got: string): Error =>
    formatError(code, WHERE, 'header', rule, got);
  if (size < LENGTH_BYTES) {
    throw fail('TRUNCATED', `${LENGTH_BYTES} bytes of length`, `a file of ${size} bytes`);
  }
  const first = yield* readRange(0, LENGTH_BYTES);
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes)) {
    throw fail('TOO_LARGE', `at most ${maxHeaderBytes} bytes (limits.maxHeaderBytes)`, `length ${length}`);
  }
  if (length > BigInt(size - LENGTH_BYTES)) {
    const rule = `at most the ${size - LENGTH_BYTES} bytes that follow`;
    throw fail('TRUNCATED', rule, `length ${length}`);
  }
  const text = yield* readRange(LENGTH_BYTES, LENGTH_BYTES + Number(length));
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(text);
  } catch {
    throw fail('INVALID_SYNTAX', 'UTF-8 text', 'bytes that are not');
  }
  return text;
}

/** Real files write `null` for no metadata. */
function readMetadata(reader: JsonReader): Map<string, string> {
  const metadata = new Map<string, string>();
  if (reader.kind() === 'null') {
    reader.readNull();
    return metadata;
  }
  expectKind(reader, 'object', METADATA_KEY);
  reader.readObject((key) => {
    expectKind(reader, 'string', `${METADATA_KEY} ${show(key)}`);
    metadata.set(key, reader.readString());
  });
  return metadata;
}

/** Unknown fields are skipped, as the reference does, so that newer writers stay readable. */
function readEntry(reader: JsonReader, name: string): TensorEntry {
  const what = `tensor ${show(name)}`;
  let dtype: TorchDtype | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  expectKind(reader, 'object', what);
  reader.readObject((field) => {
    if (field === 'dtype') dtype = readDtype(reader, what);
    else if (field === 'shape') shape = readUnsignedList(reader, `${what} shape`);
    else if (field === 'data_offsets') offsets = readUnsignedList(reader, `${what} data_offsets`);
    else reader.skipValue();
  });
  if (!dtype || !shape || !offsets) {
    const missing = !dtype ? 'dtype' : !shape ? 'shape' : 'data_offsets';
    throw formatError(
      'INVALID_STRUCTURE',
      WHERE,
      what,
      'fields dtype, shape and data_offsets',
      `no ${missing}`,
    );
  }
  if (offsets.length !== 2) {
    throw formatError('INVALID_STRUCTURE', WHERE, `${what} data_offsets`, '[begin, end]', show(offsets));
  }
  return { name, dtype, shape, begin: offsets[0], end: offsets[1] };
}

function readDtype(reader: JsonReader, what: string): TorchDtype {
  expectKind(reader, 'string', `${what} dtype`);
  const name = reader.readString();
  if (isDtype(name)) return name;
  throw formatError('UNKNOWN_DTYPE', WHERE, what, `a dtype of ${DTYPE_NAMES.join(', ')}`, show(name));
}

function readUnsignedList(reader: JsonReader, what: string): number[] {
  const values: number[] = [];
  expectKind(reader, 'list', what);
  reader.readList(() => {
    values.push(readUnsigned(reader, what));
    // Checked here, not after the list: a list of millions costs a hundred times the bytes of its text.
    if (values.length > MAX_RANK)
      throw formatError('TOO_LARGE', WHERE, what, `at most ${MAX_RANK} entries`, 'more');
  });
  return values;
}

/**
 * Reads an unsigned 64-bit integer by its text: the reference refuses `2.0`, `2e0` and `-0`. Values beyond 2^53 are rounded; every
 * later check refuses them.
 */
function readUnsigned(reader: JsonReader, what: string): number {
  expectKind(reader, 'number', what);
  const value = reader.readNumber();
  const digits = reader.tokenText();
  if (/^\d{1,20}$/.test(digits) && (Number.isSafeInteger(value) || BigInt(digits) <= MAX_U64)) return value;
  throw formatError('INVALID_STRUCTURE', WHERE, what, 'unsigned 64-bit integers', digits);
}

function expectKind(reader: JsonReader, kind: 'object' | 'list' | 'string' | 'number', what: string): void {
  const got = reader.kind();
  if (got === kind) return;
  const article = (noun: string): string => (noun === 'object' ? `an ${noun}` : `a ${noun}`);
  throw formatError('INVALID_STRUCTURE', WHERE, what, article(kind), got === 'null' ? got : article(got));
}

import { show, showFirst, showShape } from '../../../check.js';
import { formatError } from '../../rules/format-codes.js';
import type { ReadLimits } from '../../rules/limits.js';
import { hasMark, latin1Of } from '../../tensors/bytes.js';
import { byteLengthOf } from '../../tensors/dtypes.js';
import { columnMajor } from '../../tensors/strides.js';
import type { TorchDtype } from '../../tensors/tensor.js';
import { holdsObjects, type RefusedArray, readDescr, STRUCTURED } from './descr.js';
import { type Literal, LiteralReader } from './literal.js';

/** The header of an npy file. */
export interface NpyHeader {
  readonly dtype: TorchDtype;
  readonly littleEndian: boolean;
  readonly shape: readonly number[];
  /** In elements; absent for row-major ones. */
  readonly strides?: readonly number[];
  /** Where the elements begin. */
  readonly dataBegin: number;
  /** Bytes behind the elements, which numpy ignores: another array may follow. */
  readonly rest: number;
}

const WHERE = 'npy';
const MAGIC = '\x93NUMPY';
const VERSION_OFFSET = 6;
const LENGTH_OFFSET = 8;
const KEYS = ['descr', 'fortran_order', 'shape'];

/** Holds most headers: numpy pads them to multiples of 64. */
export const USUAL_HEADER_BYTES = 256;

/** Whether bytes begin as an npy file does: numpy takes no others for an array. */
export function isNpy(head: Uint8Array): boolean {
  return hasMark(head, MAGIC);
}

/**
 * Bytes before the elements: `magic | version | length | dict`.
 *
 * @param head  the first bytes of the file, or the whole of a short one.
 * @param fileBytes  of the whole.
 */
export function npyHeaderBytes(
  head: Uint8Array,
  fileBytes: number,
  what: string,
  limits: Required<ReadLimits>,
): number {
  const invalid = (rule: string, got: string): Error => formatError('INVALID_SYNTAX', WHERE, what, rule, got);
  if (!isNpy(head) || head.length < LENGTH_OFFSET)
    throw invalid('the mark and version of an npy file first', 'other bytes');
  const [major, minor] = head.subarray(VERSION_OFFSET, LENGTH_OFFSET);
  if (!(major >= 1 && major <= 3 && minor === 0))
    throw invalid('version 1.0, 2.0 or 3.0', `${major}.${minor}`);
  const textBegin = textOffset(major);
  if (head.length < textBegin) throw invalid('the length of its header', 'its end');
  const view = new DataView(head.buffer, head.byteOffset);
  const length = major === 1 ? view.getUint16(LENGTH_OFFSET, true) : view.getUint32(LENGTH_OFFSET, true);
  if (textBegin + length > fileBytes) {
    const rule = `at most the ${fileBytes - textBegin} bytes that follow`;
    throw formatError('TRUNCATED', WHERE, what, rule, `${length}`);
  }
  if (length <= limits.maxHeaderBytes) return textBegin + length;
  const rule = `at most ${limits.maxHeaderBytes} bytes (limits.maxHeaderBytes)`;
  throw formatError('TOO_LARGE', WHERE, what, rule, `${length}`);
}

/** Version 1 counts the header in 16 bits, the later ones in 32. */
function textOffset(major: number): number {
  return major === 1 ? LENGTH_OFFSET + 2 : LENGTH_OFFSET + 4;
}

/**
 * Reads a whole header, the first bytes that {@link npyHeaderBytes} counts.
 *
 * @throws FormatError when it breaks the format, or when its array is larger than the file.
 */
export function readNpyHeader(header: Uint8Array, fileBytes: number, what: string): NpyHeader | RefusedArray {
  const major = header[VERSION_OFFSET];
  const text = decode(header.subarray(textOffset(major)), major, what);
  const members = new LiteralReader(text, what).readDict();
  const descr = members.get('descr');
  if (descr?.kind === 'structured') return STRUCTURED;
  const fortranOrder = members.get('fortran_order');
  const shape = members.get('shape');
  const isWhole = descr?.kind === 'string' && fortranOrder?.kind === 'boolean' && shape?.kind === 'tuple';
  if (!isWhole || members.size !== KEYS.length) throw wrongMembers(members, what);
  const element = readDescr(descr.value, what);
  if ('refused' in element)
    return holdsObjects(descr.value) ? { ...element, objectsBegin: header.length } : element;
  const rest = restOf(element.dtype, shape.value, fileBytes - header.length, what);
  const strides = fortranOrder.value && shape.value.length > 1 ? columnMajor(shape.value) : undefined;
  return { ...element, shape: shape.value, strides, dataBegin: header.length, rest };
}

/** Headers up to version 2 are Latin-1, those of version 3 UTF-8. */
function decode(bytes: Uint8Array, major: number, what: string): string {
  try {
    if (major === 3) return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return latin1Of(bytes);
  } catch {
    throw formatError('INVALID_SYNTAX', WHERE, what, 'a header in UTF-8', 'bytes that are not');
  }
}

function wrongMembers(members: ReadonlyMap<string, Literal>, what: string): Error {
  const rule = `a dtype, True or False, and a tuple under ${KEYS.join(', ')}`;
  const got = showFirst([...members], ([key, { kind }]) => `${show(key)}: ${kind}`);
  return formatError('INVALID_SYNTAX', WHERE, what, rule, got || 'nothing');
}

/** Bytes behind the elements. */
function restOf(dtype: TorchDtype, shape: readonly number[], found: number, what: string): number {
  const bytes = byteLengthOf(dtype, shape);
  if (!Number.isSafeInteger(bytes)) {
    const rule = 'sizes whose product can be counted (2^53 - 1 bytes)';
    throw formatError('INVALID_TENSOR', WHERE, what, rule, `${dtype} ${showShape(shape)}`);
  }
  if (bytes <= found) return found - bytes;
  const rule = `${bytes} bytes for ${dtype} ${showShape(shape)}`;
  throw formatError('INVALID_TENSOR', WHERE, what, rule, `${found}`);
}

import { message, show } from '../../check.js';
import { FormatError, UnsupportedError } from '../../errors.js';
import { formatError } from '../rules/format-codes.js';
import { hasMark, latin1Of } from '../tensors/bytes.js';
import { FOREIGN_FORMATS } from './foreign/heads.js';
import { READ_FILES } from './foreign/names.js';
import { isTar } from './foreign/tar.js';
import { isWhitespace } from './json/reader.js';

/** The formats of a state_dict. */
export type StateDictFormat = 'safetensors' | 'torch' | 'program' | 'pickle' | 'npz' | 'npy' | 'json';

const WHERE = 'file';

const ZIP_NAME_LENGTH_OFFSET = 26;
const ZIP_NAME_OFFSET = 30;

/** Known formats that are not read, by rules of this file. */
const UNREAD: readonly (readonly [name: string, remedy: string, matches: (bytes: Uint8Array) => boolean])[] =
  [
    ...FOREIGN_FORMATS.map(({ name, remedy, matches }) => [name, remedy, matches] as const),
    ['a gzip file in a gzip file', 'Decompress it first: gunzip, or DecompressionStream("gzip")', isGzip],
    [
      'a Git LFS pointer, which stands for the file in a clone without Git LFS',
      'Fetch the file itself: git lfs pull',
      (bytes) => hasMark(bytes, 'version https://git-lfs.github.com/spec/'),
    ],
    [
      'an HTML or XML page',
      'The URL answers with a page, not a file: open it in a browser to see which',
      (bytes) => firstSignificant(bytes) === 0x3c,
    ],
  ];

/**
 * Detects the format of a file by its first bytes. Each valid file matches exactly one format:
 *
 * - A safetensors file begins with its header length, 64 bits, of which the upper four bytes are zero (at most 100,000,000
 *   is allowed), and its ninth byte is `{` or JSON white space.
 * - JSON text holds no zero byte anywhere. A text shorter than five bytes cannot be safetensors either.
 * - Files of the other formats have a non-zero byte among the upper four or, where flags and dates are zero (zip, gzip), a
 *   ninth byte that is a compression method or level: 0, 2, 4 or 8.
 *
 * @throws UnsupportedError for known formats that are not read; the message says what to run.
 * @throws FormatError UNKNOWN_FORMAT, or TRUNCATED for no bytes.
 */
export function detectFormat(bytes: Uint8Array): StateDictFormat {
  if (bytes.length === 0) throw formatError('TRUNCATED', WHERE, 'format', READ_FILES, '0 bytes');
  if (isSafetensors(bytes)) return 'safetensors';
  if (hasMark(bytes, '\x93NUMPY')) return 'npy';
  // Checked before zip archives, since an npz file is one.
  if (isNpz(bytes)) return 'npz';
  if (isTorch(bytes)) return 'torch';
  if (isPickle(bytes)) return 'pickle';
  for (const [name, remedy, matches] of UNREAD)
    if (matches(bytes)) throw new UnsupportedError(message(WHERE, 'format', READ_FILES, name, remedy));
  // A malformed file goes to the reader of the format that it resembles, which reports the fault.
  if (hasSmallLength(bytes)) return 'safetensors';
  if (firstSignificant(bytes) === 0x7b || firstSignificant(bytes) === 0x5b) return 'json';
  throw formatError('UNKNOWN_FORMAT', WHERE, 'format', READ_FILES, showHead(bytes));
}

/** Whether a file begins like a zip archive. */
export function isArchive(bytes: Uint8Array): boolean {
  return isZip(bytes) && !isSafetensors(bytes);
}

/** Whether a file begins like one of a known format, read or not. */
export function isKnownFormat(bytes: Uint8Array): boolean {
  try {
    detectFormat(bytes);
    return true;
  } catch (error) {
    return !(error instanceof FormatError);
  }
}

/** Whether a file begins like a gzip file. */
export function isGzip(bytes: Uint8Array): boolean {
  return hasMark(bytes, '\x1f\x8b\x08') && !isSafetensors(bytes);
}

function isSafetensors(bytes: Uint8Array): boolean {
  return hasSmallLength(bytes) && (bytes.length === 8 || opensJson(bytes[8]));
}

/** Whether the first eight bytes are a number below 2^32. */
function hasSmallLength(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && bytes.subarray(4, 8).every((byte) => byte === 0);
}

/** The first bytes in hexadecimal digits, with their text where they are printable ASCII or white space. */
function showHead(bytes: Uint8Array): string {
  const head = [...bytes.subarray(0, 8)];
  const hex = head.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const isText = head.every((byte) => isWhitespace(byte) || (byte >= 0x20 && byte < 0x7f));
  const text = String.fromCharCode(...head) + (bytes.length > head.length ? '...' : '');
  return `bytes ${hex}${isText ? ` (${show(text)})` : ''}`;
}

/** `{`, or the white space that may stand before it. */
function opensJson(byte: number): boolean {
  return byte === 0x7b || isWhitespace(byte);
}

/** The first byte that is neither white space nor part of a byte order mark. */
function firstSignificant(bytes: Uint8Array): number | undefined {
  const start = hasMark(bytes, '\xef\xbb\xbf') ? 3 : 0;
  return bytes.subarray(start).find((byte) => !isWhitespace(byte));
}

/** A zip archive, pickles behind the number that torch.save begins with, or a tar archive: the layouts of torch.save. */
function isTorch(bytes: Uint8Array): boolean {
  return hasTorchMagic(bytes) || isZip(bytes) || isTar(bytes);
}

/** The int that the layout before 1.6 begins with; from protocol 4 on a frame stands before it. */
const TORCH_MAGIC = '\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19';
const PROTO_BYTES = 2;
const FRAME_BYTES = 9;

function hasTorchMagic(bytes: Uint8Array): boolean {
  return hasMark(bytes, TORCH_MAGIC, PROTO_BYTES) || hasMark(bytes, TORCH_MAGIC, PROTO_BYTES + FRAME_BYTES);
}

/** The first bytes of a pickle of the protocols 0 and 1, which have no mark: a dict, a list, a tuple of such, or what makes an object of data. */
const OLD_PICKLE =
  /^\({0,3}(\([dl](p\d|\()|[}\]]q|c(collections|copy_?reg|numpy|torch|__builtin__|builtins)[\w.]*\n\w)/;
const OLD_PICKLE_BYTES = 64;

function isPickle(bytes: Uint8Array): boolean {
  if (bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5) return true;
  return OLD_PICKLE.test(latin1Of(bytes.subarray(0, OLD_PICKLE_BYTES)));
}

/** A zip archive with entries, or one without. */
function isZip(bytes: Uint8Array): boolean {
  return hasMark(bytes, 'PK\x03\x04') || hasMark(bytes, 'PK\x05\x06');
}

/** A zip archive whose first entry is named `*.npy`. */
function isNpz(bytes: Uint8Array): boolean {
  if (!hasMark(bytes, 'PK\x03\x04')) return false;
  const nameLength = bytes[ZIP_NAME_LENGTH_OFFSET] | (bytes[ZIP_NAME_LENGTH_OFFSET + 1] << 8);
  return hasMark(bytes, '.npy', ZIP_NAME_OFFSET + nameLength - 4);
}

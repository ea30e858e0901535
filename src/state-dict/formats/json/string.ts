import { show } from '../../../check.js';
import { latin1Of } from '../../tensors/bytes.js';

/** Makes the error for a fault at an offset of the text. */
export type Refuse = (offset: number, rule: string, got: string) => Error;

const code = (character: string): number => character.charCodeAt(0);
const BACKSLASH = code('\\');
const LETTER_U = code('u');

/** The byte that each letter after a backslash stands for. */
const ESCAPES = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(
    ([letter, character]) => [code(letter), code(character)],
  ),
);

/**
 * The characters of a JSON string from `start` to `end`, between its quotes, as UTF-8 with the escapes resolved.
 *
 * It returns bytes, since decoding is fast only as a whole: a decode for each stretch between escapes takes seconds for a string
 * of megabytes. No escape is shorter than its character, so the length is at most that of the text.
 */
export function unescapeString(bytes: Uint8Array, start: number, end: number, refuse: Refuse): Uint8Array {
  const plain = new Uint8Array(end - start);
  let written = 0;
  let position = start;
  while (position < end) {
    if (bytes[position] !== BACKSLASH) {
      plain[written++] = bytes[position++];
      continue;
    }
    const letter = bytes[position + 1];
    if (letter === LETTER_U) {
      const point = codePointAt(bytes, position, refuse);
      written = putUtf8(plain, written, point);
      position += point > 0xffff ? 12 : 6;
      continue;
    }
    const byte = ESCAPES.get(letter);
    if (byte === undefined) throw refuse(position, 'a JSON escape', `\\${String.fromCharCode(letter)}`);
    plain[written++] = byte;
    position += 2;
  }
  return plain.subarray(0, written);
}

/** The character of the `\uXXXX`, or pair of them, at `position`. Lone surrogates are refused: UTF-8 has none. */
function codePointAt(bytes: Uint8Array, position: number, refuse: Refuse): number {
  const high = hex4(bytes, position, position, refuse);
  if (high < 0xd800 || high > 0xdfff) return high;
  const next = position + 6;
  if (high < 0xdc00 && bytes[next] === BACKSLASH && bytes[next + 1] === LETTER_U) {
    const low = hex4(bytes, next, position, refuse);
    if (low >= 0xdc00 && low <= 0xdfff) return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
  }
  throw refuse(position, 'a whole character', `the lone surrogate \\u${high.toString(16)}`);
}

/** The number in the `\uXXXX` at `position`. Errors name `start`, where the character begins. */
function hex4(bytes: Uint8Array, position: number, start: number, refuse: Refuse): number {
  let value = 0;
  for (let i = position + 2; i < position + 6; i++) {
    const digit = hexDigit(bytes[i]);
    if (digit === undefined) {
      const digits = latin1Of(bytes.subarray(position + 2, position + 6));
      throw refuse(start, 'four hexadecimal digits after \\u', show(digits));
    }
    value = value * 16 + digit;
  }
  return value;
}

function hexDigit(byte: number): number | undefined {
  if (byte >= code('0') && byte <= code('9')) return byte - code('0');
  const lower = byte | 0x20;
  return lower >= code('a') && lower <= code('f') ? lower - code('a') + 10 : undefined;
}

/** Writes a character at `written` and returns the offset of the next one. */
function putUtf8(bytes: Uint8Array, written: number, point: number): number {
  let next = written;
  if (point < 0x80) {
    bytes[next++] = point;
    return next;
  }
  if (point < 0x800) {
    bytes[next++] = 0xc0 | (point >> 6);
  } else if (point < 0x10000) {
    bytes[next++] = 0xe0 | (point >> 12);
    bytes[next++] = continuationOf(point >> 6);
  } else {
    bytes[next++] = 0xf0 | (point >> 18);
    bytes[next++] = continuationOf(point >> 12);
    bytes[next++] = continuationOf(point >> 6);
  }
  bytes[next++] = continuationOf(point);
  return next;
}

function continuationOf(bits: number): number {
  return 0x80 | (bits & 0x3f);
}

import { show } from '../../../check.js';
import { latin1Of } from '../../tensors/bytes.js';

/** Makes the error for a fault at an offset of the text. */
export type Refuse = (offset: number, rule: string, got: string) => Error;

const BACKSLASH = '\\'.charCodeAt(0);
const ENCODER = new TextEncoder();

/** The character that each letter after a backslash stands for. */
const ESCAPES = new Map([...'"\\/bfnrt'].map((letter, i) => [letter, '"\\/\b\f\n\r\t'.charCodeAt(i)]));

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
    const letter = String.fromCharCode(bytes[position + 1]);
    const byte = ESCAPES.get(letter);
    if (byte !== undefined) {
      plain[written++] = byte;
      position += 2;
      continue;
    }
    if (letter !== 'u') throw refuse(position, 'a JSON escape', `\\${letter}`);
    const character = characterAt(bytes, position, refuse);
    written += ENCODER.encodeInto(character, plain.subarray(written)).written;
    position += 6 * character.length;
  }
  return plain.subarray(0, written);
}

/** The character of the `\uXXXX`, or pair of them, at `position`. Lone surrogates are refused: UTF-8 has none. */
function characterAt(bytes: Uint8Array, position: number, refuse: Refuse): string {
  const unit = hex4(bytes, position, position, refuse);
  if (unit < 0xd800 || unit > 0xdfff) return String.fromCharCode(unit);
  const next = position + 6;
  if (unit < 0xdc00 && latin1Of(bytes.subarray(next, next + 2)) === '\\u') {
    const low = hex4(bytes, next, position, refuse);
    if (low >= 0xdc00 && low <= 0xdfff) return String.fromCharCode(unit, low);
  }
  throw refuse(position, 'a whole character', `the lone surrogate \\u${unit.toString(16)}`);
}

/** The number in the `\uXXXX` at `position`. Errors name `start`, where the character begins. */
function hex4(bytes: Uint8Array, position: number, start: number, refuse: Refuse): number {
  const digits = latin1Of(bytes.subarray(position + 2, position + 6));
  if (/^[0-9a-f]{4}$/i.test(digits)) return Number.parseInt(digits, 16);
  throw refuse(start, 'four hexadecimal digits after \\u', show(digits));
}

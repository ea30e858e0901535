import { message, show } from '../../check.js';
import { UnsupportedError } from '../../errors.js';

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Views of a file have the byte order of the host, which must be little-endian.
 *
 * @throws UnsupportedError on a big-endian machine.
 */
export function requireLittleEndian(where: string, littleEndian = HOST_IS_LITTLE_ENDIAN): void {
  if (littleEndian) return;
  throw new UnsupportedError(
    message(where, 'machine', 'little-endian byte order', 'big-endian', 'Run on a little-endian machine'),
  );
}

/** Whether the bytes at an offset have these character codes. */
export function hasMark(bytes: Uint8Array, mark: string, offset = 0): boolean {
  for (let i = 0; i < mark.length; i++) {
    if (bytes[offset + i] !== mark.charCodeAt(i)) return false;
  }
  return true;
}

/** The bytes of all pieces, one behind the other. */
export function concatenated(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Characters of one call: every engine takes so many arguments. */
const CHARACTERS = 4096;

/** Latin-1 text: each byte is the code of a character. TextDecoder's "latin1" is windows-1252, which differs from 0x80 on. */
export function latin1Of(bytes: Uint8Array): string {
  let text = '';
  for (let begin = 0; begin < bytes.length; begin += CHARACTERS) {
    // Nine times as fast as with `...`; it takes anything like an array.
    const codes = bytes.subarray(begin, begin + CHARACTERS) as unknown as number[];
    text += String.fromCharCode.apply(null, codes);
  }
  return text;
}

/**
 * The class of a built-in value by its tag: `Uint8Array`, `Map`, `Null`. Unlike `instanceof` it knows the values of another window,
 * worker or `vm` context, and a Buffer is a Uint8Array.
 */
export function builtinClass(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

/** An ArrayBuffer or Uint8Array, of any realm. */
export function isBytes(value: unknown): value is ArrayBuffer | Uint8Array {
  const tag = builtinClass(value);
  return tag === 'ArrayBuffer' || tag === 'Uint8Array';
}

/**
 * The same memory as a plain Uint8Array: the `slice` of a Node Buffer shares memory. Shared or resizable memory is copied: hosts
 * decode no text from it, and tensors must not change under their owner.
 */
export function asBytes(where: string, value: unknown, what = 'bytes', remedy?: string): Uint8Array {
  if (!isBytes(value))
    throw new TypeError(message(where, what, 'a Uint8Array or ArrayBuffer', show(value), remedy));
  const bytes = ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
  return isFixed(bytes.buffer) ? bytes : new Uint8Array(bytes);
}

function isFixed(buffer: ArrayBufferLike): boolean {
  return builtinClass(buffer) === 'ArrayBuffer' && !(buffer as { readonly resizable?: boolean }).resizable;
}

import { message, show } from '../check.js';
import { UnsupportedError } from '../errors.js';

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Both formats store little-endian elements, and views of a file take the byte order of the machine.
 *
 * @throws UnsupportedError on a big-endian machine.
 */
export function requireLittleEndian(where: string, littleEndian = HOST_IS_LITTLE_ENDIAN): void {
  if (littleEndian) return;
  throw new UnsupportedError(
    message(where, 'machine', 'little-endian byte order', 'big-endian', 'Run on a little-endian machine'),
  );
}

/** The same memory as a plain Uint8Array; a Node Buffer's own `slice` would share memory where a copy is meant. */
export function asBytes(where: string, value: unknown): Uint8Array {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (value instanceof Uint8Array) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw new TypeError(message(where, 'bytes', 'a Uint8Array or ArrayBuffer', show(value)));
}

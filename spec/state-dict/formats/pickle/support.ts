import { type Unpickled, unpickle } from '../../../../src/state-dict/formats/pickle/unpickle.js';
import type { PickleValue } from '../../../../src/state-dict/formats/pickle/values.js';
import { workFor } from '../../support.js';

/** Parts of a pickle: text of which each character is a byte, or bytes. */
export type Part = string | Uint8Array;

export function bytesOfParts(...parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part))),
  );
}

/** A number in `size` bytes, the lowest first. */
export function le(value: number, size: 1 | 2 | 4): Uint8Array {
  const bytes = Buffer.alloc(size);
  if (value < 0) bytes.writeIntLE(value, 0, size);
  else bytes.writeUIntLE(value, 0, size);
  return bytes;
}

/** An instruction that pushes a text. */
export function text(value: string): Uint8Array {
  const bytes = Buffer.from(value, 'utf8');
  return bytesOfParts('X', le(bytes.length, 4), bytes);
}

/** An instruction that pushes an int. */
export function int(value: number): Uint8Array {
  return bytesOfParts('J', le(value, 4));
}

/** Instructions that push a tuple of what others push. */
export function tuple(...parts: readonly Part[]): Uint8Array {
  return bytesOfParts('(', ...parts, 't');
}

/** Reads a pickle of protocol 2 whose instructions are the parts and STOP. */
export function read(...parts: readonly Part[]): Unpickled {
  return readBytes(bytesOfParts('\x80\x02', ...parts, '.'));
}

export function readBytes(bytes: Uint8Array, work = workFor(bytes.length), begin = 0): Unpickled {
  return unpickle(bytes, { work, begin, what: 'spec' });
}

export function rootOf(...parts: readonly Part[]): PickleValue {
  return read(...parts).root;
}

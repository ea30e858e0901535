import { show } from '../../../check.js';
import { zipError } from './records.js';

const BACKSLASH = 0x5c;

/** Shared, since making a decoder costs more than decoding a name. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The name of an entry: UTF-8 where the entry says so, else ASCII. Readers disagree on other bytes (code page 437, or that of the
 * writer's machine).
 *
 * Names that lead out of a folder are refused although nothing is unpacked here: no writer of weights makes one. A zero byte is
 * refused too, since Python cuts a name off there.
 */
export function readName(bytes: Uint8Array, isUtf8: boolean, what: string): string {
  const name = decode(bytes, isUtf8, what);
  const isRelative = !/^(\/|[a-z]:\/)/i.test(name) && !name.split('/').includes('..');
  if (bytes.length > 0 && isRelative && !bytes.includes(0) && !bytes.includes(BACKSLASH)) return name;
  const rule = 'a relative name without "..", backslashes and zero bytes';
  throw zipError('INVALID_ENTRY_NAME', what, rule, show(name));
}

function decode(bytes: Uint8Array, isUtf8: boolean, what: string): string {
  if (!isUtf8 && bytes.some((byte) => byte > 0x7f)) {
    throw zipError('INVALID_ENTRY_NAME', what, 'a name in ASCII, or marked as UTF-8', 'other bytes');
  }
  try {
    return UTF8.decode(bytes);
  } catch {
    throw zipError('INVALID_ENTRY_NAME', what, 'a name in UTF-8, as it is marked', 'other bytes');
  }
}

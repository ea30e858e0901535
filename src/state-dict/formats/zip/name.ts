/** Names of entries: their bytes, and what they spell. */

import { show } from '../../../check.js';
import { crc32Of } from './crc32.js';
import { viewOfBytes, zipError } from './records.js';

/** Shared, since making a decoder costs more than decoding a name. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const LOSSY_UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Code page 437 from byte 128 on: the encoding of a name that does not say another. */
const CP437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀' +
  'αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

/** Bytes of a Unicode path before the name: its version and the checksum. */
const PATH_HEAD_BYTES = 5;

/**
 * The name of an entry as Python spells it: UTF-8 where the entry is marked so or has a Unicode path, else code page 437.
 *
 * Nothing is unpacked here, so a name may lead anywhere. An empty name and one with a zero byte are refused: Python cuts a name off
 * there.
 *
 * @param path  the content of the extra field with the Unicode path.
 */
export function readName(bytes: Uint8Array, isUtf8: boolean, what: string, path?: Uint8Array): string {
  const name = isUtf8 ? decodeUtf8(bytes, what) : (unicodeName(bytes, what, path) ?? decodeCp437(bytes));
  if (name !== '' && !name.includes('\0')) return name;
  throw zipError('UNSAFE_NAME', what, 'a name without zero bytes', show(name));
}

/** Whether bytes spell a name by themselves, without a Unicode path: in UTF-8 or code page 437. */
export function isSpelledBy(name: string, bytes: Uint8Array): boolean {
  return name === LOSSY_UTF8.decode(bytes) || name === decodeCp437(bytes);
}

function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw zipError('UNSAFE_NAME', what, 'a name in UTF-8, as it is marked', 'other bytes');
  }
}

/** The name of a Unicode path; undefined where there is none, or it stands for another name. */
function unicodeName(bytes: Uint8Array, what: string, path: Uint8Array | undefined): string | undefined {
  if (path === undefined || path.length <= PATH_HEAD_BYTES || path[0] !== 1) return undefined;
  if (viewOfBytes(path).getUint32(1, true) !== crc32Of(bytes)) return undefined;
  return decodeUtf8(path.subarray(PATH_HEAD_BYTES), what);
}

function decodeCp437(bytes: Uint8Array): string {
  let name = '';
  for (const byte of bytes) name += byte < 0x80 ? String.fromCharCode(byte) : CP437[byte - 0x80];
  return name;
}

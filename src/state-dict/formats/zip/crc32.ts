import { nodeZlib } from '../../reading/node-zlib.js';
import { formatError } from '../../rules/format-codes.js';

/** The polynomial of zip and gzip, its bits in reverse order. */
const POLYNOMIAL = 0xedb88320;

const SLICES = 8;

/** `tables[k * 256 + b]`: what a byte `b` does to the checksum when `k` bytes follow it. Made when it is first needed. */
let tables: Int32Array | undefined;

/** The CRC-32 of bytes as zip and gzip define it, unsigned. */
export function crc32Of(bytes: Uint8Array): number {
  return nodeZlib()?.crc32?.(bytes) ?? crc32ByTables(bytes);
}

/** @throws FormatError DAMAGED unless a checksum is the one that the file gives. */
export function checkCrc32(where: string, what: string, expected: number, found: number): void {
  if (found === expected) return;
  throw formatError('DAMAGED', where, what, `CRC-32 ${hex(expected)}`, hex(found), 'It is damaged');
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}

/** The same without zlib: eight bytes at a time, each with its own table. */
export function crc32ByTables(bytes: Uint8Array): number {
  tables ??= makeTables();
  const table = tables;
  const inEights = bytes.length - (bytes.length % SLICES);
  let crc = -1;
  let i = 0;
  for (; i < inEights; i += SLICES) {
    const first = crc ^ (bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
    crc =
      table[1792 + (first & 0xff)] ^
      table[1536 + ((first >>> 8) & 0xff)] ^
      table[1280 + ((first >>> 16) & 0xff)] ^
      table[1024 + (first >>> 24)] ^
      table[768 + bytes[i + 4]] ^
      table[512 + bytes[i + 5]] ^
      table[256 + bytes[i + 6]] ^
      table[bytes[i + 7]];
  }
  for (; i < bytes.length; i++) crc = table[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

function makeTables(): Int32Array {
  const made = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    made[byte] = crc;
  }
  for (let i = 256; i < made.length; i++) made[i] = (made[i - 256] >>> 8) ^ made[made[i - 256] & 0xff];
  return made;
}

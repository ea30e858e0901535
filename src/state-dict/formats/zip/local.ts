/** What stands around the data of an entry: a header before it, and mostly nothing or a descriptor behind it. */

import { type Reading, readRanges } from '../../reading/reading.js';
import type { Surroundings } from '../checkpoint.js';
import { ENCRYPTED, HAS_DESCRIPTOR, nameOfEntry, type ZipEntry } from './directory.js';
import { readExtraFields, ZIP64 } from './extra.js';
import {
  DESCRIPTOR_SIGNATURE,
  LOCAL_BYTES,
  LOCAL_SIGNATURE,
  SATURATED32,
  uint64At,
  viewOfBytes,
  zipError,
} from './records.js';

/** Two sizes of 64 bits. */
const ZIP64_SIZES_BYTES = 16;

/** Extra fields that are read with a header: those of torch's alignment take 64 bytes, those of times and owners 28. */
const USUAL_EXTRA_BYTES = 512;

/** Bytes of a descriptor after its signature, with 32-bit sizes and with 64-bit sizes. */
const DESCRIPTOR_BYTES = [12, 20];

/** The slot of an entry, and where in it the data begins. */
export function aroundEntry(entry: ZipEntry): Surroundings {
  const { offset, end, nameBytes } = entry;
  const headBytes = Math.min(end - offset, LOCAL_BYTES + nameBytes.length + USUAL_EXTRA_BYTES);
  return { begin: offset, end, headBytes, dataBegin: (bytes) => dataBegin(entry, bytes) };
}

/** Reads the headers of entries in one request, and returns where the data of each begins in the file. */
export function* locateEntries(entries: readonly ZipEntry[]): Reading<number[]> {
  if (entries.length === 0) return [];
  const places = entries.map(aroundEntry);
  const heads = yield* readRanges(places.map(({ begin, headBytes }) => ({ begin, end: begin + headBytes })));
  return places.map(({ begin, dataBegin: find }, i) => begin + find(heads[i]));
}

/** The stored bytes of an entry in those of its whole slot. */
export function dataIn(entry: ZipEntry, slot: Uint8Array): Uint8Array {
  const begin = dataBegin(entry, slot);
  return slot.subarray(begin, begin + entry.storedBytes);
}

/**
 * Checks what stands around the data of an entry against the directory, and returns where in the slot the data begins.
 *
 * @param bytes  the slot, or as much of it as holds the header; of that the descriptor is not checked.
 */
function dataBegin(entry: ZipEntry, bytes: Uint8Array): number {
  const view = viewOfBytes(bytes);
  if (view.getUint32(0, true) !== LOCAL_SIGNATURE) {
    const rule = `its header at byte ${entry.offset}`;
    throw zipError('INVALID_SYNTAX', nameOfEntry(entry.name), rule, 'something else');
  }
  const flags = view.getUint16(6, true);
  if ((flags & ENCRYPTED) !== (entry.flags & ENCRYPTED)) throw differs(entry, 'flag of encryption');
  if (view.getUint16(8, true) !== entry.method) throw differs(entry, 'method');
  const nameEnd = LOCAL_BYTES + view.getUint16(26, true);
  if (!isSame(bytes.subarray(LOCAL_BYTES, nameEnd), entry.nameBytes)) throw differs(entry, 'name');
  const begin = nameEnd + view.getUint16(28, true);
  const hasDescriptor = ((flags | entry.flags) & HAS_DESCRIPTOR) !== 0;
  const extra = begin <= bytes.length ? bytes.subarray(nameEnd, begin) : undefined;
  checkLocalSizes(entry, view, extra, hasDescriptor);
  const dataEnd = begin + entry.storedBytes;
  if (entry.offset + dataEnd > entry.end) {
    const rule = `data that ends by ${entry.end}, where the next part begins`;
    throw zipError('INCONSISTENT', nameOfEntry(entry.name), rule, `${entry.offset + dataEnd}`);
  }
  const isSlot = bytes.length === entry.end - entry.offset;
  if (hasDescriptor && isSlot) checkDescriptor(entry, viewOfBytes(bytes.subarray(dataEnd)));
  return begin;
}

function differs({ name }: ZipEntry, part: string): Error {
  const rule = `the same ${part} before its data as in the directory`;
  return zipError('INCONSISTENT', nameOfEntry(name), rule, 'another');
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return i === a.length && i === b.length;
}

/**
 * Checksum and sizes before the data are those of the directory. Each may be zero where a descriptor follows: Info-ZIP knows the
 * inflated size of what it streams, and nothing else.
 *
 * @param extra  undefined where it is longer than what has been read of it: then sizes in it are not checked.
 */
function checkLocalSizes(
  entry: ZipEntry,
  header: DataView,
  extra: Uint8Array | undefined,
  hasDescriptor: boolean,
): void {
  const { crc32 = 0, storedBytes, inflatedBytes } = entry;
  const agrees = (told: number, known: number): boolean => told === known || (hasDescriptor && told === 0);
  if (!agrees(header.getUint32(14, true), crc32)) throw differs(entry, 'CRC-32');
  const sizes = [header.getUint32(22, true), header.getUint32(18, true)];
  if (sizes.includes(SATURATED32)) {
    if (extra === undefined) return;
    const wide = viewOfBytes(readExtraFields(extra).get(ZIP64) ?? extra.subarray(0, 0));
    // Both stand there, in this order, even where one would fit into 32 bits.
    if (wide.byteLength < ZIP64_SIZES_BYTES) throw differs(entry, 'sizes, in an extra field of 64 bits,');
    for (const [i, size] of sizes.entries()) if (size === SATURATED32) sizes[i] = uint64At(wide, 8 * i);
  }
  if (!agrees(sizes[0], inflatedBytes) || !agrees(sizes[1], storedBytes)) throw differs(entry, 'sizes');
}

/** The descriptor says what the directory says, in any of its forms: with and without a signature, of sizes in 32 and 64 bits. */
function checkDescriptor(entry: ZipEntry, tail: DataView): void {
  const { name, crc32 = 0, storedBytes, inflatedBytes } = entry;
  const isAt = (at: number): boolean =>
    DESCRIPTOR_BYTES.some((length) => {
      if (at + length > tail.byteLength || tail.getUint32(at, true) !== crc32) return false;
      const isWide = length === 20;
      const stored = isWide ? uint64At(tail, at + 4) : tail.getUint32(at + 4, true);
      const inflated = isWide ? uint64At(tail, at + 12) : tail.getUint32(at + 8, true);
      return stored === storedBytes && inflated === inflatedBytes;
    });
  const isSigned = tail.byteLength >= 4 && tail.getUint32(0, true) === DESCRIPTOR_SIGNATURE;
  if (isAt(0) || (isSigned && isAt(4))) return;
  const rule = 'the same CRC-32 and sizes behind its data as in the directory';
  throw zipError('INCONSISTENT', nameOfEntry(name), rule, 'others');
}

import { type ByteRange, type Reading, readRanges } from '../../reading/reading.js';
import { HAS_DESCRIPTOR, nameOfEntry, type ZipEntry } from './directory.js';
import {
  DESCRIPTOR_SIGNATURE,
  EXTRA_HEAD_BYTES,
  LOCAL_BYTES,
  LOCAL_SIGNATURE,
  SATURATED32,
  uint64At,
  viewOfBytes,
  ZIP64_EXTRA,
  zipError,
} from './records.js';

/** Two sizes of 64 bits. */
const ZIP64_SIZES_BYTES = 16;

/** Lengths of a descriptor with and without its signature, with 64-bit and 32-bit sizes. */
const DESCRIPTOR_BYTES = [24, 20, 16, 12];
const MAX_DESCRIPTOR_BYTES = 24;

/** Reads the headers and descriptors of entries in one request, and returns where the data of each begins in the file. */
export function* locateEntries(entries: readonly ZipEntry[]): Reading<number[]> {
  if (entries.length === 0) return [];
  const parts = yield* readRanges(entries.flatMap(headAndTail));
  return entries.map((entry, i) => dataBegin(entry, parts[2 * i], parts[2 * i + 1]));
}

/** The stored bytes of an entry in those of its whole slot. */
export function dataIn(entry: ZipEntry, slot: Uint8Array): Uint8Array {
  const begin = dataBegin(entry, slot, slot.subarray(-MAX_DESCRIPTOR_BYTES)) - entry.offset;
  return slot.subarray(begin, begin + entry.storedBytes);
}

/** The header up to its first extra field, and the descriptor: the header alone makes a slot longer than a descriptor. */
function headAndTail({ offset, end, nameBytes }: ZipEntry): ByteRange[] {
  const headBytes = LOCAL_BYTES + nameBytes.length + EXTRA_HEAD_BYTES + ZIP64_SIZES_BYTES;
  return [
    { begin: offset, end: Math.min(end, offset + headBytes) },
    { begin: end - MAX_DESCRIPTOR_BYTES, end },
  ];
}

/** Checks what stands around the data of an entry against the directory, and returns where the data begins. */
function dataBegin(entry: ZipEntry, head: Uint8Array, tail: Uint8Array): number {
  const view = viewOfBytes(head);
  if (view.getUint32(0, true) !== LOCAL_SIGNATURE) {
    const rule = `its header at byte ${entry.offset}`;
    throw zipError('INVALID_SYNTAX', nameOfEntry(entry.name), rule, 'something else');
  }
  if (view.getUint16(6, true) !== entry.flags) throw differs(entry, 'flags');
  if (view.getUint16(8, true) !== entry.method) throw differs(entry, 'method');
  const nameEnd = LOCAL_BYTES + view.getUint16(26, true);
  if (!isSame(head.subarray(LOCAL_BYTES, nameEnd), entry.nameBytes)) throw differs(entry, 'name');
  const headerEnd = nameEnd + view.getUint16(28, true);
  checkLocalSizes(entry, view, head.subarray(nameEnd, headerEnd));
  const begin = entry.offset + headerEnd;
  checkDescriptor(entry, begin + entry.storedBytes, tail);
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

/** Before a descriptor, checksum and sizes may be zeros; sizes beyond 32 bits stand in the first extra field. */
function checkLocalSizes(entry: ZipEntry, header: DataView, extraBytes: Uint8Array): void {
  const { flags, crc32 = 0, storedBytes, inflatedBytes } = entry;
  const mayBeZero = (flags & HAS_DESCRIPTOR) !== 0;
  const localCrc = header.getUint32(14, true);
  if (localCrc !== crc32 && !(mayBeZero && localCrc === 0)) throw differs(entry, 'CRC-32');
  let [stored, inflated] = [header.getUint32(18, true), header.getUint32(22, true)];
  if (stored === SATURATED32 && inflated === SATURATED32) {
    const extra = viewOfBytes(extraBytes);
    const isThere =
      extra.byteLength >= EXTRA_HEAD_BYTES + ZIP64_SIZES_BYTES &&
      extra.getUint16(0, true) === ZIP64_EXTRA &&
      extra.getUint16(2, true) >= ZIP64_SIZES_BYTES;
    if (!isThere) throw differs(entry, 'sizes, in the first extra field,');
    stored = uint64At(extra, EXTRA_HEAD_BYTES + 8);
    inflated = uint64At(extra, EXTRA_HEAD_BYTES);
  }
  const agrees = stored === storedBytes && inflated === inflatedBytes;
  if (!agrees && !(mayBeZero && stored === 0 && inflated === 0)) throw differs(entry, 'sizes');
}

/** Only its descriptor may follow the data of an entry in its slot. */
function checkDescriptor(entry: ZipEntry, dataEnd: number, bytes: Uint8Array): void {
  const { name, end, flags, crc32 = 0, storedBytes, inflatedBytes } = entry;
  const length = end - dataEnd;
  if (length < 0) {
    const rule = `data that ends by ${end}, where the next part begins`;
    throw zipError('INCONSISTENT', nameOfEntry(name), rule, `${dataEnd}`);
  }
  if ((flags & HAS_DESCRIPTOR) === 0) {
    if (length === 0) return;
    const rule = `data up to ${end}, where the next part begins`;
    throw zipError('INVALID_SYNTAX', nameOfEntry(name), rule, `${length} bytes less`);
  }
  if (!DESCRIPTOR_BYTES.includes(length)) {
    const rule = 'a descriptor of 12, 16, 20 or 24 bytes between its data and the next part';
    throw zipError('INVALID_SYNTAX', nameOfEntry(name), rule, `${length} bytes`);
  }
  const tail = viewOfBytes(bytes);
  const begin = tail.byteLength - length;
  const at = length % 8 === 0 ? begin + 4 : begin;
  const sizeAt = (i: number): number =>
    length >= 20 ? uint64At(tail, at + 4 + 8 * i) : tail.getUint32(at + 4 + 4 * i, true);
  const agrees =
    (at === begin || tail.getUint32(begin, true) === DESCRIPTOR_SIGNATURE) &&
    tail.getUint32(at, true) === crc32 &&
    sizeAt(0) === storedBytes &&
    sizeAt(1) === inflatedBytes;
  if (agrees) return;
  const rule = 'the same CRC-32 and sizes behind its data as in the directory';
  throw zipError('INCONSISTENT', nameOfEntry(name), rule, 'others');
}

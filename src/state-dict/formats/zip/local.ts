import { type ByteRange, type Reading, readRanges } from '../../reading/reading.js';
import { type CentralEntry, HAS_DESCRIPTOR, nameOfEntry } from './directory.js';
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

/** An entry between its neighbours: from its local header to the next one, or to the directory. */
interface Slot {
  readonly entry: CentralEntry;
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads the headers and descriptors around the data of every entry in one request, and checks them against the directory. Returns
 * where the data of each begins.
 *
 * Entries and directory must tile the file, as those of Python and torch do (torch aligns data by extra fields, not by gaps):
 * bytes in no entry would be hidden, and overlapping entries would multiply the content of a file.
 */
export function* locateEntries(
  entries: Iterable<CentralEntry>,
  directoryBegin: number,
): Reading<Map<CentralEntry, number>> {
  const slots = slotsOf([...entries], directoryBegin);
  const boundaries = slots.map(({ begin }, i) => boundaryAt(begin, slots[i - 1], slots[i]));
  boundaries.push(boundaryAt(directoryBegin, slots.at(-1), undefined));
  const parts = yield* readRanges(boundaries);
  const found = new Map<CentralEntry, number>();
  slots.forEach((slot, i) => {
    const head = parts[i].subarray(slot.begin - boundaries[i].begin);
    const tail = parts[i + 1].subarray(0, slot.end - boundaries[i + 1].begin);
    const dataBegin = checkHeader(slot, head);
    checkDescriptor(slot, dataBegin + slot.entry.storedBytes, tail);
    found.set(slot.entry, dataBegin);
  });
  return found;
}

/** Sorted by offset, each with room for at least its name and data. */
function slotsOf(entries: readonly CentralEntry[], directoryBegin: number): Slot[] {
  const sorted = [...entries].sort((a, b) => a.offset - b.offset);
  const first = sorted.length > 0 ? sorted[0].offset : directoryBegin;
  if (first !== 0) {
    throw zipError('INVALID_ZIP', 'file', 'its first entry at byte 0', `${first} bytes before it`);
  }
  return sorted.map((entry, i) => {
    const end = i + 1 < sorted.length ? sorted[i + 1].offset : directoryBegin;
    const needed = LOCAL_BYTES + entry.nameBytes.length + entry.storedBytes;
    if (end - entry.offset >= needed) return { entry, begin: entry.offset, end };
    const rule = `${needed} bytes at least from ${entry.offset} to what follows`;
    throw zipError('OVERLAPPING_ENTRIES', nameOfEntry(entry.name), rule, `${end - entry.offset}`);
  });
}

/** The range around a boundary between two entries: the descriptor of one, the header of the next. */
function boundaryAt(place: number, before: Slot | undefined, after: Slot | undefined): ByteRange {
  const headBytes = after
    ? LOCAL_BYTES + after.entry.nameBytes.length + EXTRA_HEAD_BYTES + ZIP64_SIZES_BYTES
    : 0;
  return {
    // The header alone makes the slot of an entry longer than a descriptor.
    begin: before ? place - MAX_DESCRIPTOR_BYTES : place,
    end: after ? Math.min(after.end, place + headBytes) : place,
  };
}

/** Checks the local header of an entry and returns where its data begins. */
function checkHeader({ entry, begin, end }: Slot, head: Uint8Array): number {
  const view = viewOfBytes(head);
  const what = nameOfEntry(entry.name);
  const differs = (part: string): Error =>
    zipError(
      'LOCAL_HEADER_MISMATCH',
      what,
      `the same ${part} before its data as in the directory`,
      'another',
    );
  if (view.getUint32(0, true) !== LOCAL_SIGNATURE) {
    throw zipError('INVALID_ZIP', what, `its header at byte ${begin}`, 'something else');
  }
  if (view.getUint16(6, true) !== entry.flags) throw differs('flags');
  if (view.getUint16(8, true) !== entry.method) throw differs('method');
  const nameEnd = LOCAL_BYTES + view.getUint16(26, true);
  const name = head.subarray(LOCAL_BYTES, nameEnd);
  if (name.length !== entry.nameBytes.length || name.some((byte, i) => byte !== entry.nameBytes[i])) {
    throw differs('name');
  }
  checkLocalSizes(entry, view, nameEnd, differs);
  const dataBegin = begin + nameEnd + view.getUint16(28, true);
  const dataEnd = dataBegin + entry.storedBytes;
  if (dataEnd <= end) return dataBegin;
  throw zipError(
    'OVERLAPPING_ENTRIES',
    what,
    `data that ends by ${end}, where the next part begins`,
    `${dataEnd}`,
  );
}

/** Before a descriptor, checksum and sizes may be zeros; sizes beyond 32 bits stand in the first extra field. */
function checkLocalSizes(
  { flags, crc32, storedBytes, inflatedBytes }: CentralEntry,
  view: DataView,
  nameEnd: number,
  differs: (part: string) => Error,
): void {
  const mayBeZero = (flags & HAS_DESCRIPTOR) !== 0;
  const localCrc = view.getUint32(14, true);
  if (localCrc !== crc32 && !(mayBeZero && localCrc === 0)) throw differs('CRC-32');
  let sizes = [view.getUint32(18, true), view.getUint32(22, true)];
  if (sizes.every((size) => size === SATURATED32)) {
    const content = nameEnd + EXTRA_HEAD_BYTES;
    const isThere =
      content + ZIP64_SIZES_BYTES <= view.byteLength &&
      view.getUint16(nameEnd, true) === ZIP64_EXTRA &&
      view.getUint16(nameEnd + 2, true) >= ZIP64_SIZES_BYTES;
    if (!isThere) throw differs('sizes, in the first extra field,');
    sizes = [uint64At(view, content + 8), uint64At(view, content)];
  }
  const isSame = sizes[0] === storedBytes && sizes[1] === inflatedBytes;
  if (!isSame && !(mayBeZero && sizes[0] === 0 && sizes[1] === 0)) throw differs('sizes');
}

/** Only its descriptor may follow the data of an entry. */
function checkDescriptor({ entry, end }: Slot, dataEnd: number, tail: Uint8Array): void {
  const what = nameOfEntry(entry.name);
  const length = end - dataEnd;
  if ((entry.flags & HAS_DESCRIPTOR) === 0) {
    if (length === 0) return;
    throw zipError(
      'INVALID_ZIP',
      what,
      `data up to ${end}, where the next part begins`,
      `${length} bytes less`,
    );
  }
  if (!DESCRIPTOR_BYTES.includes(length)) {
    const rule = 'a descriptor of 12, 16, 20 or 24 bytes between its data and the next part';
    throw zipError('INVALID_ZIP', what, rule, `${length} bytes`);
  }
  const view = viewOfBytes(tail.subarray(tail.length - length));
  const isWide = length === 24 || length === 20;
  const at = length % 8 === 0 ? 4 : 0;
  const sizeAt = (place: number): number => (isWide ? uint64At(view, place) : view.getUint32(place, true));
  const agrees =
    (at === 0 || view.getUint32(0, true) === DESCRIPTOR_SIGNATURE) &&
    view.getUint32(at, true) === entry.crc32 &&
    sizeAt(at + 4) === entry.storedBytes &&
    sizeAt(at + (isWide ? 12 : 8)) === entry.inflatedBytes;
  if (agrees) return;
  const rule = 'the same CRC-32 and sizes behind its data as in the directory';
  throw zipError('LOCAL_HEADER_MISMATCH', what, rule, 'others');
}

import { crc32, deflateRawSync } from 'node:zlib';
import type { InputFile } from '../../../../src/state-dict/formats/checkpoint.js';
import { readerAtHand } from '../../../../src/state-dict/formats/readers.js';
import { readEntry, type ZipArchive } from '../../../../src/state-dict/formats/zip/archive.js';
import { inflateSync } from '../../../../src/state-dict/reading/inflate.js';
import type {
  Answer,
  ByteRange,
  Reading,
  ReadingRequest,
} from '../../../../src/state-dict/reading/reading.js';
import type { ReadLimits } from '../../../../src/state-dict/rules/limits.js';
import { openedFile, utf8 } from '../../support.js';

/** A file as readers are told of it. */
export function opened(bytes: Uint8Array, limits: ReadLimits = {}): InputFile {
  return { ...openedFile(bytes.length, limits), head: bytes.subarray(0, 4096) };
}

function slices(bytes: Uint8Array, ranges: readonly ByteRange[]): Uint8Array[] {
  return ranges.map(({ begin, end }) => {
    if (!(0 <= begin && begin <= end && end <= bytes.length)) {
      throw new Error(`asked for [${begin}, ${end}] of ${bytes.length} bytes`);
    }
    return bytes.subarray(begin, end);
  });
}

function answer(request: Exclude<ReadingRequest, { kind: 'read' }>): Answer {
  return request.kind === 'inflate' ? [inflateSync(request)] : readerAtHand(request.name);
}

/** Runs a reading on bytes in memory. `seen` collects its requests; one outside the file fails. */
export function readAll<T>(reading: Reading<T>, bytes: Uint8Array, seen: ReadingRequest[] = []): T {
  let step = reading.next();
  while (!step.done) {
    const request = step.value;
    seen.push(request);
    step = reading.next(request.kind === 'read' ? slices(bytes, request.ranges) : answer(request));
  }
  return step.value;
}

/** Names and bytes of all entries of an archive. */
export function contentOf(archive: ZipArchive, bytes: Uint8Array, maxBytes = 1e6): Map<string, Uint8Array> {
  return new Map(
    [...archive].map(([name, entry]) => [name, readAll(readEntry(entry, maxBytes), bytes)] as const),
  );
}

/** An entry for {@link writeZip}. */
export interface TestEntry {
  readonly name: string | Uint8Array;
  readonly data: Uint8Array;
  readonly deflate?: boolean;
  /** Bytes of its descriptor; with one, sizes before the data are zeros. */
  readonly descriptor?: 0 | 12 | 16 | 20 | 24;
  /** Sizes in extra fields. */
  readonly zip64?: boolean;
  /** An extra field before the data alone, as torch aligns by. */
  readonly padding?: number;
  /** In place of the one that its data has. */
  readonly crc?: number;
  readonly comment?: string;
  /** Extra fields before and behind that of 64-bit sizes, in both places. */
  readonly extraBefore?: Uint8Array;
  readonly extraAfter?: Uint8Array;
}

export interface ZipOptions {
  readonly comment?: Uint8Array;
  readonly zip64End?: boolean;
}

/** An archive, and where its parts begin, for tests to break. */
export interface TestZip {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly locals: readonly number[];
  readonly datas: readonly number[];
  readonly descriptors: readonly number[];
  readonly centrals: readonly number[];
  readonly end64: number;
  readonly end: number;
}

class ByteWriter {
  private readonly pieces: Uint8Array[] = [];
  length = 0;

  bytes(piece: Uint8Array): this {
    this.pieces.push(piece);
    this.length += piece.length;
    return this;
  }

  /** Numbers of `size` bytes each. */
  numbers(size: 2 | 4 | 8, ...values: number[]): this {
    const piece = new Uint8Array(size * values.length);
    const view = new DataView(piece.buffer);
    values.forEach((value, i) => {
      if (size === 2) view.setUint16(2 * i, value, true);
      else if (size === 4) view.setUint32(4 * i, value, true);
      else view.setBigUint64(8 * i, BigInt(value), true);
    });
    return this.bytes(piece);
  }

  joined(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(Buffer.concat(this.pieces));
  }
}

const NONE = new Uint8Array(0);
const DESCRIPTOR_FLAG = 8;
const UTF8_FLAG = 0x800;
const ALL = 0xffffffff;

/** An entry with what its records say. */
interface Prepared extends TestEntry {
  readonly nameBytes: Uint8Array;
  readonly stored: Uint8Array;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  /** Stored and inflated. */
  readonly sizes: readonly [number, number];
}

function prepared(entry: TestEntry): Prepared {
  const { name, data, deflate, descriptor } = entry;
  const stored = deflate ? new Uint8Array(deflateRawSync(data)) : data;
  return {
    ...entry,
    nameBytes: typeof name === 'string' ? utf8(name) : name,
    stored,
    flags: UTF8_FLAG | (descriptor ? DESCRIPTOR_FLAG : 0),
    method: deflate ? 8 : 0,
    crc: entry.crc ?? crc32(data),
    sizes: [stored.length, data.length],
  };
}

function writeLocalHeader(out: ByteWriter, entry: Prepared): void {
  const { nameBytes, zip64, padding } = entry;
  const [crc, ...sizes] = entry.descriptor ? [0, 0, 0] : [entry.crc, ...entry.sizes];
  const extra = new ByteWriter().bytes(entry.extraBefore ?? NONE);
  if (zip64) extra.numbers(2, 1, 16).numbers(8, sizes[1], sizes[0]);
  extra.bytes(entry.extraAfter ?? NONE);
  if (padding !== undefined) extra.numbers(2, 0x4246, padding).bytes(new Uint8Array(padding).fill(90));
  out.numbers(4, 0x04034b50).numbers(2, 20, entry.flags, entry.method, 0, 33);
  out.numbers(4, crc, ...(zip64 ? [ALL, ALL] : sizes));
  out.numbers(2, nameBytes.length, extra.length).bytes(nameBytes).bytes(extra.joined());
}

function writeDescriptor(out: ByteWriter, { descriptor = 0, crc, sizes }: Prepared): void {
  if (descriptor === 0) return;
  if (descriptor % 8 === 0) out.numbers(4, 0x08074b50);
  out.numbers(4, crc).numbers(descriptor >= 20 ? 8 : 4, ...sizes);
}

function writeCentral(out: ByteWriter, entry: Prepared, offset: number): void {
  const { nameBytes, zip64, sizes } = entry;
  const comment = utf8(entry.comment ?? '');
  const extra = new ByteWriter().bytes(entry.extraBefore ?? NONE);
  if (zip64) extra.numbers(2, 1, 24).numbers(8, sizes[1], sizes[0], offset);
  extra.bytes(entry.extraAfter ?? NONE);
  out.numbers(4, 0x02014b50).numbers(2, 45, 20, entry.flags, entry.method, 0, 33);
  out.numbers(4, entry.crc, ...(zip64 ? [ALL, ALL] : sizes));
  out.numbers(2, nameBytes.length, extra.length, comment.length, 0, 0).numbers(4, 0, zip64 ? ALL : offset);
  out.bytes(nameBytes).bytes(extra.joined()).bytes(comment);
}

/** Writes an archive by the specification, in any of the forms that readers meet. */
export function writeZip(entries: readonly TestEntry[], options: ZipOptions = {}): TestZip {
  const out = new ByteWriter();
  const directory = new ByteWriter();
  const [locals, datas, descriptors, centrals] = [[], [], [], []] as number[][];
  for (const entry of entries.map(prepared)) {
    const offset = out.length;
    locals.push(offset);
    writeLocalHeader(out, entry);
    datas.push(out.length);
    out.bytes(entry.stored);
    descriptors.push(out.length);
    writeDescriptor(out, entry);
    centrals.push(directory.length);
    writeCentral(directory, entry, offset);
  }
  const begin = out.length;
  out.bytes(directory.joined());
  const end64 = out.length;
  if (options.zip64End) {
    out.numbers(4, 0x06064b50).numbers(8, 44).numbers(2, 45, 45).numbers(4, 0, 0);
    out.numbers(8, entries.length, entries.length, directory.length, begin);
    out.numbers(4, 0x07064b50, 0).numbers(8, end64).numbers(4, 1);
  }
  const end = out.length;
  const comment = options.comment ?? new Uint8Array(0);
  const count = options.zip64End ? 0xffff : entries.length;
  const place = options.zip64End ? [ALL, ALL] : [directory.length, begin];
  out
    .numbers(4, 0x06054b50)
    .numbers(2, 0, 0, count, count)
    .numbers(4, ...place);
  out.numbers(2, comment.length).bytes(comment);
  return {
    bytes: out.joined(),
    locals,
    datas,
    descriptors,
    centrals: centrals.map((start) => begin + start),
    end64,
    end,
  };
}

/** Bytes without a pattern to deflate, the same every time. */
export function noise(length: number): Uint8Array<ArrayBuffer> {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

/** A copy with a number of so many bytes at `at` replaced. */
export function patched(
  bytes: Uint8Array,
  at: number,
  size: 1 | 2 | 4 | 8,
  value: number,
): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  const view = new DataView(copy.buffer);
  if (size === 1) view.setUint8(at, value);
  else if (size === 2) view.setUint16(at, value, true);
  else if (size === 4) view.setUint32(at, value, true);
  else view.setBigUint64(at, BigInt(value), true);
  return copy;
}

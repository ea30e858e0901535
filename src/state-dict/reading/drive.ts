/** Answers the requests of a Reading: synchronously from memory, or asynchronously from a source. */

import { message } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import type { RandomAccess } from '../sources/ranges.js';
import type { Answer, ByteRange, InflateRequest, ReaderName, Reading, ReadingRequest } from './reading.js';

/** Answers what is not a range of the file. Left out: the requests are refused. */
export interface ServicesSync {
  readonly inflate?: (request: InflateRequest) => Uint8Array;
  readonly load?: (name: ReaderName) => object;
}

export interface ServicesAsync {
  readonly inflate?: (request: InflateRequest) => Promise<Uint8Array>;
  readonly load?: (name: ReaderName) => Promise<object>;
}

/** Runs a reader on bytes in memory and returns its result. The answers are views of the bytes. */
export function runSync<T>(
  reading: Reading<T>,
  bytes: Uint8Array,
  { inflate = refuseToInflate, load = refuseToLoad }: ServicesSync = {},
): T {
  const answer = (request: ReadingRequest): Answer => {
    if (request.kind === 'read') return slices(bytes, request.ranges);
    return request.kind === 'inflate' ? [inflate(request)] : load(request.name);
  };
  let step = reading.next();
  while (!step.done) step = reading.next(answer(step.value));
  return step.value;
}

/** Runs a reader on a source, one request after the other, and returns its result. */
export async function runAsync<T>(
  reading: Reading<T>,
  source: RandomAccess,
  { inflate = refuseToInflate, load = refuseToLoad }: ServicesAsync = {},
): Promise<T> {
  const answer = async (request: ReadingRequest): Promise<Answer> => {
    if (request.kind === 'inflate') return [await inflate(request)];
    if (request.kind === 'load') return load(request.name);
    for (const range of request.ranges) checkRange(range, source.size);
    return source.read(request.ranges);
  };
  let step = reading.next();
  while (!step.done) step = reading.next(await answer(step.value));
  return step.value;
}

/** Runs a reader on bytes that another reader has produced, such as those of a gzip file. Other requests are passed on. */
export function* within<T>(bytes: Uint8Array, reading: Reading<T>): Reading<T> {
  let step = reading.next();
  while (!step.done) {
    const request = step.value;
    step = reading.next(request.kind === 'read' ? slices(bytes, request.ranges) : yield request);
  }
  return step.value;
}

function slices(bytes: Uint8Array, ranges: readonly ByteRange[]): Uint8Array[] {
  return ranges.map((range) => {
    checkRange(range, bytes.length);
    return bytes.subarray(range.begin, range.end);
  });
}

/** `subarray` would shorten a range outside the bytes without an error, and hide a reader that does not check an offset. */
function checkRange({ begin, end }: ByteRange, size: number): void {
  if (0 <= begin && begin <= end && end <= size) return;
  throw new RangeError(message('reading', 'range', `one inside the ${size} bytes`, `[${begin}, ${end}]`));
}

function refuseToLoad(name: ReaderName): never {
  throw new UnsupportedError(message('reading', 'reader', 'one that is at hand', name));
}

function refuseToInflate({ what }: InflateRequest): never {
  throw new UnsupportedError(message('reading', what, 'bytes as they are', 'compressed ones'));
}

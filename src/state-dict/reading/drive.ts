/** Answers the requests of a Reading: synchronously from memory, or asynchronously from a source. */

import { message } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import type { RandomAccess } from '../sources/ranges.js';
import type { ByteRange, InflateRequest, Reading } from './reading.js';

export type InflateSync = (request: InflateRequest) => Uint8Array;
export type InflateAsync = (request: InflateRequest) => Promise<Uint8Array>;

/** Runs a reader on bytes in memory and returns its result. The answers are views of the bytes. */
export function runSync<T>(
  reading: Reading<T>,
  bytes: Uint8Array,
  inflate: InflateSync = refuseToInflate,
): T {
  let step = reading.next();
  while (!step.done) {
    const request = step.value;
    step = reading.next(request.kind === 'read' ? slices(bytes, request.ranges) : [inflate(request)]);
  }
  return step.value;
}

/** Runs a reader on a source, one request after the other, and returns its result. */
export async function runAsync<T>(
  reading: Reading<T>,
  source: RandomAccess,
  inflate: InflateAsync = refuseToInflate,
): Promise<T> {
  let step = reading.next();
  while (!step.done) {
    const request = step.value;
    if (request.kind === 'read') for (const range of request.ranges) checkRange(range, source.size);
    step = reading.next(
      request.kind === 'read' ? await source.read(request.ranges) : [await inflate(request)],
    );
  }
  return step.value;
}

/** Runs a reader on bytes that another reader has produced, such as those of a gzip file. Inflating is passed on. */
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

function refuseToInflate({ what }: InflateRequest): never {
  throw new UnsupportedError(message('reading', what, 'bytes as they are', 'compressed ones'));
}

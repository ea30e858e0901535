/**
 * How the reader of a format asks for what it cannot do alone: bytes at a place, and inflating.
 *
 * A reader is a generator that yields its requests, so one reader serves both callers: `parseStateDict` answers from memory
 * at once, `readStateDict` from a file, a Blob or HTTP ranges when the bytes are there. What it does not ask for is not read.
 */

/** Bytes `[begin, end)` of a file. */
export interface ByteRange {
  readonly begin: number;
  readonly end: number;
}

/** Answered with the bytes of each range, whole and in the same order. They may be views of one buffer: not to be written. */
export interface ReadRequest {
  readonly kind: 'read';
  readonly ranges: readonly ByteRange[];
}

/** Answered with one array, the inflated bytes. The answerer refuses more than `maxBytes` before it has them all. */
export interface InflateRequest {
  readonly kind: 'inflate';
  readonly wrapper: 'raw' | 'gzip';
  readonly bytes: Uint8Array;
  readonly maxBytes: number;
  /** The name of the bytes in messages: `entry "w.npy"`. */
  readonly what: string;
}

export type ReadingRequest = ReadRequest | InflateRequest;

/** Work that yields requests, is resumed with their answers, and ends with a `T`. */
export type Reading<T> = Generator<ReadingRequest, T, readonly Uint8Array[]>;

/** `const [head, tail] = yield* readRanges([…])`. */
export function* readRanges(ranges: readonly ByteRange[]): Reading<readonly Uint8Array[]> {
  return yield { kind: 'read', ranges };
}

/** `const bytes = yield* readRange(begin, end)`. */
export function* readRange(begin: number, end: number): Reading<Uint8Array> {
  const [bytes] = yield { kind: 'read', ranges: [{ begin, end }] };
  return bytes as Uint8Array;
}

/** `const bytes = yield* inflate({ wrapper: 'raw', … })`. */
export function* inflate(request: Omit<InflateRequest, 'kind'>): Reading<Uint8Array> {
  const [bytes] = yield { kind: 'inflate', ...request };
  return bytes as Uint8Array;
}

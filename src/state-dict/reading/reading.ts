/**
 * The requests of a format's reader: byte ranges, inflating, and the modules that read a format.
 *
 * A reader is a generator that yields its requests, so one reader serves both callers: `parseStateDict` answers from memory
 * synchronously, `readStateDict` asynchronously from a file, a Blob or HTTP ranges. Nothing else is read.
 */

/** Bytes `[begin, end)` of a file. */
export interface ByteRange {
  readonly begin: number;
  readonly end: number;
}

/** The answer is the bytes of each range, in the same order. They may be views of one buffer: do not write to them. */
export interface ReadRequest {
  readonly kind: 'read';
  readonly ranges: readonly ByteRange[];
}

/** The answer is one array, the inflated bytes. More than `maxBytes` are refused before all are inflated. */
export interface InflateRequest {
  readonly kind: 'inflate';
  /** The format around the deflated bytes. An entry of a zip archive has no header of its own. */
  readonly wrapper: 'zip' | 'gzip';
  readonly bytes: Uint8Array;
  readonly maxBytes: number;
  /** What to do about too many bytes, where something is. */
  readonly remedy?: string | undefined;
  /** The name of the bytes in messages: `entry "w.npy"`. */
  readonly what: string;
}

/** A module that reads some formats. */
export type ReaderName = 'json' | 'python';

/** The answer is that module. A page loads it when a file is one of its formats. */
export interface LoadRequest {
  readonly kind: 'load';
  readonly name: ReaderName;
}

export type ReadingRequest = ReadRequest | InflateRequest | LoadRequest;

/** What a reading is resumed with: the bytes of ranges or the inflated ones, or a module. */
export type Answer = readonly Uint8Array[] | object;

/** A generator that yields requests, is resumed with their answers, and returns a `T`. */
export type Reading<T> = Generator<ReadingRequest, T, Answer>;

/** `const [head, tail] = yield* readRanges([…])`. */
export function* readRanges(ranges: readonly ByteRange[]): Reading<readonly Uint8Array[]> {
  return (yield { kind: 'read', ranges }) as readonly Uint8Array[];
}

/** `const bytes = yield* readRange(begin, end)`. */
export function* readRange(begin: number, end: number): Reading<Uint8Array> {
  const [bytes] = yield* readRanges([{ begin, end }]);
  return bytes;
}

/** `const bytes = yield* inflate({ wrapper: 'zip', … })`. */
export function* inflate(request: Omit<InflateRequest, 'kind'>): Reading<Uint8Array> {
  const [bytes] = (yield { kind: 'inflate', ...request }) as readonly Uint8Array[];
  return bytes;
}

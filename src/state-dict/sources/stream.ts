import { message } from '../../check.js';
import { asBytes } from '../tensors/bytes.js';
import type { HttpOptions } from './http/request.js';
import { withPublicUrls } from './public-url.js';

/** How many bytes of a source have arrived. */
export interface ReadProgress {
  readonly loaded: number;
  /** Bytes of the whole source, where it declares them. */
  readonly total?: number;
}

/** The options of reading a source of any kind. */
export interface Transfer {
  readonly where: string;
  /** The name of the source in messages: `URL "https://…"`. */
  readonly source: string;
  readonly maxBytes: number;
  /** The limit that this is. @default 'maxBytes' */
  readonly limit?: 'maxExpansion';
  /** Most bytes that a body of so many compressed ones may have. @default any number */
  readonly maxInflated?: (bytes: number) => number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ReadProgress) => void;
  /** What the caller adds to requests, where the source is a URL. */
  readonly http?: HttpOptions;
}

/** The size that a source declares. */
export interface DeclaredSize {
  readonly bytes: number;
  /** False when the count may be of compressed bytes: then it only sizes the first buffer. */
  readonly exact: boolean;
}

const FIRST_BUFFER_BYTES = 1 << 16;

/**
 * Most memory allocated for a declared size before its bytes arrive: any server can declare any size. Beyond it the buffer
 * doubles, which copies; a file of up to 256 MiB is never copied.
 */
export const TRUSTED_BYTES = 1 << 28;

export function checkSize(transfer: Transfer, bytes: number): void {
  if (bytes <= transfer.maxBytes) return;
  const rule = `at most ${transfer.maxBytes} bytes (limits.${transfer.limit ?? 'maxBytes'})`;
  throw new RangeError(message(transfer.where, transfer.source, rule, `${bytes}`));
}

/**
 * Reads a stream into one buffer. The buffer is allocated once where the size is declared, up to 256 MiB; beyond, it doubles as
 * bytes arrive.
 *
 * @throws TypeError for a piece that is not bytes.
 * @throws RangeError as soon as the body is longer than declared or than the limit, and at its end where it is shorter.
 */
export async function collectStream(
  stream: ReadableStream<unknown>,
  transfer: Transfer,
  declared?: DeclaredSize,
): Promise<Uint8Array> {
  const reader = stream.getReader();
  const cancel = (): void => void reader.cancel(transfer.signal?.reason).catch(() => {});
  transfer.signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await collect(reader, transfer, declared);
  } catch (error) {
    // A broken stream rejects its own cancellation; the first error is the one to report.
    await reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    transfer.signal?.removeEventListener('abort', cancel);
  }
}

async function collect(
  reader: ReadableStreamDefaultReader<unknown>,
  transfer: Transfer,
  declared?: DeclaredSize,
): Promise<Uint8Array> {
  const { where, source, signal, onProgress } = transfer;
  const exact = declared?.exact ? declared.bytes : undefined;
  checkSize(transfer, exact ?? 0);
  const most = exact ?? transfer.maxBytes;
  let buffer = new Uint8Array(Math.min(declared?.bytes ?? FIRST_BUFFER_BYTES, most, TRUSTED_BYTES));
  let loaded = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw new Error(message(where, source, 'the whole body', `${reasonOf(cause)} after ${loaded} bytes`), {
        cause,
      });
    });
    signal?.throwIfAborted();
    if (done) break;
    const piece = asBytes(where, value, `${source} body`);
    const end = loaded + piece.length;
    if (end > (exact ?? end)) throw wrongLength(where, source, exact, 'more');
    checkSize(transfer, end);
    if (end > buffer.length) buffer = grown(buffer, end, most);
    buffer.set(piece, loaded);
    loaded = end;
    onProgress?.({ loaded, total: exact });
  }
  if (exact !== undefined && loaded < exact) throw wrongLength(where, source, exact, `${loaded}`);
  return loaded === buffer.length ? buffer : buffer.slice(0, loaded);
}

interface Caused {
  readonly cause?: { readonly code?: unknown; readonly message?: unknown } | null;
}

/** The text of an error and its cause, without the secrets of URLs: `TypeError: fetch failed` alone hides ECONNREFUSED. */
export function reasonOf(error: unknown): string {
  const cause = (error as Caused | null | undefined)?.cause;
  const detail = cause?.code ?? cause?.message;
  return withPublicUrls(detail === undefined ? `${error}` : `${error} (${detail})`);
}

function wrongLength(where: string, source: string, declared: number | undefined, got: string): RangeError {
  return new RangeError(message(where, source, `the ${declared} bytes it declares`, got));
}

/** A buffer that begins with the same bytes, has room for those needed, and grows to no more than the most. */
export function grown(buffer: Uint8Array, needed: number, most: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(needed, Math.min(2 * buffer.length, most)));
  larger.set(buffer);
  return larger;
}

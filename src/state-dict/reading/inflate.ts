/**
 * Answers requests to inflate: synchronously, by Node's zlib, or asynchronously, in browsers too.
 *
 * Both throw FormatError DAMAGED where bytes cannot be inflated, are cut short or continue behind their end. As soon as they become
 * more than `maxBytes` they are DAMAGED in a zip entry, which declares its size, and TOO_LARGE in a gzip file.
 */

import { message } from '../../check.js';
import { FormatError, UnsupportedError } from '../../errors.js';
import { formatError } from '../rules/format-codes.js';
import { reasonOf } from '../sources/stream.js';
import { concatenated } from '../tensors/bytes.js';
import { type Inflated, nodeZlib } from './node-zlib.js';
import type { InflateRequest } from './reading.js';

/** Longest output that every version of Node accepts, and longest ArrayBuffer of Node 20. */
const MAX_OUTPUT_BYTES = 2 ** 32;

/** Bytes given to `DecompressionStream` at a time, which inflates each piece whole: at most 64 MiB are in flight. */
const PIECE_BYTES = 1 << 16;

/** Inflated bytes between two pauses. */
const PAUSE_BYTES = 1 << 23;

/** @throws UnsupportedError where there is no zlib: then only {@link inflateAsync} can. */
export function inflateSync(request: InflateRequest): Uint8Array {
  const zlib = nodeZlib();
  if (!zlib) {
    const rule = 'a file without compressed parts, or Node, which can decompress them at once';
    const remedy = 'Read it with await readStateDict(bytes)';
    throw new UnsupportedError(message(request.wrapper, request.what, rule, 'compressed bytes', remedy));
  }
  const run = request.wrapper === 'gzip' ? zlib.gunzipSync : zlib.inflateRawSync;
  try {
    return checked(request, run(request.bytes, optionsOf(request)));
  } catch (error) {
    throw typedError(request, error);
  }
}

/**
 * Inflates off the calling thread: by Node's zlib where there is one, else by `DecompressionStream`.
 *
 * @param signal  rejects the promise with its reason. zlib finishes what it has begun first.
 */
export async function inflateAsync(request: InflateRequest, signal?: AbortSignal): Promise<Uint8Array> {
  const zlib = nodeZlib();
  if (!zlib) return inflateStream(request, signal);
  const run = request.wrapper === 'gzip' ? zlib.gunzip : zlib.inflateRaw;
  const inflated = await new Promise<Inflated>((resolve, reject) => {
    run(request.bytes, optionsOf(request), (error, result) => {
      if (error) reject(typedError(request, error));
      else resolve(result);
    });
  });
  signal?.throwIfAborted();
  return checked(request, inflated);
}

function optionsOf({ maxBytes }: InflateRequest): { readonly info: true; readonly maxOutputLength: number } {
  return { info: true, maxOutputLength: Math.max(1, Math.min(maxBytes, MAX_OUTPUT_BYTES)) };
}

/** zlib ignores bytes behind the end of the deflated data, and its limit is at least one byte. */
function checked(request: InflateRequest, { buffer, engine }: Inflated): Uint8Array {
  const rest = request.bytes.subarray(engine.bytesWritten);
  // Tapes pad a gzip file with zeros, which gunzip and Python ignore.
  const isPadding = request.wrapper === 'gzip' && rest.every((byte) => byte === 0);
  if (rest.length > 0 && !isPadding) {
    throw corrupt(request, `${request.bytes.length - engine.bytesWritten} bytes behind their end`);
  }
  if (buffer.length > request.maxBytes) throw tooLarge(request);
  return ownBytes(buffer);
}

/** A plain array with memory of its own: a small Buffer shares its memory with others. */
function ownBytes({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return byteLength === buffer.byteLength ? bytes : bytes.slice();
}

/** Inflates by `DecompressionStream`. Node has it too, and ignores bytes behind the end there. */
export async function inflateStream(request: InflateRequest, signal?: AbortSignal): Promise<Uint8Array> {
  const { bytes, maxBytes } = request;
  const stream = decompressionStream(request);
  const output = stream.readable.getReader();
  const fed = feed(stream.writable.getWriter(), bytes);
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await output.read();
      signal?.throwIfAborted();
      if (done) break;
      if (Math.floor(length / PAUSE_BYTES) !== Math.floor((length + value.length) / PAUSE_BYTES))
        await pause();
      pieces.push(value);
      length += value.length;
      if (length > maxBytes) throw tooLarge(request);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw typedError(request, error);
  } finally {
    await output.cancel().catch(() => {});
    await fed;
  }
  return concatenated(pieces);
}

/** @throws UnsupportedError where the host has none, or none for this format, as older browsers. */
function decompressionStream(request: InflateRequest): DecompressionStream {
  try {
    return new DecompressionStream(request.wrapper === 'gzip' ? 'gzip' : 'deflate-raw');
  } catch (cause) {
    const remedy = 'Decompress the file before, or ask for a newer browser';
    const rule = 'a host that can decompress (DecompressionStream)';
    throw new UnsupportedError(message(request.wrapper, request.what, rule, reasonOf(cause), remedy));
  }
}

/** Lets timers and events run, such as one that aborts: streams would go on before them. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Never rejects: the reading end has the same error. */
async function feed(input: WritableStreamDefaultWriter<BufferSource>, bytes: Uint8Array): Promise<void> {
  try {
    for (let begin = 0; begin < bytes.length; begin += PIECE_BYTES) {
      await input.ready;
      await input.write(bytes.slice(begin, begin + PIECE_BYTES));
    }
    await input.close();
  } catch {
    // The other end was cancelled, or has failed for the same reason.
  }
}

function typedError(request: InflateRequest, error: unknown): unknown {
  const { code, message: text, cause } = error as Error & { code?: string; cause?: Error };
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(request);
  const isZlib = error instanceof TypeError || code?.startsWith('Z_');
  return isZlib ? corrupt(request, text || cause?.message || 'others', error) : error;
}

function tooLarge({ wrapper, what, maxBytes, remedy }: InflateRequest): Error {
  const rule = `at most ${maxBytes} bytes when inflated`;
  return formatError(wrapper === 'zip' ? 'DAMAGED' : 'TOO_LARGE', wrapper, what, rule, 'more', remedy);
}

function corrupt({ wrapper, what }: InflateRequest, got: string, cause?: unknown): Error {
  const rule = `whole ${wrapper === 'gzip' ? 'gzip' : 'deflated'} bytes`;
  return new FormatError('DAMAGED', message(wrapper, what, rule, got, 'It is damaged'), { cause });
}

/**
 * Answers requests to inflate: at once, which takes Node's zlib, or in time, which browsers can too.
 *
 * Both refuse with the same errors: FormatError INFLATED_TOO_LARGE as soon as there is more than `maxBytes`, CORRUPT_DATA where
 * bytes cannot be inflated, are cut short, or go on behind the end.
 */

import { message } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { type FormatCode, formatError } from '../rules/format-codes.js';
import { reasonOf } from '../sources/stream.js';
import { type Inflated, type NodeZlib, nodeZlib } from './node-zlib.js';
import type { InflateRequest } from './reading.js';

/** Longest output that every version of Node can be asked for, and longest ArrayBuffer of Node 20. */
const MAX_OUTPUT_BYTES = 2 ** 32;

/** Deflated bytes that a prefix is first tried with: they become 64 KiB at most. */
const FIRST_TRY_BYTES = 64;

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
    throw new UnsupportedError(message(whereOf(request), request.what, rule, 'compressed bytes', remedy));
  }
  if (request.prefix) return inflatePrefix(zlib, request);
  try {
    return checked(request, syncOf(zlib, request)(request.bytes, optionsOf(request)));
  } catch (error) {
    throw isCutShort(error) ? cutShort(zlib, request, error) : faultOf(request, error);
  }
}

function syncOf(zlib: NodeZlib, { wrapper }: Pick<InflateRequest, 'wrapper'>): NodeZlib['gunzipSync'] {
  return wrapper === 'gzip' ? zlib.gunzipSync : zlib.inflateRawSync;
}

function isCutShort(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'Z_BUF_ERROR';
}

/** At once, zlib tells that bytes are cut short before it counts what they have become; in time, after. */
function cutShort(zlib: NodeZlib, request: InflateRequest, error: unknown): unknown {
  const { bytes, maxBytes } = request;
  try {
    const finishFlush = zlib.constants.Z_SYNC_FLUSH;
    const { buffer } = syncOf(zlib, request)(bytes, { ...optionsOf(request), finishFlush });
    return buffer.length > maxBytes ? tooLarge(request) : faultOf(request, error);
  } catch (tooMuch) {
    return faultOf(request, tooMuch);
  }
}

/**
 * The same, beside other work: by Node's zlib where there is one, else by `DecompressionStream`.
 *
 * @param signal  ends it: the promise rejects with the reason. What zlib has begun, it finishes first.
 */
export async function inflateAsync(request: InflateRequest, signal?: AbortSignal): Promise<Uint8Array> {
  const zlib = nodeZlib();
  if (!zlib) return inflateStream(request, signal);
  if (request.prefix) return inflatePrefix(zlib, request);
  const run = request.wrapper === 'gzip' ? zlib.gunzip : zlib.inflateRaw;
  const inflated = await new Promise<Inflated>((resolve, reject) => {
    run(request.bytes, optionsOf(request), (error, result) => {
      if (error) reject(faultOf(request, error));
      else resolve(result);
    });
  });
  signal?.throwIfAborted();
  return checked(request, inflated);
}

function optionsOf({ maxBytes }: InflateRequest): { readonly info: true; readonly maxOutputLength: number } {
  return { info: true, maxOutputLength: Math.max(1, Math.min(maxBytes, MAX_OUTPUT_BYTES)) };
}

/** Zlib stops in silence at the end of the deflated data, and takes one byte for none. */
function checked(request: InflateRequest, { buffer, engine }: Inflated): Uint8Array {
  if (engine.bytesWritten !== request.bytes.length) {
    throw corrupt(request, `${request.bytes.length - engine.bytesWritten} bytes behind their end`);
  }
  if (buffer.length > request.maxBytes) throw tooLarge(request);
  return ownBytes(buffer);
}

/** A plain array; a small Buffer shares its memory with others, or is the beginning of a larger one. */
function ownBytes({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return byteLength === buffer.byteLength ? bytes : bytes.slice();
}

/**
 * Tries with twice as many bytes until they are enough: zlib inflates all that it is given, and a few bytes may stand for a
 * thousand times as many.
 */
function inflatePrefix(zlib: NodeZlib, { wrapper, bytes, maxBytes }: InflateRequest): Uint8Array {
  for (let length = FIRST_TRY_BYTES; ; length *= 2) {
    const head = inflateCutShort(zlib, wrapper, bytes.subarray(0, length));
    if (head.length >= maxBytes || length >= bytes.length) return head.subarray(0, maxBytes);
  }
}

/** What the beginning of deflated data becomes; nothing where it is corrupt. */
function inflateCutShort(zlib: NodeZlib, wrapper: InflateRequest['wrapper'], bytes: Uint8Array): Uint8Array {
  try {
    return ownBytes(
      syncOf(zlib, { wrapper })(bytes, { info: true, finishFlush: zlib.constants.Z_SYNC_FLUSH }).buffer,
    );
  } catch {
    return new Uint8Array(0);
  }
}

/** By `DecompressionStream`, which Node has as well; there it passes over bytes behind the end. */
export async function inflateStream(request: InflateRequest, signal?: AbortSignal): Promise<Uint8Array> {
  const { bytes, maxBytes, prefix } = request;
  const stream = decompressionStream(request);
  const output = stream.readable.getReader();
  const fed = feed(stream.writable.getWriter(), bytes);
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    while (!prefix || length < maxBytes) {
      const { done, value } = await output.read();
      signal?.throwIfAborted();
      if (done) break;
      if (Math.floor(length / PAUSE_BYTES) !== Math.floor((length + value.length) / PAUSE_BYTES))
        await pause();
      pieces.push(value);
      length += value.length;
      if (length > maxBytes && !prefix) throw tooLarge(request);
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (!prefix) throw faultOf(request, error);
  } finally {
    await output.cancel().catch(() => {});
    await fed;
  }
  return joined(pieces, Math.min(length, maxBytes));
}

/** @throws UnsupportedError where the host has none, or none for this format, as older browsers. */
function decompressionStream(request: InflateRequest): DecompressionStream {
  try {
    return new DecompressionStream(request.wrapper === 'gzip' ? 'gzip' : 'deflate-raw');
  } catch (cause) {
    const remedy = 'Decompress the file before, or ask for a newer browser';
    const rule = 'a host that can decompress (DecompressionStream)';
    throw new UnsupportedError(message(whereOf(request), request.what, rule, reasonOf(cause), remedy));
  }
}

/** Lets others have the thread, such as who would abort: streams go on before any of them. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Ends without an error: the reading end has it too. */
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

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece.subarray(0, length - at), at);
    at += piece.length;
  }
  return bytes;
}

function faultOf(request: InflateRequest, error: unknown): unknown {
  const { code, message: text, cause } = error as Error & { code?: string; cause?: Error };
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(request);
  const isZlib = error instanceof TypeError || code?.startsWith('Z_');
  return isZlib ? corrupt(request, text || cause?.message || 'others') : error;
}

function tooLarge(request: InflateRequest): Error {
  return fault('INFLATED_TOO_LARGE', request, `at most ${request.maxBytes} bytes when inflated`, 'more');
}

function corrupt(request: InflateRequest, got: string): Error {
  const format = request.wrapper === 'gzip' ? 'gzip' : 'deflated';
  return fault('CORRUPT_DATA', request, `whole ${format} bytes`, got, 'It is damaged');
}

function fault(code: FormatCode, request: InflateRequest, rule: string, got: string, remedy?: string): Error {
  return formatError(code, whereOf(request), request.what, rule, got, remedy);
}

/** The format that deflated bytes are in. */
function whereOf({ wrapper }: InflateRequest): string {
  return wrapper === 'gzip' ? 'gzip' : 'zip';
}

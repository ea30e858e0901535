import { message, show } from '../check.js';
import { UnsupportedError } from '../errors.js';
import { asBytes } from './bytes.js';
import { checkSize, type ReadProgress, type Transfer } from './collect.js';
import { type ReadLimits, resolveLimits } from './limits.js';
import { nodeFs } from './node-fs.js';
import { checkFormat, type ParseOptions, parseStateDict } from './parse.js';
import { nameSource, readBlob, readFile, readResponse, readUrl } from './sources.js';
import type { StateDict } from './types.js';

/** Where a state_dict comes from. A string is a URL when it begins like one, else a path (in browsers, a relative URL). */
export type StateDictSource = string | URL | ArrayBuffer | Uint8Array | Blob | Response;

export interface ReadOptions extends ParseOptions {
  /** Ends the reading: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told of every piece of a file, Blob or body as it arrives; not called for bytes already in memory. */
  readonly onProgress?: (progress: ReadProgress) => void;
  readonly limits?: ReadLimits;
}

const WHERE = 'readStateDict';

/**
 * Reads a state_dict from a path, URL, `ArrayBuffer`, `Uint8Array`, `Blob`, `File` or `Response`: a safetensors file or
 * JSON text, told apart by the bytes.
 *
 * The source is read into one buffer, and tensors of a safetensors file are views of it.
 *
 * @throws FormatError when the file is malformed; `code` names the rule.
 * @throws UnsupportedError for files of other formats (.pt, .npz, ...), with what to run instead.
 * @throws Error when the source cannot be read (no such file, status 404), with its path or URL.
 * @throws RangeError when it is longer than `limits.maxBytes` or than it declares.
 */
export async function readStateDict(source: StateDictSource, options: ReadOptions = {}): Promise<StateDict> {
  checkFormat(WHERE, options.format);
  const limits = resolveLimits(WHERE, options.limits);
  options.signal?.throwIfAborted();
  const bytes = await readBytes(source, (name) => ({
    where: WHERE,
    source: name,
    maxBytes: limits.maxBytes,
    signal: options.signal,
    onProgress: options.onProgress,
  }));
  options.signal?.throwIfAborted();
  return parseStateDict(bytes, { format: options.format, limits });
}

async function readBytes(
  source: StateDictSource,
  transferOf: (name: string) => Transfer,
): Promise<Uint8Array> {
  if (typeof source === 'string') return readString(source, transferOf);
  if (source instanceof URL) return readString(source.href, transferOf);
  if (isResponse(source)) return readResponse(source, transferOf(nameSource('Response', source.url)));
  if (isBlob(source))
    return readBlob(source, transferOf(nameSource('Blob', (source as Partial<File>).name ?? '')));
  if (source instanceof ArrayBuffer || source instanceof Uint8Array) {
    checkSize(transferOf('bytes'), source.byteLength);
    return asBytes(WHERE, source);
  }
  const rule = 'a path, URL, ArrayBuffer, Uint8Array, Blob or Response';
  throw new TypeError(message(WHERE, 'source', rule, show(source)));
}

function readString(source: string, transferOf: (name: string) => Transfer): Promise<Uint8Array> {
  if (/^(https?|blob|data):/i.test(source)) return readUrl(source, transferOf(nameSource('URL', source)));
  const fs = nodeFs();
  const isFileUrl = /^file:/i.test(source);
  if (fs) return readFile(fs, isFileUrl ? new URL(source) : source, transferOf(nameSource('path', source)));
  if (!isFileUrl) return readUrl(source, transferOf(nameSource('URL', source)));
  const remedy = 'Pass the File that the user picked, or serve it over http';
  throw new UnsupportedError(
    message(WHERE, nameSource('URL', source), 'no file: URL outside Node', 'one', remedy),
  );
}

/** By their members, since fetch libraries and other windows have classes of their own. */
function isResponse(source: unknown): source is Response {
  return isObject(source) && 'ok' in source && 'status' in source && 'body' in source && 'headers' in source;
}

function isBlob(source: unknown): source is Blob {
  return isObject(source) && 'stream' in source && typeof source.stream === 'function' && 'size' in source;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

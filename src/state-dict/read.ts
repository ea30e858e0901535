import { checkKeys, message, show } from '../check.js';
import { UnsupportedError } from '../errors.js';
import { asBytes, isBytes } from './bytes.js';
import { checkSize, type ReadProgress, type Transfer } from './collect.js';
import { type ReadLimits, resolveLimits } from './limits.js';
import { nodeFs } from './node-fs.js';
import { checkFormat, type ParseOptions, parseSource } from './parse.js';
import { nameSource, readBlob, readFile, readResponse, readUrl } from './sources.js';
import { tagOf } from './tag.js';
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
const KNOWN: readonly (keyof ReadOptions)[] = ['format', 'limits', 'signal', 'onProgress'];

/**
 * Reads a state_dict from a path, URL, `ArrayBuffer`, `Uint8Array`, `Blob`, `File` or `Response`: a safetensors file or
 * JSON text, told apart by the bytes.
 *
 * The source is read into one buffer, and tensors of a safetensors file are views of it.
 *
 * @throws FormatError when the file is malformed; `code` names the rule, the message also the path or URL.
 * @throws UnsupportedError for files of other formats (.pt, .npz, ...), with what to run instead.
 * @throws Error when the source cannot be read (no such file, status 404), with its path or URL.
 * @throws RangeError when it is longer than `limits.maxBytes` or than it declares.
 */
export async function readStateDict(source: StateDictSource, options: ReadOptions = {}): Promise<StateDict> {
  const { format, signal, onProgress } = checkedOptions(options);
  const limits = resolveLimits(WHERE, options.limits);
  signal?.throwIfAborted();
  const { name, read } = locate(source);
  const bytes = await read({ where: WHERE, source: name, maxBytes: limits.maxBytes, signal, onProgress });
  signal?.throwIfAborted();
  return parseSource(WHERE, name, bytes, { format, limits });
}

function checkedOptions(options: ReadOptions): ReadOptions {
  checkKeys(WHERE, options, KNOWN);
  const { format, signal, onProgress } = options;
  checkFormat(WHERE, format);
  if (signal && typeof signal.throwIfAborted !== 'function')
    throw new TypeError(message(WHERE, 'signal', 'an AbortSignal', show(signal)));
  if (onProgress && typeof onProgress !== 'function')
    throw new TypeError(message(WHERE, 'onProgress', 'a function', show(onProgress)));
  return options;
}

/** A source told by its kind: how messages call it, and how its bytes are read. */
interface Located {
  readonly name: string;
  read(transfer: Transfer): Promise<Uint8Array>;
}

function locate(source: StateDictSource): Located {
  if (typeof source === 'string') return locateString(source);
  if (isUrl(source)) return locateString(source.href);
  if (isResponse(source)) {
    return { name: nameSource('Response', source.url), read: (transfer) => readResponse(source, transfer) };
  }
  if (isBlob(source)) {
    const name = nameSource('Blob', (source as Partial<File>).name ?? '');
    return { name, read: (transfer) => readBlob(source, transfer) };
  }
  if (isBytes(source)) return { name: 'bytes', read: async (transfer) => bytesInMemory(source, transfer) };
  const rule = 'a path, URL, ArrayBuffer, Uint8Array, Blob or Response';
  throw new TypeError(message(WHERE, 'source', rule, show(source)));
}

function bytesInMemory(source: ArrayBuffer | Uint8Array, transfer: Transfer): Uint8Array {
  checkSize(transfer, source.byteLength);
  return asBytes(WHERE, source);
}

/** Whatever has a scheme goes to `fetch`, which knows the schemes of its host. */
function locateString(source: string): Located {
  const fs = nodeFs();
  const isFileUrl = /^file:/i.test(source);
  const hasScheme = /^([a-z][a-z0-9+.-]+:\/\/|(https?|blob|data):)/i.test(source);
  const url = nameSource('URL', source);
  if (isFileUrl && !fs) {
    const remedy = 'Pass the File that the user picked, or serve it over http';
    throw new UnsupportedError(message(WHERE, url, 'no file: URL outside Node', 'one', remedy));
  }
  if (!fs || (hasScheme && !isFileUrl)) return { name: url, read: (transfer) => readUrl(source, transfer) };
  const path = isFileUrl ? fileUrl(source) : source;
  return { name: nameSource('path', source), read: (transfer) => readFile(fs, path, transfer) };
}

function fileUrl(source: string): URL {
  if (URL.canParse(source)) return new URL(source);
  throw new RangeError(message(WHERE, 'source', 'a file: URL', show(source)));
}

function isUrl(source: unknown): source is URL {
  return tagOf(source) === 'URL';
}

/** By their members, since fetch libraries and other windows have classes of their own. */
function isResponse(source: unknown): source is Response {
  return (
    isObject(source) && 'ok' in source && 'status' in source && 'arrayBuffer' in source && 'headers' in source
  );
}

function isBlob(source: unknown): source is Blob {
  return isObject(source) && 'stream' in source && typeof source.stream === 'function' && 'size' in source;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

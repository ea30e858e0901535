import { checkKeys, message, show } from '../check.js';
import { FormatError, UnsupportedError } from '../errors.js';
import { blobAccess } from './blob-access.js';
import { asBytes, isBytes, requireLittleEndian } from './bytes.js';
import { checkSize, type ReadProgress, type Transfer } from './collect.js';
import { runAsync } from './drive.js';
import { fileAccess } from './file-access.js';
import { httpAccess } from './http-access.js';
import { type ReadLimits, resolveLimits } from './limits.js';
import { nodeFs } from './node-fs.js';
import { checkFormat, type ParseOptions } from './parse.js';
import { memoryAccess, type RandomAccess } from './random-access.js';
import { checkFunction, checkPart, readCheckpoint } from './read-checkpoint.js';
import { nameSource, readBlob, readFile, readResponse, readUrl } from './sources.js';
import { tagOf } from './tag.js';
import type { StateDict } from './types.js';

/** Where a state_dict comes from. A string is a URL when it begins like one, else a path (in browsers, a relative URL). */
export type StateDictSource = string | URL | ArrayBuffer | Uint8Array | Blob | Response;

export interface ReadOptions extends ParseOptions {
  /** Ends the reading: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * Told of every piece of a file, Blob or body as it arrives, with the total where the whole is read; not called for bytes
   * already in memory.
   */
  readonly onProgress?: (progress: ReadProgress) => void;
  readonly limits?: ReadLimits;
}

const WHERE = 'readStateDict';
const KNOWN: readonly (keyof ReadOptions)[] = [
  'format',
  'limits',
  'path',
  'select',
  'onReport',
  'signal',
  'onProgress',
];

/**
 * Reads a state_dict from a path, URL, `ArrayBuffer`, `Uint8Array`, `Blob`, `File` or `Response`: a safetensors file or
 * JSON text, told apart by the bytes.
 *
 * Of a checkpoint with more than weights (`{epoch, state_dict, optimizer}`) it is the only dict with tensors, or the one
 * that `path` names; dicts inside it become dotted names. `onReport` is told what was taken.
 *
 * The source is read into one buffer, and tensors of a safetensors file are views of it. With `select` only the parts that
 * hold the tensors of these modules are read, from a path, Blob or URL whose server serves ranges.
 *
 * @throws FormatError when the file is malformed; `code` names the rule, the message also the path or URL.
 * @throws UnsupportedError for files of other formats (.pt, .npz, ...), with what to run instead, and on a big-endian machine.
 * @throws Error when the source cannot be read (no such file, status 404), or changes meanwhile, with its path or URL.
 * @throws RangeError when it is longer than `limits.maxBytes` or than it declares, and where it is not clear which dict is
 *   meant.
 */
export async function readStateDict(source: StateDictSource, options: ReadOptions = {}): Promise<StateDict> {
  const { signal, onProgress, select } = checkedOptions(options);
  requireLittleEndian(WHERE);
  const limits = resolveLimits(WHERE, options.limits);
  signal?.throwIfAborted();
  const { name, readWhole, openParts } = locate(source);
  const transfer = { where: WHERE, source: name, maxBytes: limits.maxBytes, signal, onProgress };
  const access = select && openParts ? await openParts(transfer) : memoryAccess(await readWhole(transfer));
  try {
    signal?.throwIfAborted();
    const file = { where: `${WHERE}: ${name}`, size: access.size, limits };
    return await runAsync(readCheckpoint({ ...options, where: WHERE, source: name, file }), access);
  } catch (error) {
    throw attributed(error, `${WHERE}: ${name}: `);
  } finally {
    await access.close();
  }
}

/** A FormatError of a reader, which knows its format alone, with the source before it. */
function attributed(error: unknown, prefix: string): unknown {
  if (!(error instanceof FormatError) || error.message.startsWith(prefix)) return error;
  return new FormatError(error.code, `${prefix}${error.message}`);
}

function checkedOptions(options: ReadOptions): ReadOptions {
  checkKeys(WHERE, options, KNOWN);
  const { format, signal, onProgress } = options;
  checkFormat(WHERE, format);
  if (signal && typeof signal.throwIfAborted !== 'function')
    throw new TypeError(message(WHERE, 'signal', 'an AbortSignal', show(signal)));
  checkFunction(WHERE, 'onProgress', onProgress);
  checkPart(WHERE, options);
  return options;
}

/** A source told by its kind: how messages call it, and how its bytes are read. */
interface Located {
  readonly name: string;
  readWhole(transfer: Transfer): Promise<Uint8Array>;
  /** Absent where the bytes are in memory, or can be had in one order only. */
  openParts?(transfer: Transfer): Promise<RandomAccess>;
}

function locate(source: StateDictSource): Located {
  if (typeof source === 'string') return locateString(source);
  if (isUrl(source)) return locateString(source.href);
  if (isResponse(source)) {
    const name = nameSource('Response', source.url);
    return { name, readWhole: (transfer) => readResponse(source, transfer) };
  }
  if (isBlob(source)) {
    return {
      name: nameSource('Blob', (source as Partial<File>).name ?? ''),
      readWhole: (transfer) => readBlob(source, transfer),
      openParts: async (transfer) => blobAccess(source, transfer),
    };
  }
  if (isBytes(source)) {
    return { name: 'bytes', readWhole: async (transfer) => bytesInMemory(source, transfer) };
  }
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
  if (!fs || (hasScheme && !isFileUrl)) {
    const readWhole = (transfer: Transfer): Promise<Uint8Array> => readUrl(source, transfer);
    // What data: and blob: URLs stand for is in memory, and Node 20 gives one byte too few of a range of it.
    if (/^(blob|data):/i.test(source)) return { name: url, readWhole };
    return { name: url, readWhole, openParts: (transfer) => httpAccess(source, transfer) };
  }
  const path = isFileUrl ? fileUrl(source) : source;
  return {
    name: nameSource('path', source),
    readWhole: (transfer) => readFile(fs, path, transfer),
    openParts: (transfer) => fileAccess(fs, path, transfer),
  };
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

/** Resolves a source: its name in messages, and how its bytes are read. */

import { message, show } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { asBytes, builtinClass, isBytes } from '../tensors/bytes.js';
import { blobAccess } from './blob.js';
import { nameSource, nameUrl, readBlob, readFile, readResponse, readUrl } from './body.js';
import { fileAccess } from './disk/file.js';
import { type NodeFs, nodeFs } from './disk/node-fs.js';
import { httpAccess } from './http/http.js';
import { isResponse } from './http/request.js';
import { hasCredentials } from './public-url.js';
import type { RandomAccess } from './ranges.js';
import { checkSize, type Transfer } from './stream.js';

/** The source of a state_dict. A string with a scheme is a URL, every other a path (in browsers, a relative URL). */
export type StateDictSource = string | URL | ArrayBuffer | Uint8Array | Blob | Response;

export interface Place {
  readonly text: string;
  /** The file system, where the text is a path or file: URL. */
  readonly fs?: NodeFs;
}

/** A source of one kind: its name in messages, and how its bytes are read. */
export interface Located {
  readonly caller: string;
  /** The caller and the name: the Where of messages about its content. */
  readonly where: string;
  readonly name: string;
  readWhole(transfer: Transfer): Promise<Uint8Array>;
  /** Absent where the bytes are in memory, or arrive in one order only. */
  openParts?(transfer: Transfer): Promise<RandomAccess>;
  /** The path or URL as given, from which files beside it are named. */
  readonly place?: Place;
}

/**
 * @param caller  the function or command that reads the source; it opens all messages.
 * @throws TypeError for a value of another type, RangeError for an empty string.
 */
export function locate(caller: string, source: StateDictSource): Located {
  const found = find(caller, source);
  return { ...found, caller, where: `${caller}: ${found.name}` };
}

function find(where: string, source: StateDictSource): Omit<Located, 'caller' | 'where'> {
  // A browser would fetch the page itself.
  if (source === '') throw new RangeError(message(where, 'source', 'a path or URL', '""'));
  if (typeof source === 'string') return findByName(where, source);
  if (isUrl(source)) return findByName(where, source.href);
  if (isResponse(source)) {
    const name = nameUrl('Response', source.url);
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
  throw new TypeError(message(where, 'source', rule, show(source)));
}

function bytesInMemory(source: ArrayBuffer | Uint8Array, transfer: Transfer): Uint8Array {
  checkSize(transfer, source.byteLength);
  return asBytes(transfer.where, source);
}

/** A string with a scheme goes to `fetch`, which knows the schemes of its host. */
function findByName(where: string, source: string): Omit<Located, 'caller' | 'where'> {
  const fs = nodeFs();
  const isFileUrl = /^file:/i.test(source);
  const hasScheme = /^([a-z][a-z0-9+.-]+:\/\/|(https?|blob|data):)/i.test(source);
  const url = nameUrl('URL', source);
  if (isFileUrl && !fs) {
    const remedy = 'Pass the File that the user picked, or serve it over http';
    throw new UnsupportedError(message(where, url, 'no file: URL outside Node', 'one', remedy));
  }
  if (!fs || (hasScheme && !isFileUrl)) {
    checkUrl(where, url, source, hasScheme);
    const readWhole = (transfer: Transfer): Promise<Uint8Array> => readUrl(source, transfer);
    // The bytes of data: and blob: URLs are in memory, and Node 20 gives one byte too few of a range of them.
    if (/^(blob|data):/i.test(source)) return { name: url, readWhole };
    return {
      name: url,
      readWhole,
      openParts: (transfer) => httpAccess(source, transfer),
      place: { text: source },
    };
  }
  const path = isFileUrl ? fileUrl(where, source) : source;
  return {
    name: nameSource('path', source),
    readWhole: (transfer) => readFile(fs, path, transfer),
    openParts: (transfer) => fileAccess(fs, path, transfer),
    place: { text: source, fs },
  };
}

/** What `fetch` would refuse with a message, and a cause, that shows all of the URL. */
function checkUrl(where: string, name: string, url: string, hasScheme: boolean): void {
  if (hasScheme && !URL.canParse(url))
    throw new RangeError(message(where, name, 'a URL', 'one that is malformed'));
  if (!hasCredentials(url)) return;
  const remedy = 'Pass them as headers (--header): Authorization, "Basic " and the base64 of user:password';
  throw new RangeError(message(where, name, 'a URL without user and password', 'one with them', remedy));
}

function fileUrl(where: string, source: string): URL {
  if (URL.canParse(source)) return new URL(source);
  throw new RangeError(message(where, 'source', 'a file: URL', show(source)));
}

function isUrl(source: unknown): source is URL {
  return builtinClass(source) === 'URL';
}

/** By its members too: some are of other windows, or of a library. */
function isBlob(source: unknown): source is Blob {
  if (typeof source !== 'object' || source === null) return false;
  const { stream, slice, size } = source as Partial<Blob>;
  const isSize = Number.isSafeInteger(size) && (size as number) >= 0;
  return typeof stream === 'function' && typeof slice === 'function' && isSize;
}

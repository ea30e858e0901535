import { message, show } from '../check.js';
import { asBytes } from './bytes.js';
import { checkSize, collectStream, type DeclaredSize, reasonOf, type Transfer } from './collect.js';
import { isAbsolute, type NodeFile, type NodeFs, workingDirectory } from './node-fs.js';

/** Bytes read from a file at a time: between two reads progress is told and the signal looked at. */
const FILE_CHUNK_BYTES = 1 << 24;

/** The bytes of a regular file, in one buffer of its size. */
export async function readFile(fs: NodeFs, path: string | URL, transfer: Transfer): Promise<Uint8Array> {
  // Without O_NONBLOCK (which Windows lacks) opening a pipe waits for its writer, out of reach of any signal.
  const flags = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);
  const file = await fs.open(path, flags).catch((cause: unknown) => {
    throw notOpened(path, transfer, cause);
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) {
      const got = stat.isDirectory() ? 'a directory' : 'a device or pipe';
      throw new RangeError(message(transfer.where, transfer.source, 'a file', got));
    }
    checkSize(transfer, stat.size);
    return await fill(file, new Uint8Array(stat.size), transfer);
  } finally {
    await file.close();
  }
}

async function fill(file: NodeFile, buffer: Uint8Array, transfer: Transfer): Promise<Uint8Array> {
  const { where, source, signal, onProgress } = transfer;
  const total = buffer.length;
  let loaded = 0;
  while (loaded < total) {
    signal?.throwIfAborted();
    const length = Math.min(FILE_CHUNK_BYTES, total - loaded);
    const { bytesRead } = await file.read(buffer, loaded, length, loaded);
    if (bytesRead === 0)
      throw new RangeError(message(where, source, `the ${total} bytes of its size`, `${loaded}`));
    loaded += bytesRead;
    onProgress?.({ loaded, total });
  }
  return buffer;
}

function notOpened(path: string | URL, { where, source }: Transfer, cause: unknown): Error {
  const code = (cause as { code?: unknown }).code;
  const got = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a directory' : String(cause);
  const isRelative = typeof path === 'string' && !isAbsolute(path);
  const remedy = isRelative ? `Relative paths start at ${workingDirectory()}` : undefined;
  return new Error(message(where, source, 'a readable file', got, remedy), { cause });
}

/** The body at a URL. */
export async function readUrl(url: string, transfer: Transfer): Promise<Uint8Array> {
  const { where, source, signal } = transfer;
  const response = await fetch(url, { signal }).catch((cause: unknown) => {
    signal?.throwIfAborted();
    throw new Error(message(where, source, 'an answer', reasonOf(cause)), { cause });
  });
  return readResponse(response, transfer);
}

/** The body of a response with a status of success. */
export async function readResponse(response: Response, transfer: Transfer): Promise<Uint8Array> {
  const { where, source } = transfer;
  if (!response.ok) {
    const got = `${response.status} ${response.statusText}`.trimEnd();
    if (isWebStream(response.body)) await response.body.cancel().catch(() => {});
    throw new Error(message(where, source, 'a status of success (200 to 299)', got));
  }
  const rule = 'a body not read yet';
  if (response.bodyUsed) {
    throw new TypeError(message(where, source, rule, 'one that is', 'Pass response.clone()'));
  }
  if (!isWebStream(response.body)) return readWhole(response, transfer);
  if (response.body.locked) {
    throw new TypeError(message(where, source, rule, 'one that a reader holds', 'Release the reader first'));
  }
  return collectStream(response.body, transfer, declaredSize(response));
}

/** The fetch libraries of Node give streams of Node, and some of phones no stream at all. */
function isWebStream(body: unknown): body is ReadableStream<unknown> {
  return typeof (body as Partial<ReadableStream> | null | undefined)?.getReader === 'function';
}

/** A body that cannot be watched as it arrives: the limit applies to what it declares and to what came. */
async function readWhole(response: Response, transfer: Transfer): Promise<Uint8Array> {
  const { where, source, signal, onProgress } = transfer;
  const declared = declaredSize(response);
  if (declared?.exact) checkSize(transfer, declared.bytes);
  const buffer = await response.arrayBuffer().catch((cause: unknown) => {
    signal?.throwIfAborted();
    throw new Error(message(where, source, 'the whole body', reasonOf(cause)), { cause });
  });
  signal?.throwIfAborted();
  const bytes = asBytes(where, buffer, `${source} body`);
  checkSize(transfer, bytes.length);
  onProgress?.({ loaded: bytes.length, total: bytes.length });
  return bytes;
}

/**
 * Content-Length counts compressed bytes where the server compressed the body. Whether it did shows in Content-Encoding,
 * except to a page of another origin, which does not get to see that header.
 */
function declaredSize({ headers, type }: Response): DeclaredSize | undefined {
  const length = headers.get('content-length');
  if (length === null || !/^\d{1,15}$/.test(length)) return undefined;
  return { bytes: Number(length), exact: type !== 'cors' && !headers.has('content-encoding') };
}

/** The bytes of a Blob or File. */
export function readBlob(blob: Blob, transfer: Transfer): Promise<Uint8Array> {
  return collectStream(blob.stream(), transfer, { bytes: blob.size, exact: true });
}

/** `URL "https://…"`, `path "model.safetensors"`: how messages call a source. */
export function nameSource(kind: string, name: string): string {
  return name ? `${kind} ${show(name)}` : kind;
}

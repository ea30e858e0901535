import { message, show } from '../check.js';
import { checkSize, collectStream, type DeclaredSize, type Transfer } from './collect.js';
import { type NodeFile, type NodeFs, workingDirectory } from './node-fs.js';

/** Bytes read from a file at a time: between two reads progress is told and the signal looked at. */
const FILE_CHUNK_BYTES = 1 << 24;

/** The bytes of a regular file, in one buffer of its size. */
export async function readFile(fs: NodeFs, path: string | URL, transfer: Transfer): Promise<Uint8Array> {
  const file = await fs.open(path).catch((cause: unknown) => {
    throw notOpened(transfer, cause);
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

function notOpened({ where, source }: Transfer, cause: unknown): Error {
  const code = (cause as { code?: unknown }).code;
  const got = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a directory' : String(cause);
  const remedy = `Relative paths start at ${workingDirectory()}`;
  return new Error(message(where, source, 'a readable file', got, remedy), { cause });
}

/** The body at a URL. */
export async function readUrl(url: string, transfer: Transfer): Promise<Uint8Array> {
  const { where, source, signal } = transfer;
  const response = await fetch(url, { signal }).catch((cause: unknown) => {
    signal?.throwIfAborted();
    throw new Error(message(where, source, 'an answer', `${cause}`), { cause });
  });
  return readResponse(response, transfer);
}

/** The body of a response with a status of success. */
export async function readResponse(response: Response, transfer: Transfer): Promise<Uint8Array> {
  const { where, source } = transfer;
  if (!response.ok) {
    const got = `${response.status} ${response.statusText}`.trimEnd();
    await response.body?.cancel();
    throw new Error(message(where, source, 'a status of success (200 to 299)', got));
  }
  if (response.bodyUsed) {
    throw new TypeError(
      message(where, source, 'a body not read yet', 'one that is', 'Pass response.clone()'),
    );
  }
  if (!response.body) return new Uint8Array(0);
  return collectStream(response.body, transfer, declaredSize(response));
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

import { message, show } from '../../check.js';
import { asBytes } from '../tensors/bytes.js';
import { openHandle, readFileRange } from './disk/file.js';
import { type NodeFs, nodeFs } from './disk/node-fs.js';
import { discard, isWebStream, request } from './http/request.js';
import { publicUrl } from './public-url.js';
import { checkSize, collectStream, type DeclaredSize, reasonOf, type Transfer } from './stream.js';

/** The bytes of a regular file, in one buffer of its size. */
export async function readFile(fs: NodeFs, path: string | URL, transfer: Transfer): Promise<Uint8Array> {
  const file = await openHandle(fs, path, transfer);
  try {
    checkSize(transfer, file.size);
    return await readFileRange(file, { begin: 0, end: file.size }, transfer);
  } finally {
    await file.handle.close();
  }
}

/** The body at a URL. */
export async function readUrl(url: string, transfer: Transfer): Promise<Uint8Array> {
  return readAnswer(await fetchUrl(url, transfer), transfer);
}

/** The response of a URL, whatever its status. */
export function fetchUrl(
  url: string,
  { where, source, signal, http }: Transfer,
  headers?: Record<string, string>,
): Promise<Response> {
  return request(url, { signal, headers }, http).catch((cause: unknown) => {
    signal?.throwIfAborted();
    throw new Error(message(where, source, 'an answer', reasonOf(cause), nodeFs() ? undefined : UNANSWERED), {
      cause,
    });
  });
}

/** Browsers do not tell a page the reason. */
const UNANSWERED =
  'Offline, blocked, or of another origin that does not allow it (CORS)? The console of the browser tells';

/** Statuses of what is not for everybody. */
const REFUSED: readonly number[] = [401, 403];
const ADD_HEADERS = 'If it is gated, pass headers (--header) that let you in, such as Authorization';

/** The body of the response of a URL, which must have a status of success. */
export async function readAnswer(response: Response, transfer: Transfer): Promise<Uint8Array> {
  const isAnonymous = REFUSED.includes(response.status) && transfer.http?.headers === undefined;
  await checkStatus(response, transfer, isAnonymous ? ADD_HEADERS : undefined);
  return readResponse(response, transfer);
}

async function checkWhole(response: Response, { where, source }: Transfer): Promise<void> {
  const part = partInPlaceOfWhole(response);
  if (part === undefined) return;
  await discard(response);
  throw new RangeError(message(where, source, 'the whole file', part));
}

/** What a response has in place of the whole file: a part answers a request for a range alone. Undefined of the whole. */
export function partInPlaceOfWhole({ status, headers }: Response): string | undefined {
  if (status !== 206) return undefined;
  const range = headers.get('content-range');
  if (range === null) return 'a part that does not say which';
  const [, last, size] = /^bytes 0-(\d+)\/(\d+)$/.exec(range) ?? [];
  return last !== undefined && BigInt(last) + 1n === BigInt(size) ? undefined : `the part ${show(range)}`;
}

async function checkStatus(response: Response, { where, source }: Transfer, remedy?: string): Promise<void> {
  if (response.ok) return;
  const got = `${response.status} ${response.statusText}`.trimEnd();
  await discard(response);
  throw new Error(message(where, source, 'a status of success (200 to 299)', got, remedy));
}

/** The body of a response, which must have a status of success and be the whole file. */
export async function readResponse(response: Response, transfer: Transfer): Promise<Uint8Array> {
  await checkStatus(response, transfer);
  await checkWhole(response, transfer);
  return readBody(response, transfer);
}

/** The body of a response, whatever it is. */
export async function readBody(response: Response, whole: Transfer): Promise<Uint8Array> {
  const transfer = inflatedTransfer(response, whole);
  const { where, source } = transfer;
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

/** Compressed bytes of a body whose server does not declare them: by default as many as are free. */
const UNDECLARED_BYTES = 1 << 24;

/** The transfer of a body that the host decompresses as it arrives, which is held to a multiple of what the server sends. */
function inflatedTransfer(response: Response, transfer: Transfer): Transfer {
  const { maxBytes, maxInflated } = transfer;
  if (maxInflated === undefined || !response.headers.has('content-encoding')) return transfer;
  const most = maxInflated(declaredSize(response)?.bytes ?? UNDECLARED_BYTES);
  return most < maxBytes ? { ...transfer, maxBytes: most, limit: 'maxExpansion' } : transfer;
}

/** Reads a body that is not a stream: the limit applies to the declared size, and to the size afterwards. */
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
 * The size that Content-Length declares. It counts compressed bytes where the server compressed the body, as Content-Encoding
 * says; pages of another origin cannot see that header.
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

/** The name of a source in messages: `URL "https://…"`, `path "model.safetensors"`. */
export function nameSource(kind: string, name: string): string {
  return name ? `${kind} ${show(name)}` : kind;
}

/** The same of a URL, without its secrets. */
export function nameUrl(kind: string, url: string): string {
  return nameSource(kind, publicUrl(url));
}

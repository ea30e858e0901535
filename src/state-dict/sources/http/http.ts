import { message } from '../../../check.js';
import type { ByteRange } from '../../reading/reading.js';
import { fetchUrl, readAnswer, readBody, readUrl } from '../body.js';
import { nodeFs } from '../disk/node-fs.js';
import { memoryAccess, type RandomAccess, rangedAccess } from '../ranges.js';
import { collectStream, type ReadProgress, type Transfer } from '../stream.js';
import { discard, isWebStream } from './request.js';

/**
 * Bytes of the first request, which also learns the size. 64 KiB holds the headers of most models and costs one round trip.
 */
const HEAD_BYTES = 1 << 16;

/**
 * Requests under way at once. A request waits for its server most of the time, and browsers open six connections to one over HTTP/1.
 */
const REQUESTS_AT_ONCE = 6;

/** Most bytes of one request: long ranges are cut, so that several requests share them. */
const MAX_REQUEST_BYTES = 1 << 23;

/** Remedies for a server that breaks HTTP's rules for ranges, or serves ranges of another file. */
const WRONG_RANGE =
  'Its server serves ranges wrongly: download the file and read that, or all of it without select';
const CHANGED = 'Has the file changed? Read it again';

/** The range that a partial response declares. */
interface Part extends ByteRange {
  /** Bytes of the whole file. */
  readonly size: number;
  /** The ETag, and the date where that is weak; undefined where the server sends neither, or this page may not see them. */
  readonly version: string | undefined;
}

/**
 * Random access to the file at a URL, by Range requests.
 *
 * A server without ranges answers the first request with 200; others answer with a part that cannot be used: compressed, or
 * without a size that this page may see; and an empty file has no range that can be requested. Then the whole file is read, once. Every later response must be 206 and exactly the
 * requested range, of the same size and version as the first: a file that is replaced while it is read is an error. A failed
 * request is not repeated, but for the first of a page.
 */
export async function httpAccess(url: string, transfer: Transfer): Promise<RandomAccess> {
  const asked = { begin: 0, end: Math.min(HEAD_BYTES, transfer.maxBytes) };
  const response = await fetchHead(url, transfer, asked);
  const isPart = response.status === 206;
  if (!isPart && response.status !== 416) return memoryAccess(await readAnswer(response, transfer));
  const first = isPart ? partOf(response) : undefined;
  if (first === undefined || first.begin !== 0 || first.end !== Math.min(asked.end, first.size)) {
    await discard(response);
    return memoryAccess(await readUrl(url, transfer));
  }
  // The size of the file is not the total of what will be read.
  const onProgress = ({ loaded }: ReadProgress): void => transfer.onProgress?.({ loaded });
  const head = await bodyOf(response, first, { ...transfer, onProgress });
  const readOne = (range: ByteRange, part: Transfer): Promise<Uint8Array> =>
    fetchRange(url, { ...first, begin: range.begin, end: range.end }, part);
  const limits = { atOnce: REQUESTS_AT_ONCE, maxBytes: MAX_REQUEST_BYTES };
  return rangedAccess(first.size, transfer, readOne, { head, isDeclared: true, ...limits });
}

/**
 * The first response. Browsers ask for ranges of uncompressed bytes. Where a server compresses them all the same, Chromium fails the
 * request, and tells a page no more of it than of any other failure: then the page asks for the whole.
 */
async function fetchHead(url: string, transfer: Transfer, asked: ByteRange): Promise<Response> {
  try {
    return await fetchUrl(url, transfer, rangeHeaders(asked));
  } catch (error) {
    transfer.signal?.throwIfAborted();
    if (nodeFs()) throw error;
    return fetchUrl(url, transfer);
  }
}

/** Sends no If-Range: the response's own version says as much, and pages of another origin would need a preflight for it. */
async function fetchRange(url: string, expected: Part, transfer: Transfer): Promise<Uint8Array> {
  const response = await fetchUrl(url, transfer, rangeHeaders(expected));
  // It reports the status.
  if (!response.ok) return readAnswer(response, transfer);
  const part = response.status === 206 ? partOf(response) : undefined;
  if (part && describe(part) === describe(expected)) return bodyOf(response, part, transfer);
  await discard(response);
  const whole = response.status === 206 ? 'a part that cannot be used' : 'the whole file';
  const isSameFile =
    versionOf(response) === expected.version && (part?.size ?? expected.size) === expected.size;
  const { where, source } = transfer;
  const remedy = isSameFile ? WRONG_RANGE : CHANGED;
  throw new Error(message(where, source, describe(expected), part ? describe(part) : whole, remedy));
}

/** HTTP ranges include their last byte. */
function rangeHeaders({ begin, end }: ByteRange): Record<string, string> {
  return { Range: `bytes=${begin}-${end - 1}` };
}

/** The range of a response with status 206; undefined where its headers do not say, or the part is compressed. */
function partOf(response: Response): Part | undefined {
  const { headers } = response;
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(headers.get('content-range') ?? '');
  // A part of compressed bytes cannot be decompressed, and its range counts compressed bytes.
  if (!match || headers.has('content-encoding')) return undefined;
  const [begin, last, size] = match.slice(1).map(Number) as [number, number, number];
  return { begin, end: last + 1, size, version: versionOf(response) };
}

/** A weak ETag that differs proves a change, and one that does not leaves it to the date. */
function versionOf({ headers }: Response): string | undefined {
  const tag = headers.get('etag');
  if (tag?.startsWith('"')) return tag;
  const said = [tag, headers.get('last-modified')].filter((text) => text !== null);
  return said.length === 0 ? undefined : said.join(' of ');
}

/** The body of a response, which must have the length of its range. */
async function bodyOf(response: Response, part: Part, transfer: Transfer): Promise<Uint8Array> {
  const bytes = part.end - part.begin;
  if (isWebStream(response.body)) return collectStream(response.body, transfer, { bytes, exact: true });
  const whole = await readBody(response, transfer);
  if (whole.length === bytes) return whole;
  throw new RangeError(
    message(transfer.where, transfer.source, `the ${bytes} bytes it declares`, `${whole.length}`),
  );
}

function describe({ begin, end, size, version }: Part): string {
  return `bytes ${begin} to ${end} of ${size}${version === undefined ? '' : ` in version ${version}`}`;
}

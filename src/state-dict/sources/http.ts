import { message } from '../../check.js';
import type { ByteRange } from '../reading/reading.js';
import { discard, fetchUrl, isWebStream, readResponse, readUrl } from './body.js';
import { memoryAccess, type RandomAccess, rangedAccess } from './ranges.js';
import { collectStream, type ReadProgress, type Transfer } from './stream.js';

/**
 * Bytes of the first request, which also learns the size. The headers of most models fit, and on most lines so many bytes
 * take no longer than the request itself.
 */
const HEAD_BYTES = 1 << 16;

/** What to do where a server stops serving ranges as HTTP says, or serves those of another file. */
const WRONG_RANGE =
  'Its server serves ranges wrongly: download the file and read that, or all of it without select';
const CHANGED = 'Has the file changed? Read it again';

/** What a partial answer says of itself. */
interface Part extends ByteRange {
  /** Of the whole file. */
  readonly size: number;
  /** A strong ETag, else the date, where the server gives one and this page may see it. */
  readonly version: string | undefined;
}

/**
 * The parts of what lies at a URL, by Range requests.
 *
 * A server may answer the first one with 200, since it does not know ranges, or with a part that cannot be used: compressed,
 * or without a size that this page may see. Then the whole is taken, once. Every other answer must be 206 and just the part
 * asked for, of the same size and version as the first: a file that is replaced while it is read is an error. A failed
 * request is not repeated.
 */
export async function httpAccess(url: string, transfer: Transfer): Promise<RandomAccess> {
  const asked = { begin: 0, end: Math.min(HEAD_BYTES, transfer.maxBytes) };
  const response = await fetchUrl(url, transfer, rangeHeaders(asked));
  if (response.status === 416) {
    // An empty file has no range that could be asked for.
    await discard(response);
    return memoryAccess(new Uint8Array(0));
  }
  if (response.status !== 206) return memoryAccess(await readResponse(response, transfer));
  const first = partOf(response);
  if (first === undefined || first.begin !== 0 || first.end !== Math.min(asked.end, first.size)) {
    await discard(response);
    return memoryAccess(await readUrl(url, transfer));
  }
  // How long the file is says nothing of how much of it will be read.
  const onProgress = ({ loaded }: ReadProgress): void => transfer.onProgress?.({ loaded });
  const head = await bodyOf(response, first, { ...transfer, onProgress });
  const readOne = (range: ByteRange, part: Transfer): Promise<Uint8Array> =>
    fetchRange(url, { ...first, begin: range.begin, end: range.end }, part);
  return rangedAccess(first.size, transfer, readOne, { head });
}

/** No If-Range: it says no more than the answer's own version does, and pages of another origin must ask before they send it. */
async function fetchRange(url: string, expected: Part, transfer: Transfer): Promise<Uint8Array> {
  const response = await fetchUrl(url, transfer, rangeHeaders(expected));
  // It has a status of failure, which readResponse reports.
  if (!response.ok) return readResponse(response, transfer);
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

/** HTTP counts to the last byte. */
function rangeHeaders({ begin, end }: ByteRange): Record<string, string> {
  return { Range: `bytes=${begin}-${end - 1}` };
}

/** What the headers of an answer with status 206 say; undefined where they do not tell, or tell of a part that is compressed. */
function partOf(response: Response): Part | undefined {
  const { headers } = response;
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(headers.get('content-range') ?? '');
  // A part of compressed bytes cannot be decompressed, and counts other bytes than those asked for.
  if (!match || headers.has('content-encoding')) return undefined;
  const [begin, last, size] = match.slice(1).map(Number) as [number, number, number];
  return { begin, end: last + 1, size, version: versionOf(response) };
}

function versionOf({ headers }: Response): string | undefined {
  const tag = headers.get('etag');
  return tag?.startsWith('"') ? tag : (headers.get('last-modified') ?? undefined);
}

/** The bytes of an answer, which must be as many as its part has. */
async function bodyOf(response: Response, part: Part, transfer: Transfer): Promise<Uint8Array> {
  const bytes = part.end - part.begin;
  if (isWebStream(response.body)) return collectStream(response.body, transfer, { bytes, exact: true });
  const whole = await readResponse(response, transfer);
  if (whole.length === bytes) return whole;
  throw new RangeError(
    message(transfer.where, transfer.source, `the ${bytes} bytes it declares`, `${whole.length}`),
  );
}

function describe({ begin, end, size, version }: Part): string {
  return `bytes ${begin} to ${end} of ${size}${version === undefined ? '' : ` in version ${version}`}`;
}

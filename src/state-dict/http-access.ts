import { message, show } from '../check.js';
import { collectStream, type Transfer } from './collect.js';
import { memoryAccess, type RandomAccess, rangedAccess } from './random-access.js';
import type { ByteRange } from './reading.js';
import { discard, fetchUrl, isWebStream, readResponse } from './sources.js';

/**
 * Bytes of the first request, which also learns the size. The headers of most models fit, and on most lines so many bytes
 * take no longer than the request itself.
 */
const HEAD_BYTES = 1 << 16;

/** What to do where a server does not serve ranges as HTTP says, or a browser does not show that it does. */
const WRONG_RANGE =
  'Its server serves ranges wrongly: download the file and read that, or all of it without select';
const HIDDEN_RANGE =
  'Another origin must send Access-Control-Expose-Headers: Content-Range; else download the file and read that, or all of it without select';
const CHANGED = 'Has the file changed? Read it again';

/** What a partial answer says of itself. */
interface Part extends ByteRange {
  /** Of the whole file. */
  readonly size: number;
  /** A strong ETag, else the date, where the server gives one: what `If-Range` may hold. */
  readonly version: string | undefined;
}

/**
 * The parts of what lies at a URL, by Range requests.
 *
 * A server that answers the first one with 200 does not serve ranges: its answer is taken whole, once. Every other answer
 * must be 206 and just the part asked for, of the same size and version as the first: a file that is replaced while it is
 * read is an error. A failed request is not repeated.
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
  const first = await partOf(response, transfer);
  const end = Math.min(asked.end, first.size);
  const head = await bodyOf(response, first, { ...first, begin: 0, end }, transfer);
  const readOne = (range: ByteRange, part: Transfer): Promise<Uint8Array> =>
    readPart(url, { ...first, begin: range.begin, end: range.end }, part);
  return rangedAccess(first.size, transfer, readOne, { head });
}

async function readPart(url: string, expected: Part, transfer: Transfer): Promise<Uint8Array> {
  const headers = rangeHeaders(expected);
  if (expected.version !== undefined) headers['If-Range'] = expected.version;
  const response = await fetchUrl(url, transfer, headers);
  if (response.status === 200)
    throw await refusal(response, transfer, describe(expected), 'the whole file', CHANGED);
  // It has a status of failure, which readResponse reports.
  if (response.status !== 206) return readResponse(response, transfer);
  return bodyOf(response, await partOf(response, transfer), expected, transfer);
}

/** HTTP counts to the last byte. */
function rangeHeaders({ begin, end }: ByteRange): Record<string, string> {
  return { Range: `bytes=${begin}-${end - 1}` };
}

/** What the headers of an answer with status 206 say. */
async function partOf(response: Response, transfer: Transfer): Promise<Part> {
  const { headers } = response;
  const range = headers.get('content-range');
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(range ?? '');
  if (!match) {
    const rule = 'a Content-Range with the size of the file';
    throw await refusal(response, transfer, rule, show(range), range === null ? HIDDEN_RANGE : WRONG_RANGE);
  }
  const encoding = headers.get('content-encoding');
  // A part of compressed bytes cannot be decompressed, and counts other bytes than those asked for.
  if (encoding !== null)
    throw await refusal(response, transfer, 'a part without Content-Encoding', show(encoding), WRONG_RANGE);
  const [begin, last, size] = match.slice(1).map(Number) as [number, number, number];
  const tag = headers.get('etag');
  const version = tag?.startsWith('"') ? tag : (headers.get('last-modified') ?? undefined);
  return { begin, end: last + 1, size, version };
}

/** The bytes of an answer, which must be the part expected. */
async function bodyOf(
  response: Response,
  part: Part,
  expected: Part,
  transfer: Transfer,
): Promise<Uint8Array> {
  if (describe(part) !== describe(expected)) {
    const isSameFile = part.size === expected.size && part.version === expected.version;
    throw await refusal(
      response,
      transfer,
      describe(expected),
      describe(part),
      isSameFile ? WRONG_RANGE : CHANGED,
    );
  }
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

/** The error for an answer that is not the part asked for, whose body is given up. */
async function refusal(
  response: Response,
  { where, source }: Transfer,
  rule: string,
  got: string,
  remedy: string,
): Promise<Error> {
  await discard(response);
  return new Error(message(where, source, rule, got, remedy));
}

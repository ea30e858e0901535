/** Requests of a URL with what the caller adds to them, and to whom that is sent. */

import { show } from '../../../check.js';
import { nodeFs } from '../disk/node-fs.js';
import { hasCredentials } from '../public-url.js';

/** What a caller adds to every request for a source. */
export interface HttpOptions {
  /**
   * Headers of every request, such as `{ Authorization: 'Bearer …' }` of a gated file; the files of an index get them too. In Node a
   * redirect to another origin is followed without them; browsers keep back Authorization alone, and ask the other origin about the
   * rest.
   */
  readonly headers?: Headers | Readonly<Record<string, string>> | undefined;
  /** Called in place of the global `fetch`, with the URL as text. */
  readonly fetch?: ((url: string, init?: RequestInit) => Promise<Response>) | undefined;
}

/** As many as `fetch` follows. */
const MAX_REDIRECTS = 20;

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Fetches a URL with the headers of the caller. `fetch` itself sends all but Authorization to whatever origin it is redirected to, so
 * redirects are followed here, one by one, where the host lets a program see them: browsers do not.
 */
export async function request(url: string, init: RequestInit, options: HttpOptions = {}): Promise<Response> {
  const { headers, fetch: own = globalThis.fetch } = options;
  const fetch = async (to: string, how: RequestInit): Promise<Response> =>
    checkedResponse(await own(to, how));
  if (headers === undefined) return fetch(url, init);
  const all = { ...init, headers: joined(headers, init.headers) };
  if (!nodeFs() || (init.redirect ?? 'follow') !== 'follow') return fetch(url, all);
  let at = url;
  let isSameOrigin = true;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await fetch(at, { ...(isSameOrigin ? all : init), redirect: 'manual' });
    const location = REDIRECTS.includes(response.status) ? response.headers.get('location') : null;
    if (location === null) return response;
    await discard(response);
    const next = new URL(location, at);
    if (hasCredentials(next.href)) throw new TypeError('redirected to a URL with user and password');
    if (!/^https?:$/.test(next.protocol)) throw new TypeError(`redirected to the scheme ${next.protocol}`);
    // Once away, they stay away, as with fetch: the other origin may have chosen where to go on.
    isSameOrigin &&= next.origin === new URL(at).origin;
    at = next.href;
  }
  throw new TypeError(`redirected more than ${MAX_REDIRECTS} times`);
}

/** A fetch of one's own may return anything. */
function checkedResponse(value: Response): Response {
  if (isResponse(value)) return value;
  throw new TypeError(`the fetch given returned ${show(value)}, not a Response`);
}

/** By its members, since fetch libraries and other windows have their own classes. */
export function isResponse(value: unknown): value is Response {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['ok', 'status', 'arrayBuffer', 'headers'].every((name) => name in value)
  );
}

/** The caller's headers, and over them those of this package. */
function joined(theirs: HeadersInit, ours: HeadersInit | undefined): Headers {
  const headers = new Headers(theirs);
  for (const [name, value] of new Headers(ours)) headers.set(name, value);
  return headers;
}

/** Cancels the body of a response, which frees its connection. */
export async function discard({ body }: Response): Promise<void> {
  if (isWebStream(body)) await body.cancel().catch(() => {});
}

/** Fetch libraries of Node have streams of Node as bodies, and some on phones have no streams. */
export function isWebStream(body: unknown): body is ReadableStream<unknown> {
  return typeof (body as Partial<ReadableStream> | null | undefined)?.getReader === 'function';
}

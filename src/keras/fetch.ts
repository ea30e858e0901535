/** The requests for a model: what a server answers instead of it is told, and headers stay at their origin. */

import { env, type io } from '@tensorflow/tfjs-core';
import { message } from '../check.js';
import { nameUrl, readResponse } from '../state-dict/sources/body.js';
import { request } from '../state-dict/sources/http/request.js';
import { hasCredentials } from '../state-dict/sources/public-url.js';
import { reasonOf } from '../state-dict/sources/stream.js';
import { MAX_BYTES, WHERE } from './json.js';
import { parseModelJson } from './model-json.js';

type Fetch = NonNullable<io.LoadOptions['fetchFunc']>;

/**
 * Fetches as tfjs does, and throws where the answer is not the file: tfjs takes the page of a missing shard for weights, and asks for
 * whatever a model.json names. A redirect to another origin is followed without the headers of `requestInit` where the host lets a
 * program see it.
 *
 * @param modelUrl  the model.json; the other files are weights.
 * @param own  in place of the `fetch` of the platform.
 */
export function fetchChecked(modelUrl: string, own: io.LoadOptions['fetchFunc']): Fetch {
  const fetch = own ?? ((url: string, init?: RequestInit) => env().platform.fetch(url, init));
  return async (input, { headers, ...init }: RequestInit = {}) => {
    const url = String(input);
    const what = nameUrl('URL', url);
    if (hasCredentials(url)) {
      const remedy =
        'Pass them in requestInit.headers: Authorization, "Basic " and the base64 of user:password';
      throw new RangeError(message(WHERE, what, 'a URL without user and password', 'one with them', remedy));
    }
    const options = {
      fetch: fetch as typeof globalThis.fetch,
      ...(headers && { headers: new Headers(headers) }),
    };
    const response = await request(url, init, options).catch((cause: unknown) => {
      init.signal?.throwIfAborted();
      throw new Error(message(WHERE, what, 'an answer', reasonOf(cause)), { cause });
    });
    const signal = init.signal ?? undefined;
    const transfer = { where: WHERE, source: what, maxBytes: MAX_BYTES, ...(signal && { signal }) };
    const bytes = await readResponse(response, transfer);
    if (url === modelUrl) parseModelJson(what, bytes);
    else if (isPage(response, bytes)) {
      const remedy = 'Is the path of the weights right? Open it in a browser to see';
      throw new Error(message(WHERE, what, 'weights', 'an HTML page', remedy));
    }
    return new Response(bytes as Uint8Array<ArrayBuffer>);
  };
}

/** Whether an answer is a page, as servers of one-page apps send for every path that they do not know. */
function isPage({ headers }: Response, bytes: Uint8Array): boolean {
  if (!/^text\/html\b/i.test(headers.get('content-type') ?? '')) return false;
  // Weights may be sent under the wrong type.
  return /^\s*<(!doctype|html|\?xml)/i.test(String.fromCharCode(...bytes.subarray(0, 64)));
}

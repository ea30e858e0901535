/** Peers in pages, each in a browser of its own: one that loses its GPU process takes no other with it. See ../protocol.ts. */

import { type Browser, launch, type Page } from '../../../spec/live/browser/drivers.js';
import type { Connection } from '../contestants.js';
import type { Answer, Hello, Request } from '../protocol.js';
import type { PageServer } from './server.js';

export interface PageOptions {
  readonly peer: string;
  /** The backend of tfjs. */
  readonly backend: string;
  readonly threads: number;
  readonly data: string;
  /** Whether the page counts the work of the GPU. */
  readonly watch?: boolean;
}

export function startPage(
  { url, urlOf }: PageServer,
  { watch = false, ...options }: PageOptions,
): Connection {
  const query = new URLSearchParams(Object.entries(options).map(([name, value]) => [name, String(value)]));
  if (watch) query.set('watch', '');
  const opening = open(`${url}/?${query}`);
  const close = () =>
    void opening.then(
      ({ browser }) => browser.close(),
      // It did not open.
      () => {},
    );
  const evaluate = async <T>(expression: string): Promise<Answer<T>> => {
    const { page } = await opening;
    const fault = page.ended.then((why): never => {
      throw new Error(why);
    });
    return Promise.race([page.evaluate<Answer<T>>(expression), fault]);
  };
  return {
    hello: () => evaluate<Hello>('hello'),
    ask: <T>(request: Request) => evaluate<T>(`ask(${JSON.stringify(withUrls(request, urlOf))})`),
    end: close,
    kill: close,
  };
}

async function open(url: string): Promise<{ readonly browser: Browser; readonly page: Page }> {
  const browser = await launch('chromium');
  try {
    return { browser, page: await browser.open(url) };
  } catch (error) {
    await browser.close();
    throw error;
  }
}

/** A page reads and writes files by the server. */
function withUrls(request: Request, urlOf: (file: string) => string): Request {
  if (request.command === 'prepare') return { ...request, numbers: urlOf(request.numbers) };
  if (request.command === 'results') return { ...request, file: urlOf(request.file) };
  return request;
}

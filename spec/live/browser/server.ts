/** Serves the bundled specs, what they read, and pages that run them; hears from the pages. */

import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize, sep } from 'node:path';
import { text } from 'node:stream/consumers';
import type { PageEvent } from '../../support/page/events.js';
import { PAGE_MAIN, ROOT } from './specs.js';

const HTML = `<!doctype html><meta charset="utf-8"><title>specs</title><link rel="icon" href="data:,">
<div id="mocha"></div><script src="/mocha.js"></script>
<script type="module" src="/bundles/${PAGE_MAIN.replace(/ts$/, 'js')}"></script>`;

/** A page with these headers may share memory between threads; one in it has all of them. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

const TYPES: Record<string, string> = {
  js: 'text/javascript',
  json: 'application/json',
  wasm: 'application/wasm',
};

export interface SpecServer {
  readonly url: string;
  close(): void;
}

/**
 * @param bundles the folder of the bundled specs
 * @param hear called with each event of a page
 */
export async function serve(bundles: string, hear: (event: PageEvent) => void): Promise<SpecServer> {
  const folders: Record<string, string> = {
    bundles,
    fixtures: join(ROOT, 'spec/fixtures'),
    wasm: join(ROOT, 'node_modules/@tensorflow/tfjs-backend-wasm/dist'),
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const headers = { 'Cache-Control': 'no-store', ...(searchParams.has('isolated') ? ISOLATION : {}) };
    const answer = (body: string | Buffer, type: string) =>
      response.writeHead(200, { ...ISOLATED_PARTS, ...headers, 'Content-Type': type }).end(body);
    if (pathname === '/events')
      return void events(request, hear).then(() => response.writeHead(204).end(), fail);
    if (pathname === '/run') return answer(HTML, 'text/html; charset=utf-8');
    try {
      return answer(read(folders, decodeURIComponent(pathname)), typeOf(pathname));
    } catch (error) {
      return fail(error);
    }
    function fail(error: unknown): void {
      response.writeHead(404).end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://localhost:${portOf(server)}`, close: () => void server.close() };
}

/** Workers of an isolated page must say that they may be embedded. */
const ISOLATED_PARTS = {
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function events(request: IncomingMessage, hear: (event: PageEvent) => void): Promise<void> {
  for (const event of JSON.parse(await text(request)) as PageEvent[]) hear(event);
}

/** A file, or the sorted names in a folder where the path ends with a slash. */
function read(folders: Record<string, string>, pathname: string): string | Buffer {
  if (pathname === '/mocha.js') return readFileSync(join(ROOT, 'node_modules/mocha/mocha.js'));
  const [, top = '', ...rest] = pathname.split('/');
  const folder = folders[top];
  const path = normalize(join(folder ?? '', ...rest));
  if (folder === undefined || !(path + sep).startsWith(folder + sep)) throw new Error(`no ${pathname}`);
  return pathname.endsWith('/') ? JSON.stringify(readdirSync(path).sort()) : readFileSync(path);
}

function typeOf(pathname: string): string {
  return TYPES[pathname.slice(pathname.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
}

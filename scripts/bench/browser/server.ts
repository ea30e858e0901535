/** Serves an isolated page, what it runs, and the files of a benchmark, which pages also write. */

import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const FOLDERS: Readonly<Record<string, string>> = {
  '/wasm': join(ROOT, 'node_modules/@tensorflow/tfjs-backend-wasm/dist'),
  '/ort': join(ROOT, 'scripts/bench/node_modules/onnxruntime-web/dist'),
};

const HTML =
  '<!doctype html><meta charset="utf-8"><title>bench</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>';

/** Threads share memory in isolated pages alone. */
const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript',
  mjs: 'text/javascript',
  wasm: 'application/wasm',
};

/** A page has no `dist`; see page/built.ts. */
const built: Plugin = {
  name: 'built',
  setup: ({ onResolve }) => {
    onResolve({ filter: /\/built\.js$/ }, () => ({
      path: fileURLToPath(new URL('page/built.ts', import.meta.url)),
    }));
  },
};

async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['scripts/bench/browser/page/main.ts'],
    write: false,
    bundle: true,
    minify: true,
    // The package lists its files with side effects as they lie in `dist`.
    ignoreAnnotations: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    plugins: [built],
    logLevel: 'error',
  });
  return (outputFiles[0] as { readonly text: string }).text;
}

export interface PageServer {
  /** `http://localhost:PORT` */
  readonly url: string;
  /** The URL of a file of the benchmark. */
  urlOf(file: string): string;
  close(): void;
}

/** @param folder of the files that contestants read and write. */
export async function servePages(folder: string): Promise<PageServer> {
  const page = await bundlePage();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    answer(pathname, request, response).catch((error) => response.writeHead(404).end(String(error)));
  });

  async function answer(pathname: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const send = (body: string | Uint8Array, type: string) =>
      void response.writeHead(200, { ...HEADERS, 'Content-Type': type }).end(body);
    if (pathname === '/') return send(HTML, 'text/html; charset=utf-8');
    if (pathname === '/page.js') return send(page, 'text/javascript');
    // A name alone, so that nothing above the folder is reached.
    const [parent, name] = [dirname(pathname), basename(pathname)];
    const path = join(parent === '/files' ? folder : (FOLDERS[parent] ?? 'nowhere'), name);
    if (request.method === 'PUT' && parent === '/files') {
      writeFileSync(path, await buffer(request));
      return send('', 'text/plain');
    }
    send(readFileSync(path), TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream');
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}`,
    urlOf: (file) => `/files/${basename(file)}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

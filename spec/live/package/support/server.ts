// Serves the files of a folder over HTTP, as a page's server does. `?policy=TEXT` is answered with that content security policy.
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

/** What browsers refuse under another type. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

export interface FileServer {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  close(): void;
}

export async function serve(folder: string): Promise<FileServer> {
  const server: Server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const policy = searchParams.get('policy');
    const headers = {
      'content-type': TYPES[extname(pathname)] ?? 'application/octet-stream',
      ...(policy !== null && { 'content-security-policy': policy }),
    };
    readFile(join(folder, decodeURIComponent(pathname))).then(
      (bytes) => response.writeHead(200, headers).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

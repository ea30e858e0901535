// Serves the files of a folder over HTTP to programs that fetch, as a page's server does.
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface FileServer {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  close(): void;
}

export async function serve(folder: string): Promise<FileServer> {
  const server: Server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    // Browsers and Node compile WebAssembly from a response of this type alone.
    const type = pathname.endsWith('.wasm') ? 'application/wasm' : 'application/octet-stream';
    readFile(join(folder, decodeURIComponent(pathname))).then(
      (bytes) => response.writeHead(200, { 'content-type': type }).end(bytes),
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

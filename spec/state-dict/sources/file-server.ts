/** A real HTTP server of files, which counts what is asked of it. */

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** Answers a request in place of the server where it returns true. */
export type Answer = (asked: Asked, response: ServerResponse) => boolean | Promise<boolean>;

export interface FileServer {
  readonly origin: string;
  /** By path, such as `/model.pt`. */
  readonly files: Map<string, Uint8Array>;
  /** Requests so far, in the order of their arrival. */
  readonly asked: Asked[];
  /** The most requests that were under way at once. */
  mostAtOnce: number;
  /** Connections that the client closed before they were answered. */
  cancelled: number;
  answer: Answer | undefined;
  /** Resolves when no request is under way: each was answered, or the client closed its connection. */
  idle(): Promise<void>;
  /** Forgets what was asked, and how it is to be answered. */
  reset(): void;
  close(): Promise<void>;
}

export async function startFileServer(): Promise<FileServer> {
  let underWay = 0;
  const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
    const asked = { path: request.url ?? '', headers: request.headers };
    own.asked.push(asked);
    own.mostAtOnce = Math.max(own.mostAtOnce, ++underWay);
    response.once('close', () => {
      underWay--;
      if (!response.writableFinished) own.cancelled++;
    });
    if (!(await own.answer?.(asked, response))) serve(asked, own.files.get(asked.path), response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own: FileServer = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    files: new Map(),
    asked: [],
    mostAtOnce: 0,
    cancelled: 0,
    answer: undefined,
    async idle() {
      while (underWay > 0) await new Promise(setImmediate);
    },
    reset() {
      own.asked.length = 0;
      Object.assign(own, { mostAtOnce: 0, cancelled: 0, answer: undefined });
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return own;
}

function serve({ headers }: Asked, file: Uint8Array | undefined, response: ServerResponse): void {
  if (file === undefined) {
    response.writeHead(404, { 'Content-Type': 'text/html' });
    return void response.end('<!doctype html><title>Not found</title>');
  }
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
  if (from === undefined) {
    response.writeHead(200, { 'Content-Length': file.length });
    return void response.end(file);
  }
  const [begin, end] = [Number(from), Math.min(Number(to) + 1, file.length)];
  if (begin >= end) {
    response.writeHead(416, { 'Content-Range': `bytes */${file.length}` });
    return void response.end();
  }
  const range = `bytes ${begin}-${end - 1}/${file.length}`;
  response.writeHead(206, { 'Content-Range': range, 'Content-Length': end - begin });
  response.end(file.subarray(begin, end));
}

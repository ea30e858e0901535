/** The page as `npm run demo:web` serves it, and as it builds it. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ISOLATION } from '../../../../examples/language-id/web/tools/config.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const COMMAND = ['--import', 'tsx', 'examples/language-id/web/tools/main.ts'];

/** Where the built page lies on its server. Other paths have the headers that isolate it. */
const PLAIN_PATH = '/some/path/';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
};

let development: ChildProcess | undefined;
let built: Promise<string> | undefined;
let server: Server | undefined;
const folder = mkdtempSync(join(tmpdir(), 'built-page-'));

/** Starts the command, and gives the address that it prints. */
export function startDevelopment(): Promise<string> {
  const started = spawn(process.execPath, [...COMMAND, '--no-open', '--port', '0'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  development = started;
  return new Promise((resolve, reject) => {
    let output = '';
    const onData = (data: Buffer) => {
      output += data;
      const [found] = /http:\/\/localhost:\d+\//.exec(output) ?? [];
      if (found !== undefined) resolve(found);
    };
    started.stdout.on('data', onData);
    started.stderr.on('data', onData);
    started.on('exit', (code) => reject(new Error(`demo:web ended with ${code}: ${output}`)));
  });
}

/** The address of the built page, which is built once a run. */
export async function builtPage(headers: 'isolated' | 'plain' = 'isolated'): Promise<string> {
  built ??= build();
  return (await built) + (headers === 'isolated' ? '/' : PLAIN_PATH);
}

async function build(): Promise<string> {
  await promisify(execFile)(process.execPath, [...COMMAND, '--build', '--out', folder], { cwd: ROOT });
  server = createServer(async ({ url = '' }, response) => {
    const isPlain = url.startsWith(PLAIN_PATH);
    const name = url.slice(isPlain ? PLAIN_PATH.length : 1) || 'index.html';
    const body = await readFile(join(folder, name)).catch(() => undefined);
    const type = TYPES[extname(name)] ?? 'application/octet-stream';
    response.writeHead(body ? 200 : 404, { 'Content-Type': type, ...(isPlain ? {} : ISOLATION) });
    response.end(body);
  });
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(0, 'localhost', resolve));
  return `http://localhost:${(listening.address() as AddressInfo).port}`;
}

export async function stopServers(): Promise<void> {
  development?.kill();
  server?.close();
  await rm(folder, { recursive: true });
}

/** A peer in a process of its own: `node --import tsx serve.ts PEER BACKEND THREADS`. See protocol.ts. */

import { readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Backend } from '../../examples/support/backend.js';
import { parseStateDict, writeSafetensors } from '../../src/state-dict/index.js';
import type { Peer, Prepared, StartPeer } from './peers/peer.js';
import type { Answer, Block, Measured, Request } from './protocol.js';

// Some runtimes print greetings, and standard output is for answers.
console.log = console.error;

function answer<T>(value: Answer<T>): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function measure({ run }: Prepared, { warmMs, blockMs, maxRuns }: Block): Promise<Measured> {
  if (warmMs > 0) await repeat(run, warmMs, Number.POSITIVE_INFINITY);
  const before = process.cpuUsage();
  const times = await repeat(run, blockMs, maxRuns);
  const { user, system } = process.cpuUsage(before);
  return { times, cpu: (user + system) / 1000 / times.length };
}

async function repeat(run: Prepared['run'], ms: number, maxRuns: number): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + ms;
  let now: number;
  do {
    const start = performance.now();
    const result = run();
    // A synchronous call does not wait for the event loop.
    if (result instanceof Promise) await result;
    now = performance.now();
    times.push(now - start);
  } while (now < end && times.length < maxRuns);
  return times;
}

let prepared: Prepared | undefined;

async function handle(peer: Peer, request: Request): Promise<unknown> {
  if (request.command === 'prepare') {
    await prepared?.dispose();
    prepared = undefined;
    const numbers = parseStateDict(await readFile(request.numbers));
    prepared = await peer.prepare(request.case, numbers);
    return {};
  }
  if (!prepared) throw new Error('no case is prepared');
  if (request.command === 'measure') return measure(prepared, request);
  await writeFile(request.file, writeSafetensors(await prepared.results()));
  return {};
}

const [name, backend, threads] = process.argv.slice(2) as [string, Backend, string];
try {
  const { start } = (await import(`./peers/${name}.js`)) as { readonly start: StartPeer };
  const peer = await start({ backend, threads: Number(threads) });
  answer({ result: { versions: peer.versions, hasThreads: peer.hasThreads } });
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      answer({ result: await handle(peer, JSON.parse(line) as Request) });
    } catch (error) {
      answer({ error: errorText(error) });
    }
  }
} catch (error) {
  answer({ error: errorText(error) });
}
// A runtime's threads would keep the process alive.
process.exit();

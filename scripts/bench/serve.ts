/** A peer in a process of its own: `node --import tsx serve.ts PEER BACKEND THREADS`. See protocol.ts. */

import { readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type Backend, startBackend } from '../../examples/support/backend.js';
import type { StartPeer } from './peers/peer.js';
import type { Answer, Request } from './protocol.js';
import { errorText, Serving } from './serving.js';

// Some runtimes print greetings, and standard output is for answers.
console.log = console.error;

function answer<T>(value: Answer<T>): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const [name, backend, threads] = process.argv.slice(2) as [string, Backend, string];
try {
  const { start } = (await import(`./peers/${name}.js`)) as { readonly start: StartPeer };
  // TensorFlow takes its number of threads from the environment that peer-process.ts gives it.
  const tfjs = { start: () => startBackend(backend), opsHaveThreads: backend === 'tensorflow' };
  const peer = await start({ tfjs, threads: Number(threads), data: 'tensors' });
  const serving = new Serving(peer, { read: readFile, write: writeFile, cpuMs, leastMs: 0 });
  answer({ result: { versions: peer.versions, hasThreads: peer.hasThreads } });
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      answer({ result: await serving.handle(JSON.parse(line) as Request) });
    } catch (error) {
      answer({ error: errorText(error) });
    }
  }
} catch (error) {
  answer({ error: errorText(error) });
}
// A runtime's threads would keep the process alive.
process.exit();

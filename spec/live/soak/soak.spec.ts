/**
 * Long streams: a GRU and an LSTM take 100,000 steps in short calls, by `forward` with the states carried by hand and by
 * stateful `apply`. Whatever either leaves behind is a failure; what a step costs is printed for each tenth of a stream.
 *
 *     npm run soak -- [--backends cpu,wasm,tensorflow] [--steps N] [--seed N]
 *
 * Several backends run side by side, each in a process of its own.
 */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { soakBackend } from './soak.js';

interface Options {
  readonly backends: readonly string[];
  readonly steps: number;
  readonly seed: number;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      backends: { type: 'string', default: 'cpu,wasm' },
      steps: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
    },
  });
  return {
    backends: values.backends.split(','),
    steps: readInteger('--steps', values.steps, 10),
    seed: readInteger('--seed', values.seed, 0),
  };
}

function readInteger(what: string, text: string, min: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= min) return Number(text);
  throw new RangeError(`${what}: expected an integer in ${min}..999999999, got "${text}"`);
}

/** This script with one of the backends; resolves to whether it found no fault. */
function soakInProcess(backend: string, { steps, seed }: Options): Promise<boolean> {
  const script = fileURLToPath(import.meta.url);
  const args = ['--backends', backend, '--steps', String(steps), '--seed', String(seed)];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], { stdio: 'inherit' });
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0));
  });
}

async function main(): Promise<boolean> {
  const options = readOptions();
  const [backend, ...others] = options.backends as [string, ...string[]];
  if (others.length === 0) return soakBackend(backend, options);
  const results = await Promise.all(options.backends.map((name) => soakInProcess(name, options)));
  return results.every(Boolean);
}

try {
  if (!(await main())) process.exitCode = 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

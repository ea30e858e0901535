/**
 * Live differential against PyTorch: random GRUs forward and backward on every backend, and files and models both ways.
 *
 *     npm run test:torch -- [--seed N] [--cases N] [--backends cpu,wasm,tensorflow]
 *
 * TORCH_PYTHON names the Python that has PyTorch (scripts/requirements.txt), python3 by default.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { availableBackends } from '../spec/support/backends.js';
import { compareFiles } from './test-torch/files.js';
import { askTorch, compareGru, randomCase, type WorstErrors } from './test-torch/gru.js';
import { compareExports } from './test-torch/models.js';
import { Oracle } from './test-torch/oracle.js';
import type { Session } from './test-torch/session.js';
import { Tally } from './test-torch/tally.js';

interface Options {
  readonly seed: number;
  readonly cases: number;
  readonly backends: readonly string[];
}

async function readOptions(): Promise<Options> {
  const available = await availableBackends();
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
      cases: { type: 'string', default: '200' },
      backends: { type: 'string', default: available.join() },
    },
  });
  const backends = values.backends.split(',');
  const absent = backends.filter((name) => !available.includes(name));
  if (absent.length > 0)
    throw new RangeError(`--backends: expected some of ${available.join()}, got ${absent.join()}`);
  return { seed: readInteger('--seed', values.seed), cases: readInteger('--cases', values.cases), backends };
}

function readInteger(what: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new RangeError(`${what}: expected an integer below 1e9, got "${text}"`);
  return Number(text);
}

interface Measurement extends WorstErrors {
  milliseconds: number;
}

/** Each case once through torch and through every backend; case i has the seed `seed + i`. */
async function compareGrus({ oracle, tally, seed }: Session, { cases, backends }: Options): Promise<void> {
  const measured = new Map<string, Measurement>();
  for (const backend of backends) measured.set(backend, { forward: 0, gradient: 0, milliseconds: 0 });
  for (let i = 0; i < cases; i++) {
    const gruCase = randomCase(seed + i);
    const fixture = await askTorch(oracle, gruCase);
    for (const [backend, measurement] of measured) {
      await useBackend(backend);
      const start = performance.now();
      const title = `GRU on ${backend} ${JSON.stringify(gruCase)}`;
      await tally.check(title, commandFor({ seed: gruCase.seed, cases: 1, backends: [backend] }), () =>
        withoutLeak(() => compareGru(fixture, measurement)),
      );
      measurement.milliseconds += performance.now() - start;
    }
  }
  printMeasurements(measured);
}

async function useBackend(name: string): Promise<void> {
  if (tf.getBackend() === name) return;
  if (!(await tf.setBackend(name))) throw new Error(`the ${name} backend does not start`);
}

function withoutLeak(body: () => void): void {
  const before = tf.memory().numTensors;
  body();
  const leaked = tf.memory().numTensors - before;
  if (leaked !== 0) throw new Error(`${leaked} tensors more than before`);
}

function commandFor({ seed, cases, backends }: Options): string {
  return `npm run test:torch -- --seed ${seed} --cases ${cases} --backends ${backends.join()}`;
}

function printMeasurements(measured: ReadonlyMap<string, Measurement>): void {
  const row = (...cells: string[]) => {
    const line = cells.map((cell) => cell.padEnd(26)).join('');
    console.log(line.trimEnd());
  };
  row('backend', 'worst forward (absolute)', 'worst gradient (relative)', 'seconds');
  for (const [backend, { forward, gradient, milliseconds }] of measured)
    row(backend, forward.toExponential(2), gradient.toExponential(2), (milliseconds / 1000).toFixed(1));
}

async function main(): Promise<void> {
  const options = await readOptions();
  console.log(commandFor(options));
  const oracle = await Oracle.start();
  const folder = await mkdtemp(join(tmpdir(), 'test-torch-'));
  const tally = new Tally();
  const { seed, backends } = options;
  const session: Session = { oracle, tally, seed, folder, replay: commandFor({ ...options, cases: 0 }) };
  try {
    await compareGrus(session, options);
    await compareFiles(session);
    for (const backend of backends) {
      await useBackend(backend);
      await compareExports(session);
    }
  } finally {
    oracle.stop();
    await rm(folder, { recursive: true });
  }
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  if (tally.failed > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

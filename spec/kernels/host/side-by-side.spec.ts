import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import type { Report } from '../../support/side-by-side.js';

const PROGRAM = new URL('../../support/side-by-side.ts', import.meta.url);

/** A program that does not end by itself is killed then, and the spec fails. */
const LIMIT_MS = 170_000;

/** @throws Error where the process ends otherwise than by itself and well. */
async function runProcess(): Promise<Report> {
  const args = ['--import', 'tsx', fileURLToPath(PROGRAM)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: LIMIT_MS });
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as Report;
}

/** Node 20 takes no TypeScript for a worker's file, whatever was imported before: the worker asks for it itself. */
const WORKER = `
import('tsx/esm/api').then(({ register }) => {
  register();
  return import(require('node:worker_threads').workerData);
});
`;

async function runWorker(): Promise<Report> {
  const worker = new Worker(WORKER, { eval: true, workerData: PROGRAM.href, stdout: true });
  const [[report], [code]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
  expect(code).to.equal(0);
  return report;
}

describe('the fused kernel in several processes and workers at once', () => {
  it('is right on two threads in each, and its own workers keep none of them alive', async function () {
    this.timeout(LIMIT_MS + 10_000);
    const reports = await Promise.all([runProcess(), runProcess(), runWorker(), runWorker()]);
    for (const { worst, workers } of reports) {
      expect(worst).to.be.at.most(1e-5);
      // Threads of the native engine are no workers of Node.
      expect(workers).to.equal(process.env.ENGINE === 'native' ? 0 : 1);
    }
  });
});

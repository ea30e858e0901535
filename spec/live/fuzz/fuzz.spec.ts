/**
 * Hostile files for the readers: sound ones of every format, changed at random. Each must give sound tensors or one of the
 * errors that callers are told of, in little time and memory.
 *
 *     npm run fuzz -- [--minutes N | --count N] [--seed N] [--format NAME ...]
 *     npm run fuzz -- --format NAME --seed N --input N [--keep FILE]
 *
 * Without options 100,000 files of each format. With --input one again, as a failure prints it; --keep writes it to a file.
 */

import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InputId } from './campaign.js';
import { againCommand, type FuzzOptions, readOptions } from './options.js';

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));

/** Of JavaScript's own objects; a file of kilobytes needs little. */
const HEAP_MIB = 512;

/** How often the child is looked at, and how often in turn it may be at the same input. */
const LOOK_MS = 5_000;
const MOST_LOOKS = 12;

/** Runs the child to its end, or to the end of its patience with one input. */
function supervise(options: FuzzOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  const noteFile = join(folder, 'input.json');
  const child = fork(CHILD, [JSON.stringify(options), noteFile], {
    execArgv: [...process.execArgv, `--max-old-space-size=${HEAP_MIB}`],
  });
  let looks = 0;
  let last = '';
  const watch = setInterval(() => {
    const note = readNote(noteFile);
    looks = note === last ? looks + 1 : 0;
    last = note;
    if (looks < MOST_LOOKS) return;
    console.log(`FAIL it takes more than ${(MOST_LOOKS * LOOK_MS) / 1000} s`);
    child.kill('SIGKILL');
  }, LOOK_MS);
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      clearInterval(watch);
      if (code !== 0) process.exitCode = 1;
      const note = readNote(noteFile);
      // A failure that the child has seen itself, it has told itself, and ends with 1.
      if (code !== 0 && code !== 1 && note !== '') {
        console.log(`FAIL the process ended with ${signal ?? code}`);
        console.log(`  again: ${againCommand(JSON.parse(note) as InputId)}`);
      }
      rmSync(folder, { recursive: true });
      resolve();
    });
  });
}

/** What the child wrote last; empty before it has begun. */
function readNote(file: string): string {
  try {
    return readFileSync(file, 'latin1').trim();
  } catch {
    return '';
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  console.log(`fuzz, seed ${options.seed}`);
  await supervise(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** A process of its own reads the files of a format, so that a file that stops or kills the process is a failure too. */

import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InputId } from './campaign.js';
import { againCommand, type FuzzOptions } from './options.js';

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));

/** Limit of JavaScript's own objects; a file of kilobytes needs little. */
const HEAP_MIB = 512;

/** The supervisor looks at the child this often, and kills it when it finds it at one input so many times in turn. */
const LOOK_MS = 5_000;
const MOST_LOOKS = 12;

/** Runs the child to its end. @returns what failed, each with the command that repeats it. */
export function failuresOf(format: string, options: FuzzOptions): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
  const noteFile = join(folder, 'input.json');
  const child = fork(CHILD, [format, JSON.stringify(options), noteFile], {
    execArgv: [...process.execArgv, `--max-old-space-size=${HEAP_MIB}`],
  });
  const failures: string[] = [];
  child.on('message', (failure) => failures.push(String(failure)));
  let looks = 0;
  let last = '';
  let isStuck = false;
  const watch = setInterval(() => {
    const note = readNote(noteFile);
    looks = note === last ? looks + 1 : 0;
    last = note;
    if (looks < MOST_LOOKS) return;
    isStuck = true;
    child.kill('SIGKILL');
  }, LOOK_MS);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearInterval(watch);
      const note = readNote(noteFile);
      rmSync(folder, { recursive: true });
      if (code !== 0) {
        const what = isStuck
          ? `it takes more than ${(MOST_LOOKS * LOOK_MS) / 1000} s`
          : `the process ended with ${signal ?? code}`;
        failures.push(note === '' ? what : `${what}\n  again: ${againCommand(JSON.parse(note) as InputId)}`);
      }
      resolve(failures);
    });
  });
}

/** The child's last note; empty before its first input. */
function readNote(file: string): string {
  try {
    return readFileSync(file, 'latin1').trim();
  } catch {
    return '';
  }
}

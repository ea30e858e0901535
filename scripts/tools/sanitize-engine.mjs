// @ts-check
// Runs the engine's C source natively under AddressSanitizer and UndefinedBehaviorSanitizer (sanitize-engine/driver.c), and what
// threads share of it under ThreadSanitizer (sanitize-engine/threads.c).
// Needs gcc or clang with their sanitizers; CC names another compiler.
//
// Usage: npm run sanitize [-- RUNS [SEED]]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failureReason, run } from '../support/child-process.mjs';
import { sourceFiles } from './build-engine/module.mjs';

const SCRIPTS = fileURLToPath(new URL('./', import.meta.url));
const LIMIT_MS = 600_000;

/** Instruction sets that the source must be right for. */
const BUILDS = process.arch === 'x64' ? [['-O1'], ['-O3', '-mavx2', '-mfma']] : [['-O1'], ['-O3']];

const PROGRAMS = [
  { name: 'driver', flags: ['-fsanitize=address,undefined'] },
  { name: 'threads', flags: ['-fsanitize=thread', '-pthread'] },
];

const FLAGS = [
  '-std=gnu11',
  '-g',
  '-fno-sanitize-recover=all',
  '-Wall',
  '-Wextra',
  '-Werror',
  // gcc notes that other versions pass vectors differently.
  '-Wno-psabi',
];

/**
 * @param {string} command
 * @param {readonly string[]} args
 */
async function must(command, args) {
  const result = await run(command, args, { cwd: SCRIPTS, limitMs: LIMIT_MS });
  if (!result.ok) throw new Error(`${command} failed: ${failureReason(result)}`);
  return result.stdout.trim();
}

const [runs = '1500', seed = String(Math.floor(Math.random() * 1e6))] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'sanitize-engine-'));
try {
  const files = (await sourceFiles()).filter((name) => name.endsWith('.c'));
  const sources = files.map((name) => join(SCRIPTS, '../../src/kernels/host/c', name));
  // Two at a time: most of the work is compiling.
  for (const { name, flags } of PROGRAMS)
    await Promise.all(
      BUILDS.map(async (build) => {
        const program = join(folder, [name, ...build].join(''));
        const main = join(SCRIPTS, 'sanitize-engine', `${name}.c`);
        await must(process.env.CC || 'gcc', [...FLAGS, ...flags, ...build, '-o', program, main, ...sources]);
        const said = await must(program, [runs, seed]);
        console.log(`sanitize: ${name}, ${build.join(' ')}, seed ${seed}: ${said}, clean`);
      }),
    );
} catch (error) {
  console.error(`sanitize: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}

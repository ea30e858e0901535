// @ts-check
// Runs the engine's C source natively under AddressSanitizer and UndefinedBehaviorSanitizer: see sanitize-engine/driver.c.
// Needs gcc or clang with their sanitizers; CC names another compiler.
//
// Usage: npm run sanitize [-- RUNS [SEED]]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourceFiles } from './build-engine/module.mjs';
import { failureReason, run } from './child-process.mjs';

const SCRIPTS = fileURLToPath(new URL('./', import.meta.url));
const LIMIT_MS = 600_000;

/** Instruction sets that the source must be right for. */
const BUILDS = process.arch === 'x64' ? [['-O1'], ['-O3', '-mavx2', '-mfma']] : [['-O1'], ['-O3']];

const FLAGS = [
  '-std=c11',
  '-g',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all',
  '-Wall',
  '-Wextra',
  '-Werror',
  // gcc does not know clang's pragmas, and tells that vectors are passed otherwise than by other versions.
  '-Wno-unknown-pragmas',
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

const [runs = '5000', seed = String(Math.floor(Math.random() * 1e6))] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'sanitize-engine-'));
try {
  const files = (await sourceFiles()).filter((name) => name.endsWith('.c'));
  const sources = ['driver.c', ...files.map((name) => `../../src/kernels/host/engine/${name}`)];
  for (const build of BUILDS) {
    const driver = join(folder, 'driver');
    const paths = sources.map((name) => join(SCRIPTS, 'sanitize-engine', name));
    await must(process.env.CC || 'gcc', [...FLAGS, ...build, '-o', driver, ...paths]);
    console.log(`sanitize: ${build.join(' ')}, seed ${seed}: ${await must(driver, [runs, seed])}, clean`);
  }
} catch (error) {
  console.error(`sanitize: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}

// @ts-check
// Holds the native engine's hot loops to sums that stay in registers: a sum that is stored and loaded again in each step costs 1.5x.
// Reads the assembly of each instruction set, compiled as `npm run build:native` compiles it, for x64 and arm64.
//
// Usage: npm run check:spills
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failureReason, run } from '../support/child-process.mjs';
import { installCompiler, ZIG } from './build-engine/compiler.mjs';
import { SOURCE, sourceFiles } from './build-engine/module.mjs';
import { FLAGS } from './build-native/compile.mjs';
import { SETS, TARGETS } from './build-native/targets.mjs';
import { hotFunctions } from './check-spills/loops.mjs';
import { SetupError } from './setup-tfjs-node/setup-error.mjs';

const LIMIT_MS = 600_000;
const ENGINE = fileURLToPath(SOURCE);
/** A file whose loop spills. */
const SPILLING = fileURLToPath(new URL('check-spills/spilling.c', import.meta.url));
/** The systems do not matter. */
const BY_ARCH = { x64: 'linux-x64', arm64: 'linux-arm64' };

/** @param {string} line */
const say = (line) => console.log(`check:spills: ${line}`);

/**
 * @param {string} file
 * @param {keyof typeof BY_ARCH} arch
 * @param {string} cpu
 * @param {string} folder
 */
async function hotFunctionsOf(file, arch, cpu, folder) {
  const { target } = /** @type {(typeof TARGETS)[string]} */ (TARGETS[BY_ARCH[arch]]);
  const output = join(folder, `${basename(file, '.c')}.s`);
  const args = ['cc', '-target', target, ...FLAGS, `-mcpu=${cpu}`, `-I${ENGINE}`, '-S', file, '-o', output];
  const result = await run(ZIG[0], [...ZIG.slice(1), ...args], { limitMs: LIMIT_MS });
  if (!result.ok) throw new SetupError(`the compiler failed: ${failureReason(result)}`);
  return hotFunctions(await readFile(output, 'utf8'), arch);
}

/**
 * @param {keyof typeof BY_ARCH} arch
 * @param {string} set
 * @param {string} cpu
 * @param {string} folder
 */
async function checkSet(arch, set, cpu, folder) {
  const [found] = await hotFunctionsOf(SPILLING, arch, cpu, folder);
  if (!found?.fault?.startsWith('its loop stores'))
    throw new SetupError(`${set}: a loop that spills is not found`);
  const functions = [];
  for (const file of await sourceFiles())
    if (file.endsWith('.c')) functions.push(...(await hotFunctionsOf(join(ENGINE, file), arch, cpu, folder)));
  const faults = functions.flatMap(({ name, fault }) => (fault === undefined ? [] : [`${name}: ${fault}`]));
  if (functions.length === 0) faults.push('no function has a hot loop');
  for (const fault of faults) console.error(`check:spills: ${set}: ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
  else say(`${set}: ${functions.length} functions keep their sums in registers`);
}

const folder = await mkdtemp(join(tmpdir(), 'check-spills-'));
try {
  await installCompiler(say);
  for (const arch of /** @type {const} */ (['x64', 'arm64']))
    for (const [set, cpu] of Object.entries(SETS[arch])) await checkSet(arch, set, cpu, folder);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`check:spills: ${error.message}.`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}

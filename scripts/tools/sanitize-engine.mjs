// @ts-check
// Runs the native engine with the checks and the pool of its addon under AddressSanitizer and UndefinedBehaviorSanitizer
// (sanitize-engine/driver.c), with right calls and with wrong ones, and its threads under ThreadSanitizer (sanitize-engine/threads.c).
// Needs gcc or clang with their sanitizers; CC names another compiler.
//
// Usage: npm run sanitize [-- RUNS [SEED]]
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failureReason, run } from '../support/child-process.mjs';
import { SOURCE, sourceFiles } from './build-engine/module.mjs';

const SCRIPTS = fileURLToPath(new URL('./', import.meta.url));
const LIMIT_MS = 600_000;

const ENGINE = fileURLToPath(SOURCE);
const ADDON = fileURLToPath(new URL('../../native/c/', import.meta.url));
const require = createRequire(new URL('../../native/', import.meta.url));
const HEADERS = join(dirname(require.resolve('node-api-headers/package.json')), 'include');

/**
 * Instruction sets that the source must be right for: what the compiler is told, and the flags of /proc/cpuinfo that it takes.
 *
 * @type {Readonly<Record<string, { flags: readonly string[], needs: readonly string[] }>>}
 */
const BUILDS =
  process.arch === 'x64'
    ? {
        sse2: { flags: ['-O1'], needs: [] },
        avx2: { flags: ['-O3', '-march=x86-64-v3'], needs: ['avx2', 'fma'] },
        avx512: {
          flags: ['-O3', '-march=x86-64-v4', '-mprefer-vector-width=512'],
          needs: ['avx512f', 'avx512dq', 'avx512vl', 'avx512bw', 'avx512cd'],
        },
      }
    : { [process.arch]: { flags: ['-O3'], needs: [] } };

/** `share`: of the runs. */
const PROGRAMS = [
  { name: 'driver', main: 'driver.c', sanitizers: 'address,undefined', flags: [], share: 1 },
  { name: 'fuzz', main: 'driver.c', sanitizers: 'address,undefined', flags: ['-DFUZZ'], share: 0.5 },
  { name: 'threads', main: 'threads.c', sanitizers: 'thread', flags: [], share: 0.5 },
];
const SUPPORT = ['mutate.c', 'node.c', 'support.c', 'workers.c'];
const CHECKED = ['checks.c', 'functions.c', 'pool.c'];

const FLAGS = [
  '-std=gnu11',
  '-g',
  '-fno-sanitize-recover=all',
  '-Wall',
  '-Wextra',
  '-Werror',
  // gcc notes that other versions pass vectors differently.
  '-Wno-psabi',
  '-pthread',
  `-I${ENGINE}`,
  `-I${ADDON}`,
  `-I${HEADERS}`,
];

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} [cwd]
 */
async function must(command, args, cwd = SCRIPTS) {
  const result = await run(command, args, { cwd, limitMs: LIMIT_MS });
  if (result.ok) return result.stdout.trim();
  // Of a sanitizer's report every line is wanted.
  throw new Error(`${command} failed: ${result.timedOut ? failureReason(result) : result.output}`);
}

/** Why this machine cannot run a build; undefined where it can. @param {string} set */
async function whyNot(set) {
  const { needs = [] } = BUILDS[set] ?? {};
  if (needs.length === 0) return undefined;
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const [, flags = ''] = /^flags\s*:(.*)$/m.exec(text) ?? [];
  const missing = needs.filter((flag) => !flags.split(/\s+/).includes(flag));
  return missing.length > 0 ? `this processor has no ${missing.join(', ')}` : undefined;
}

/**
 * Compiles files, and returns their objects.
 *
 * @param {readonly string[]} files
 * @param {readonly string[]} flags
 * @param {string} folder
 */
async function compile(files, flags, folder) {
  await mkdir(folder);
  await must(CC, [...FLAGS, ...flags, '-c', ...files], folder);
  return files.map((file) => join(folder, `${basename(file, '.c')}.o`));
}

/** @type {Map<string, Promise<string[]>>} */
const engines = new Map();

/**
 * The engine as in the addon; programs share it.
 *
 * @param {string} set
 * @param {string} sanitize
 */
function compileEngine(set, sanitize) {
  const name = `engine-${set}${sanitize}`;
  const objects =
    engines.get(name) ??
    sourceFiles().then((files) =>
      compile(
        [
          ...files.filter((file) => file.endsWith('.c')).map((file) => join(ENGINE, file)),
          join(ADDON, 'build.c'),
        ],
        [
          ...[sanitize, ...(BUILDS[set]?.flags ?? [])],
          ...['-include', join(ADDON, 'names.h'), '-DSET=sanitized', '-DCHECKED_JOBS'],
        ],
        join(folder, name),
      ),
    );
  engines.set(name, objects);
  return objects;
}

/**
 * @param {string} set
 * @param {(typeof PROGRAMS)[number]} program
 */
async function link(set, { name, main, sanitizers, flags }) {
  const sanitize = `-fsanitize=${sanitizers}`;
  const beside = [
    ...CHECKED.map((file) => join(ADDON, file)),
    ...[main, ...SUPPORT].map((file) => join(SCRIPTS, 'sanitize-engine', file)),
  ];
  const objects = [
    ...(await compileEngine(set, sanitize)),
    ...(await compile(beside, [sanitize, '-O1', ...flags], join(folder, `${name}-${set}`))),
  ];
  const program = join(folder, `${name}-${set}`, 'program');
  await must(CC, [...FLAGS, sanitize, '-o', program, ...objects]);
  return program;
}

const CC = process.env.CC || 'gcc';
const [runs = '1500', seed = String(Math.floor(Math.random() * 1e6))] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'sanitize-engine-'));
try {
  // Two at a time: most of the work is compiling.
  for (const program of PROGRAMS)
    await Promise.all(
      Object.keys(BUILDS).map(async (set) => {
        const what = `sanitize: ${program.name}, ${set}`;
        const reason = await whyNot(set);
        if (reason !== undefined) {
          console.log(`${what}: skipped: ${reason}`);
          return;
        }
        const path = await link(set, program);
        const said = await must(path, [String(Math.ceil(Number(runs) * program.share)), seed]);
        console.log(`${what}, seed ${seed}: ${said}, clean`);
      }),
    );
} catch (error) {
  console.error(`sanitize: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}

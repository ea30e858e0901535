// @ts-check
// Compiles the engine once for each instruction set, and links the builds with the addon into one library.
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failureReason, run } from '../../support/child-process.mjs';
import { ZIG } from '../build-engine/compiler.mjs';
import { sourceFiles } from '../build-engine/module.mjs';
import { SetupError } from '../setup-tfjs-node/setup-error.mjs';
import { SETS, SETS_OF_CC, TARGETS } from './targets.mjs';

/** The first library for a system has its C library compiled as well, which takes minutes. */
const LIMIT_MS = 600_000;
/** Files that are compiled at once. */
const AT_ONCE = availableParallelism();
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** The folders of the source, of the engine and of the addon. */
const SOURCES = ['src/kernels/host/c', 'native/c'];
const ADDON_FILES = ['addon.c', 'checks.c', 'functions.c', 'pool.c', 'sets.c'];

const require = createRequire(new URL('../../../native/', import.meta.url));

/** @param {string} name */
const headers = (name) => join(dirname(require.resolve('node-api-headers/package.json')), name);

/** What the compiler is told, beside the target and the instruction set. */
export const FLAGS = [
  '-std=gnu11',
  '-O3',
  '-fPIC',
  '-fvisibility=hidden',
  // Products and sums are rounded once where the source says so, and nowhere else.
  '-ffp-contract=off',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-Wall',
  '-Wextra',
  // The same bytes on every machine.
  '-g0',
  '-fno-ident',
];

/**
 * @param {readonly string[]} command
 * @param {string} cwd
 */
async function runCompiler([program, ...args], cwd) {
  // Libraries for Windows have the time in them.
  const env = { ...process.env, SOURCE_DATE_EPOCH: '0' };
  const result = await run(/** @type {string} */ (program), args, {
    cwd,
    env,
    limitMs: LIMIT_MS,
    show: true,
  });
  if (!result.ok) throw new SetupError(`the compiler failed: ${failureReason(result)}`);
}

/**
 * The command that compiles for a target, and what it is told of an instruction set.
 *
 * @param {string} name of a target
 * @param {string | undefined} cc the system's compiler, for this machine; else the pinned one
 */
function compilerFor(name, cc) {
  const { target, arch } = /** @type {(typeof TARGETS)[string]} */ (TARGETS[name]);
  if (cc === undefined)
    return {
      command: [...ZIG, 'cc', '-target', target],
      sets: Object.entries(SETS[arch]).map(([set, cpu]) => ({ set, flags: [`-mcpu=${cpu}`] })),
    };
  return {
    // GCC warns of vectors that functions return, which are all inlined.
    command: [...cc.split(' '), '-Wno-psabi'],
    sets: Object.entries(SETS_OF_CC[arch]).map(([set, flags]) => ({ set, flags })),
  };
}

/**
 * @param {string} name of a target
 * @param {{ root?: string, cc?: string }} [options] root: a folder that has the source where this repository has it
 * @returns {Promise<Buffer>} the library
 */
export async function compileTarget(name, { root = ROOT, cc } = {}) {
  const { command, sets } = compilerFor(name, cc);
  const [engine, addon] = /** @type {[string, string]} */ (SOURCES.map((path) => join(root, path, '/')));
  const { version } = JSON.parse(await readFile(join(ROOT, 'native/package.json'), 'utf8'));
  const folder = await mkdtemp(join(tmpdir(), 'build-native-'));
  try {
    const sources = (await sourceFiles())
      .filter((file) => file.endsWith('.c'))
      .map((file) => join(engine, file));
    const roots = [engine, addon].map((path) => `-ffile-prefix-map=${path}=`);
    const common = [...FLAGS, ...roots, `-I${engine}`, `-I${addon}`];
    const ofAddon = [`-DVERSION="${version}"`, `-I${headers('include')}`];
    const parts = [
      ...ADDON_FILES.map((file) => ({ file: join(addon, file), part: 'addon', flags: ofAddon })),
      ...sets.flatMap(({ set, flags }) => {
        const ofSet = ['-include', join(addon, 'names.h'), `-DSET=${set}`, '-DCHECKED_JOBS', ...flags];
        return [...sources, join(addon, 'build.c')].map((file) => ({ file, part: set, flags: ofSet }));
      }),
    ];
    const objects = parts.map(({ file, part }) => join(folder, `${part}-${basename(file, '.c')}.o`));
    const compile = async (/** @type {number} */ first) => {
      for (let i = first; i < parts.length; i += AT_ONCE) {
        const { file, flags } = /** @type {(typeof parts)[number]} */ (parts[i]);
        const object = /** @type {string} */ (objects[i]);
        await runCompiler([...command, ...common, ...flags, '-c', file, '-o', object], folder);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, (_, first) => compile(first)));
    const output = join(folder, 'engine.node');
    await runCompiler([...command, ...(await linkFlags(name, folder)), '-o', output, ...objects], folder);
    return await readFile(output);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * Compiles a copy of the source, in another folder.
 *
 * @param {string} name of a target
 * @returns {Promise<Buffer>} the library
 */
export async function compileCopy(name) {
  const copy = await mkdtemp(join(tmpdir(), 'build native, a copy-'));
  try {
    for (const path of SOURCES) await cp(join(ROOT, path), join(copy, path), { recursive: true });
    return await compileTarget(name, { root: copy });
  } finally {
    await rm(copy, { recursive: true });
  }
}

/**
 * @param {string} name of a target
 * @param {string} folder for what is made on the way
 */
async function linkFlags(name, folder) {
  if (name.startsWith('darwin'))
    return ['-dynamiclib', '-Wl,-undefined,dynamic_lookup', '-Wl,-install_name,engine.node', '-s'];
  if (!name.startsWith('win32')) return ['-shared', '-s', '-lpthread', '-Wl,--build-id=none'];
  // The functions of Node-API lie in the program that loads the library.
  const library = join(folder, 'node.lib');
  const machine = name.endsWith('arm64') ? 'arm64' : 'i386:x86-64';
  const definitions = headers('def/node_api.def');
  await runCompiler([...ZIG, 'dlltool', '-d', definitions, '-l', library, '-m', machine], folder);
  return ['-shared', '-s', library, '-lapi-ms-win-core-synch-l1-2-0', '-Wl,--build-id=none'];
}

// @ts-check
// Compiles the engine once for each instruction set, and links the builds with the addon into one library.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failureReason, run } from '../../support/child-process.mjs';
import { ZIG } from '../build-engine/compiler.mjs';
import { SOURCE, sourceFiles } from '../build-engine/module.mjs';
import { SetupError } from '../setup-tfjs-node/setup-error.mjs';
import { SETS, TARGETS } from './targets.mjs';

const LIMIT_MS = 300_000;
/** Files that are compiled at once. */
const AT_ONCE = availableParallelism();
const ENGINE = fileURLToPath(SOURCE);
const ADDON = fileURLToPath(new URL('../../../native/c/', import.meta.url));
const ADDON_FILES = ['addon.c', 'checks.c', 'functions.c', 'pool.c', 'sets.c'];

const require = createRequire(new URL('../../../native/', import.meta.url));

/** @param {string} name */
const headers = (name) => join(dirname(require.resolve('node-api-headers/package.json')), name);

const FLAGS = [
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
 * @param {readonly string[]} args
 * @param {string} cwd
 */
async function zig(args, cwd) {
  const result = await run(ZIG[0], [...ZIG.slice(1), ...args], { cwd, limitMs: LIMIT_MS, show: true });
  if (!result.ok) throw new SetupError(`the compiler failed: ${failureReason(result)}`);
}

/**
 * @param {string} name of a target
 * @param {string} output
 */
export async function compileTarget(name, output) {
  const { target, arch } = /** @type {(typeof TARGETS)[string]} */ (TARGETS[name]);
  const { version } = JSON.parse(await readFile(join(ADDON, '../package.json'), 'utf8'));
  const folder = await mkdtemp(join(tmpdir(), 'build-native-'));
  try {
    const sources = (await sourceFiles())
      .filter((file) => file.endsWith('.c'))
      .map((file) => join(ENGINE, file));
    const roots = [ENGINE, ADDON].map((root) => `-ffile-prefix-map=${root}=`);
    const common = ['-target', target, ...FLAGS, ...roots, `-I${ENGINE}`, `-I${ADDON}`];
    const addon = [`-DVERSION="${version}"`, `-I${headers('include')}`];
    const parts = [
      ...ADDON_FILES.map((file) => ({ file: join(ADDON, file), part: 'addon', flags: addon })),
      ...Object.entries(SETS[arch]).flatMap(([set, cpu]) => {
        const flags = ['-include', join(ADDON, 'names.h'), `-DSET=${set}`, '-DCHECKED_JOBS', `-mcpu=${cpu}`];
        return [...sources, join(ADDON, 'build.c')].map((file) => ({ file, part: set, flags }));
      }),
    ];
    const objects = parts.map(({ file, part }) => join(folder, `${part}-${basename(file, '.c')}.o`));
    const compile = async (/** @type {number} */ first) => {
      for (let i = first; i < parts.length; i += AT_ONCE) {
        const { file, flags } = /** @type {(typeof parts)[number]} */ (parts[i]);
        await zig(['cc', ...common, ...flags, '-c', file, '-o', /** @type {string} */ (objects[i])], folder);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, (_, first) => compile(first)));
    await mkdir(dirname(output), { recursive: true });
    await zig(
      ['cc', '-target', target, ...(await linkFlags(name, folder)), '-o', output, ...objects],
      folder,
    );
  } finally {
    await rm(folder, { recursive: true });
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
  await zig(['dlltool', '-d', headers('def/node_api.def'), '-l', library, '-m', machine], folder);
  return ['-shared', '-s', library, '-lapi-ms-win-core-synch-l1-2-0', '-Wl,--build-id=none'];
}

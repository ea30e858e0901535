// @ts-check
// Builds tfjs-node's addon against TensorFlow's C library as the Python wheel carries it. The addon uses the pure
// C API (TF_*, TFE_*), which libtensorflow_cc.so.2 exports, so it links and runs against 2.15 as it does against 2.9.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, statfs, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failureReason, npm, run } from '../../support/child-process.mjs';
import { WHEEL_VERSION } from './packages.mjs';
import { SetupError } from './setup-error.mjs';
import { findTools, thisMachine, unsupportedMachine } from './toolchain.mjs';

const DOWNLOAD_LIMIT_MS = 30 * 60_000;
const UNPACK_LIMIT_MS = 5 * 60_000;
const COMPILE_LIMIT_MS = 10 * 60_000;
const UNPACK = fileURLToPath(new URL('unpack.py', import.meta.url));

/** Each library under its SONAME, and the names that the linker (`-ltensorflow`) and the package's own check look for. */
const LIBRARIES = {
  'libtensorflow_cc.so.2': ['libtensorflow.so', 'libtensorflow.so.2.9.1'],
  'libtensorflow_framework.so.2': ['libtensorflow_framework.so'],
};

/** @typedef {import('./packages.mjs').NodePackage} NodePackage */

/**
 * @param {NodePackage} wanted
 * @param {URL} packageDir where it is unpacked
 * @param {(line: string) => void} say
 * @throws {SetupError} naming what is missing or which step failed
 */
export async function buildFromWheel(wanted, packageDir, say) {
  const unsupported = unsupportedMachine(thisMachine());
  if (unsupported !== undefined) throw new SetupError(unsupported);
  const { python, missing } = await findTools();
  if (missing.length > 0) {
    throw new SetupError(`the build from TensorFlow's Python wheel needs ${missing.join('; ')}`);
  }
  const wheel = await cachedWheel(wanted, python, say);
  const shortage = diskShortage(wanted.unpackedBytes, await freeBytes(packageDir));
  if (shortage !== undefined) throw new SetupError(`${fileURLToPath(packageDir)}: ${shortage}`);
  say(`unpacking the library and its headers (${gigabytes(wanted.unpackedBytes)})`);
  await unpack(python, wheel, fileURLToPath(packageDir));
  say('compiling the addon');
  await compile(packageDir);
}

/**
 * @param {NodePackage} wanted
 * @returns {string}
 */
function cacheDir({ wheel }) {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'tfjs-torch-rnn', `${wheel}-${WHEEL_VERSION}`);
}

/**
 * @param {URL | string} folder
 * @returns {Promise<number>}
 */
async function freeBytes(folder) {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/**
 * @param {number} needed bytes
 * @param {number} free bytes
 * @returns {string | undefined} undefined where there is room
 */
export function diskShortage(needed, free) {
  if (free >= needed) return undefined;
  return `the disk has ${gigabytes(free)} free, and this needs ${gigabytes(needed)}. Make room, then run this again`;
}

/** @param {number} bytes */
const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(1)} GB`;

/**
 * @param {NodePackage} wanted
 * @param {string} python
 * @param {(line: string) => void} say
 * @returns {Promise<string>} the wheel's path
 */
async function cachedWheel(wanted, python, say) {
  const cache = cacheDir(wanted);
  await mkdir(cache, { recursive: true });
  const cached = (await readdir(cache)).find((name) => name.endsWith('.whl'));
  if (cached !== undefined) {
    say(`using the wheel in ${cache}`);
    return join(cache, cached);
  }
  const name = `${wanted.wheel} ${WHEEL_VERSION}`;
  // The library is unpacked beside the wheel, on most machines on the same disk.
  const shortage = diskShortage(wanted.wheelBytes + wanted.unpackedBytes, await freeBytes(cache));
  if (shortage !== undefined) throw new SetupError(`${cache}: ${shortage}`);
  say(`downloading the wheel ${name} (${Math.round(wanted.wheelBytes / 1e6)} MB) to ${cache}`);
  // A temporary folder until the download is complete, so that the cache holds whole files alone.
  const partial = await mkdtemp(join(cache, 'partial-'));
  try {
    const requirements = fileURLToPath(new URL(`${wanted.wheel}.txt`, import.meta.url));
    const target = ['--only-binary=:all:', '--python-version=3.11', '--platform=manylinux2014_x86_64'];
    const args = ['-m', 'pip', 'download', '--no-deps', ...target, '--dest', partial, '-r', requirements];
    const result = await run(python, args, { limitMs: DOWNLOAD_LIMIT_MS, show: true });
    const file = (await readdir(partial)).find((each) => each.endsWith('.whl'));
    if (!result.ok || file === undefined) {
      throw new SetupError(
        `pip could not download ${name}: ${failureReason(result)}. Check that PyPI, or the index that ` +
          'pip is configured with, can be reached (pip config list), then run this again',
      );
    }
    await rename(join(partial, file), join(cache, file));
    return join(cache, file);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/**
 * @param {string} python
 * @param {string} wheel
 * @param {string} packageDir
 */
async function unpack(python, wheel, packageDir) {
  const deps = join(packageDir, 'deps');
  const partial = join(packageDir, 'deps-partial');
  await rm(partial, { recursive: true, force: true });
  const result = await run(python, [UNPACK, wheel, partial], { limitMs: UNPACK_LIMIT_MS });
  if (!result.ok) {
    await rm(partial, { recursive: true, force: true });
    const isDamaged = /BadZipFile|zlib\.error/.test(result.output);
    if (isDamaged) await rm(wheel);
    const remedy = isDamaged ? '. It is damaged and was removed; run this again' : '';
    throw new SetupError(`the wheel ${wheel} could not be unpacked: ${failureReason(result)}${remedy}`);
  }
  const lib = join(deps, 'lib');
  await rm(deps, { recursive: true, force: true });
  await mkdir(lib, { recursive: true });
  await rename(join(partial, 'tensorflow', 'include'), join(deps, 'include'));
  for (const [library, links] of Object.entries(LIBRARIES)) {
    await rename(join(partial, 'tensorflow', library), join(lib, library));
    for (const link of links) await symlink(library, join(lib, link));
  }
  await rm(partial, { recursive: true });
}

/** @param {URL} packageDir */
async function compile(packageDir) {
  const options = { cwd: packageDir, env: compileEnv(process.env), limitMs: COMPILE_LIMIT_MS };
  const result = await npm(['run', 'build-addon-from-source'], options);
  if (result.ok) return;
  process.stderr.write(result.output);
  throw new SetupError(
    `the addon could not be compiled: ${failureReason(result)}. The output above says where it stopped. Where ` +
      "node-gyp could not download Node's headers from nodejs.org, name a folder that has include/node with " +
      'npm_config_nodedir',
  );
}

/**
 * Node's archives and images carry the headers; with them node-gyp downloads nothing.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
function compileEnv(env) {
  const prefix = dirname(dirname(process.execPath));
  const hasHeaders = existsSync(join(prefix, 'include', 'node', 'node_api.h'));
  return hasHeaders ? { npm_config_nodedir: prefix, ...env } : env;
}

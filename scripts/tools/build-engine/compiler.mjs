// @ts-check
// The pinned compiler: `zig cc`, clang with a linker, from the PyPI package ziglang, in a virtual environment of its own.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failureReason, run } from '../../support/child-process.mjs';
import { SetupError } from '../setup-tfjs-node/setup-error.mjs';
import { BUILDS, FLAGS, SOURCE, sourceFiles } from './module.mjs';

const ZIGLANG_VERSION = '0.17.1';
const INSTALL_LIMIT_MS = 600_000;
const COMPILE_LIMIT_MS = 120_000;

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tfjs-torch-rnn');
const VENV = join(CACHE, `ziglang-${ZIGLANG_VERSION}`);
const VENV_PYTHON =
  process.platform === 'win32' ? join(VENV, 'Scripts', 'python.exe') : join(VENV, 'bin', 'python');

/** The command that is `zig`, once it is installed. */
export const ZIG = /** @type {const} */ ([VENV_PYTHON, '-m', 'ziglang']);

/**
 * Compiles every build of the engine.
 *
 * @param {(line: string) => void} say
 * @returns {Promise<Record<string, Buffer>>} the bytes of each
 */
export async function compileAll(say) {
  await installCompiler(say);
  /** @type {Record<string, Buffer>} */
  const builds = {};
  for (const [name, cpu] of Object.entries(BUILDS)) builds[name] = await compile(cpu);
  return builds;
}

/**
 * @param {string} cpu
 * @returns {Promise<Buffer>}
 */
async function compile(cpu) {
  const folder = await mkdtemp(join(tmpdir(), 'build-engine-'));
  try {
    const output = join(folder, 'engine.wasm');
    const files = (await sourceFiles()).filter((name) => name.endsWith('.c'));
    const [zig, ...zigArgs] = ZIG;
    const args = [...zigArgs, 'cc', cpu, ...FLAGS, '-o', output, ...files];
    const result = await run(zig, args, {
      cwd: fileURLToPath(SOURCE),
      limitMs: COMPILE_LIMIT_MS,
      show: true,
    });
    if (!result.ok) throw new SetupError(`the compiler failed: ${failureReason(result)}`);
    return await readFile(output);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @param {(line: string) => void} say */
export async function installCompiler(say) {
  if (existsSync(VENV_PYTHON)) {
    const asked = await run(VENV_PYTHON, ['-m', 'ziglang', 'version'], { limitMs: COMPILE_LIMIT_MS });
    if (asked.ok && asked.stdout.trim() === ZIGLANG_VERSION) return;
  }
  say(`installing the compiler, ziglang ${ZIGLANG_VERSION} of PyPI (100 MB), into ${VENV}`);
  for (const [command, ...args] of [
    ['python3', '-m', 'venv', '--clear', VENV],
    [
      VENV_PYTHON,
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      `ziglang==${ZIGLANG_VERSION}`,
    ],
  ]) {
    const result = await run(/** @type {string} */ (command), args, { limitMs: INSTALL_LIMIT_MS });
    if (!result.ok) {
      const remedy = 'Python 3 with venv and pip is needed (Debian, Ubuntu: apt-get install python3-venv)';
      throw new SetupError(`the compiler cannot be installed: ${failureReason(result)}. ${remedy}`);
    }
  }
}

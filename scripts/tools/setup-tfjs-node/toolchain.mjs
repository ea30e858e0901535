// @ts-check
// What the build from the wheel needs of the machine, asked for before anything is downloaded.
import { run } from '../../support/child-process.mjs';

const ASK_LIMIT_MS = 20_000;
const OLDEST_GLIBC = [2, 17];

/** @typedef {{ platform: string, arch: string, glibc: string | undefined }} Machine */

/** @returns {Machine} */
export function thisMachine() {
  // The report names glibc's version on Linux with glibc, and nothing on musl.
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return { platform: process.platform, arch: process.arch, glibc: header.glibcVersionRuntime };
}

/**
 * Why TensorFlow's wheel does not run on this kind of machine, and what to do there.
 *
 * @param {Machine} machine
 * @returns {string | undefined} undefined where it does run
 */
export function unsupportedMachine({ platform, arch, glibc }) {
  if (platform !== 'linux' || arch !== 'x64') {
    return (
      `the build from TensorFlow's Python wheel needs Linux x64, this is ${platform} ${arch}. There the package's own ` +
      'download is the only way: allow storage.googleapis.com, or name a mirror with TFJS_NODE_CDN_STORAGE; beside Linux ' +
      'x64 tfjs-node-gpu has one for Windows x64 alone'
    );
  }
  if (glibc === undefined) {
    return "TensorFlow's Python wheel needs glibc, this system has another C library (Alpine?). Use a Debian-based image";
  }
  const [major = 0, minor = 0] = glibc.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_GLIBC;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    return `TensorFlow's Python wheel needs glibc ${OLDEST_GLIBC.join('.')} or newer, this is ${glibc}`;
  }
  return undefined;
}

/**
 * Asks for every program of the build at once, so that one message names all that is missing.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{ python: string, missing: string[] }>} `missing`: one text for each program
 */
export async function findTools(env = process.env) {
  /** @type {string[]} */
  const missing = [];
  const python = await findPython(env);
  if (python === undefined) {
    missing.push('Python 3 (Debian, Ubuntu: apt-get install python3 python3-pip)');
  } else if (!(await answers(`${python} -m pip --version`, env))) {
    missing.push('pip for Python 3 (Debian, Ubuntu: apt-get install python3-pip; or python3 -m ensurepip)');
  }
  if (!(await answers(`${env.MAKE || 'make'} --version`, env))) {
    missing.push('make (Debian, Ubuntu: apt-get install make)');
  }
  if (!(await answers(`${env.CXX || 'g++'} --version`, env))) {
    missing.push('a C++ compiler (Debian, Ubuntu: apt-get install g++; or name one with CXX)');
  }
  return { python: python ?? 'python3', missing };
}

/** @param {NodeJS.ProcessEnv} env */
async function findPython(env) {
  for (const name of ['python3', 'python']) {
    if (await answers(`${name} -c 'import sys; sys.exit(sys.version_info < (3, 8))'`, env)) return name;
  }
  return undefined;
}

/**
 * @param {string} commandLine CXX and MAKE may hold arguments too, so a shell reads the line
 * @param {NodeJS.ProcessEnv} env
 */
async function answers(commandLine, env) {
  const { ok } = await run('/bin/sh', ['-c', commandLine], { env, limitMs: ASK_LIMIT_MS });
  return ok;
}

// @ts-check
// The package as npm ships it, installed in projects of its own.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm } from '../support/child-process.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CONSUMER = fileURLToPath(new URL('consumer', import.meta.url));
const NPM_LIMIT_MS = 5 * 60_000;

/**
 * @param {string[]} args
 * @param {string} cwd
 * @returns {Promise<string>} what npm printed
 */
async function npmOrThrow(args, cwd) {
  const { ok, stdout, output } = await npm(args, { cwd, limitMs: NPM_LIMIT_MS });
  if (!ok) throw new Error(`npm ${args.join(' ')} failed:\n${output}`);
  return stdout;
}

/**
 * Builds and packs the package.
 *
 * @param {string} folder where the tarball goes
 * @returns {Promise<{ tarball: string, files: string[] }>} `files`: the paths in it
 */
export async function pack(folder) {
  await npmOrThrow(['run', 'build'], ROOT);
  const printed = await npmOrThrow(
    ['pack', '--json', '--ignore-scripts', '--pack-destination', folder],
    ROOT,
  );
  const parsed = JSON.parse(printed);
  // npm 12 prints an object keyed by the package's name, npm 11 and older a list.
  const [{ filename, files }] = Object.values(parsed);
  return {
    tarball: join(folder, filename),
    files: files.map((/** @type {{ path: string }} */ file) => file.path),
  };
}

/**
 * Makes a project with the package and, besides, only what is named.
 *
 * @param {string} folder
 * @param {string[]} packages as `npm install` takes them
 */
export async function makeProject(folder, packages) {
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
  cpSync(CONSUMER, folder, { recursive: true });
  // --omit=peer: a peer comes from the list, or is absent.
  const flags = ['--omit=peer', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  await npmOrThrow(['install', ...flags, ...packages], folder);
}

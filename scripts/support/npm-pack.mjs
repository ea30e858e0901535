// @ts-check
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm } from './child-process.mjs';

const LIMIT_MS = 5 * 60_000;

/**
 * @param {string} folder of a package
 * @param {string} destination a folder for the tarball
 * @returns {Promise<string>} the path of the tarball
 */
export async function npmPack(folder, destination) {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const { ok, output } = await npm(['pack', '--pack-destination', destination], {
    cwd: folder,
    limitMs: LIMIT_MS,
  });
  if (!ok) throw new Error(`npm pack failed:\n${output}`);
  return join(destination, `${name}-${version}.tgz`);
}

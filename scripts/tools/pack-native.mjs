// @ts-check
// Builds the native engine, and writes its packages and their tarballs: one for each system, and that which users install. The last
// lines printed are the tarballs' paths, in the order in which they are published.
//
//   npm run pack:native [-- TARGET ... | --all] [--to FOLDER]
//
// TARGET    one of build-native/targets.mjs; this machine's where none is named. A release has all
// --to      the folder for them, packages/ where none is named
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { npmPack } from '../support/npm-pack.mjs';
import { buildTargets, libraryOf, targetsOf } from './build-native/build.mjs';
import { writeMainPackage, writePlatformPackage } from './pack-native/packages.mjs';
import { SetupError } from './setup-tfjs-node/setup-error.mjs';

const NAME = 'tfjs-torch-rnn-native';
const FOLDER = fileURLToPath(new URL('../../packages', import.meta.url));

try {
  const { values, positionals } = parseArgs({
    options: { all: { type: 'boolean' }, to: { type: 'string', default: FOLDER } },
    allowPositionals: true,
  });
  const targets = targetsOf(values.all ? ['--all'] : positionals);
  await buildTargets(targets, { say: (line) => console.log(`pack:native: ${line}`) });
  const destination = resolve(values.to);
  const folders = [...targets.map((target) => `${NAME}-${target}`), NAME].map((name) =>
    join(destination, name),
  );
  // What another version has left would be packed.
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  mkdirSync(destination, { recursive: true });
  for (const [i, target] of targets.entries())
    writePlatformPackage(/** @type {string} */ (folders[i]), target, libraryOf(target));
  writeMainPackage(/** @type {string} */ (folders.at(-1)), targets);
  for (const folder of folders) console.log(await npmPack(folder, destination));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`pack:native: ${error.message}.`);
  process.exitCode = 1;
}

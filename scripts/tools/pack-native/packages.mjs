// @ts-check
// The packages of the native engine as npm gets them: one for each system that holds the library alone, and that which users
// install, whose manifest names them all. The manifests in this repository name none: `npm ci` would look for them.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const NAME = 'tfjs-torch-rnn-native';

/** @param {string} path from the root */
const readJson = (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));

/**
 * @param {string} folder
 * @param {object} manifest
 * @param {string} readme
 */
function writePackage(folder, manifest, readme) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(folder, 'README.md'), readme);
  cpSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
}

/** What npm installs the package of a target for. @param {string} target */
export function systemOf(target) {
  const [os, cpu, libc] = /** @type {[string, string, string | undefined]} */ (target.split('-'));
  return { os: [os], cpu: [cpu], ...(os === 'linux' && { libc: [libc ?? 'glibc'] }) };
}

/**
 * Writes the package of one system.
 *
 * @param {string} folder
 * @param {string} target
 * @param {string | URL} library
 */
export function writePlatformPackage(folder, target, library) {
  const { version, license, engines } = readJson('native/package.json');
  const manifest = {
    name: `${NAME}-${target}`,
    version,
    description: `The library of ${NAME} for ${target}.`,
    license,
    files: ['engine.node'],
    engines,
    ...systemOf(target),
    // Yarn: a library is loaded from a file.
    preferUnplugged: true,
  };
  const readme = `# ${manifest.name}

The library of \`${NAME}\` for ${target}: the engine of \`tfjs-torch-rnn\`, compiled for the processor. Install \`${NAME}\`, which
brings it on this system.
`;
  writePackage(folder, manifest, readme);
  cpSync(library, join(folder, 'engine.node'));
}

/**
 * Writes the package that users install.
 *
 * @param {string} folder
 * @param {readonly string[]} targets
 */
export function writeMainPackage(folder, targets) {
  const { devDependencies: _, ...manifest } = readJson('native/package.json');
  const optionalDependencies = Object.fromEntries(
    targets.map((target) => [`${NAME}-${target}`, manifest.version]),
  );
  const readme = readFileSync(join(ROOT, 'native/README.md'), 'utf8');
  writePackage(folder, { ...manifest, optionalDependencies }, readme);
  for (const file of manifest.files) cpSync(join(ROOT, 'native', file), join(folder, file));
}

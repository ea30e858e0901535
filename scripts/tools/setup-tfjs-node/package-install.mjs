// @ts-check
// Puts a package of packages.mjs into node_modules, without its library: npm's half of the installation, and the
// package's own install script, run apart from each other. npm takes the package away again when that script fails,
// and a script that waits for a silent server would take npm along; apart, the files stay and the script has a limit.
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { failureReason, npm } from '../../support/child-process.mjs';
import { CPU, GPU, VERSION } from './packages.mjs';
import { SetupError } from './setup-error.mjs';

/** npm's own retries take five minutes to find out that there is no network. */
const QUICK_RETRIES = ['--fetch-retries=1', '--fetch-retry-mintimeout=2000', '--fetch-retry-maxtimeout=2000'];
const NPM_LIMIT_MS = 5 * 60_000;
const DOWNLOAD_LIMIT_MS = 10 * 60_000;
const REACH_LIMIT_MS = 10_000;
const STORAGE = 'https://storage.googleapis.com/';
const PROXIES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];
const MIRRORS = ['TFJS_NODE_CDN_STORAGE', 'TFJS_NODE_BASE_URI', 'CDN_STORAGE'].flatMap((name) => [
  name,
  `npm_config_${name}`,
]);

/**
 * @typedef {{ version?: string, resolved?: string, extraneous?: boolean }} ListedPackage
 * @typedef {{ dependencies?: Record<string, ListedPackage> }} Listing what `npm ls --json --depth=0` prints
 */

/**
 * The packages in node_modules that package.json does not name, as arguments of `npm install`. Each `npm install`
 * removes those it is not told of, e.g. what an earlier `npm install --no-save` put there.
 *
 * @param {Listing} listing
 * @param {string} wanted the package to install
 * @returns {string[]}
 */
export function extraneousPackages({ dependencies = {} }, wanted) {
  return Object.entries(dependencies)
    .filter(([name, { extraneous }]) => extraneous === true && name !== wanted)
    .map(([name, { version, resolved = '' }]) => {
      // npm names the target of a linked folder as seen from the folder that the link lies in.
      if (resolved.startsWith('file:'))
        return join('node_modules', dirname(name), resolved.slice('file:'.length));
      return resolved.startsWith('git') ? resolved : `${name}@${version}`;
    });
}

/**
 * What was there before and is now gone or of another version.
 *
 * @param {Listing} before
 * @param {Listing} after
 * @param {string} wanted the package to install
 * @returns {string[]} `name@version` each
 */
export function changedPackages(before, after, wanted) {
  return Object.entries(before.dependencies ?? {})
    .filter(([name, { version }]) => name !== wanted && version !== undefined)
    .filter(([name, { version }]) => after.dependencies?.[name]?.version !== version)
    .map(([name, { version }]) => `${name}@${version}`);
}

/**
 * Unpacks the npm package and its dependencies beside what is installed; package.json and the lock file stay as they are.
 *
 * @param {URL} root the project's folder
 * @param {string} wanted its name
 * @throws {SetupError} where npm fails, or changed another package
 */
export async function installPackage(root, wanted) {
  const other = wanted === CPU.name ? GPU.name : CPU.name;
  const folder = new URL(`node_modules/${other}`, root);
  const aside = new URL('node_modules/.tfjs-node-aside', root);
  // npm would unpack the other package afresh, without its library. What both need stays, since both need the same.
  if (existsSync(folder)) await rename(folder, aside);
  try {
    await installOne(root, wanted);
  } finally {
    // Also of a run that was ended in between.
    if (existsSync(aside) && !existsSync(folder)) await rename(aside, folder);
  }
}

/**
 * @param {URL} root
 * @param {string} wanted
 */
async function installOne(root, wanted) {
  const before = await listPackages(root);
  // Without --save-dev npm takes the name for the optional peer dependency it already has and installs nothing.
  const flags = ['--save-dev', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', ...QUICK_RETRIES];
  const names = [`${wanted}@${VERSION}`, ...extraneousPackages(before, wanted)];
  const result = await npm(['install', ...flags, ...names], { cwd: root, limitMs: NPM_LIMIT_MS });
  if (!result.ok) {
    throw new SetupError(
      `npm could not install ${wanted}@${VERSION}: ${failureReason(result)}. ` +
        'Check that the npm registry can be reached (npm ping), then run this again',
    );
  }
  const changed = changedPackages(before, await listPackages(root), wanted);
  if (changed.length > 0) {
    throw new SetupError(`npm changed other packages: ${changed.join(', ')}. Run npm ci, then this again`);
  }
}

/**
 * @param {URL} root
 * @returns {Promise<Listing>}
 */
async function listPackages(root) {
  // npm ls exits with 1 for the extraneous packages it is asked about here; what it prints is complete all the same.
  const { stdout, output } = await npm(['ls', '--json', '--depth=0'], { cwd: root, limitMs: NPM_LIMIT_MS });
  try {
    return JSON.parse(stdout);
  } catch {
    throw new SetupError(
      `npm ls did not list the installed packages: ${output.trim() || 'it printed nothing'}`,
    );
  }
}

/**
 * Runs the package's own install script, which downloads the TensorFlow library and the compiled addon.
 *
 * @param {URL} packageDir
 * @returns {Promise<string | undefined>} why it failed; undefined where it exited with 0
 */
export async function runInstallScript(packageDir) {
  const unreachable = await storageUnreachable(process.env);
  if (unreachable !== undefined) return unreachable;
  const result = await npm(['run', 'install'], { cwd: packageDir, limitMs: DOWNLOAD_LIMIT_MS });
  return result.ok ? undefined : failureReason(result);
}

/**
 * The install script has no time limit of its own, so a network that swallows packets is found out here first.
 * Behind a proxy, or with a mirror of the user's choice, only the script itself knows the way.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string | undefined>}
 */
async function storageUnreachable(env) {
  if ([...PROXIES, ...MIRRORS].some((name) => env[name])) return undefined;
  try {
    await fetch(STORAGE, { method: 'HEAD', signal: AbortSignal.timeout(REACH_LIMIT_MS) });
    return undefined;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return `${new URL(STORAGE).host} cannot be reached: ${cause instanceof Error ? cause.message : cause}`;
  }
}

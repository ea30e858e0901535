// @ts-check
// Installs @tensorflow/tfjs-node, or -gpu, for real: the ordinary npm installation first, and where its download fails (it fetches
// TensorFlow's library from a storage host that many networks close), a build from TensorFlow's Python wheel.
// Done means that an op ran on the tensorflow backend. package.json and the lock file stay as they are.
//
// Usage: npm run setup:tfjs-node [-- --gpu] [-- --force]
//   --gpu: @tensorflow/tfjs-node-gpu, which runs on the processor where it finds no GPU; both packages may be installed
//   --force: install and build again although it works
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { failureReason, run } from '../support/child-process.mjs';
import { buildFromWheel } from './setup-tfjs-node/build-from-wheel.mjs';
import { installPackage, runInstallScript } from './setup-tfjs-node/package-install.mjs';
import { CPU, GPU, VERSION } from './setup-tfjs-node/packages.mjs';
import { SetupError } from './setup-tfjs-node/setup-error.mjs';

const ROOT = new URL('../../', import.meta.url);
const WANTED = process.argv.includes('--gpu') ? GPU : CPU;
const PACKAGE = WANTED.name;
const PACKAGE_DIR = new URL(`node_modules/${PACKAGE}/`, ROOT);
const PROBE_LIMIT_MS = 60_000;

/** @param {string} line */
const say = (line) => console.log(`setup:tfjs-node: ${line}`);

/** @returns {boolean} */
function isInstalled() {
  const manifest = new URL('package.json', PACKAGE_DIR);
  return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === VERSION;
}

/** @returns {Promise<{ works: boolean, answer: string }>} `answer`: the versions at work, or why it does not work */
async function probe() {
  const args = ['--import', 'tsx', 'scripts/tools/setup-tfjs-node/probe.mjs', PACKAGE];
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' };
  const result = await run(process.execPath, args, { cwd: ROOT, env, limitMs: PROBE_LIMIT_MS });
  const lastLine = result.stdout.trim().split('\n').at(-1) ?? '';
  return result.ok ? { works: true, answer: lastLine } : { works: false, answer: failureReason(result) };
}

/**
 * @param {boolean} force
 * @returns {Promise<string>} the versions at work
 */
async function setUp(force) {
  if (isInstalled() && !force) {
    const { works, answer } = await probe();
    if (works) return `already works: ${answer}`;
    say(`${PACKAGE} is there but does not work (${answer})`);
  }
  if (force) {
    for (const built of ['deps/', 'lib/', 'build/']) {
      await rm(new URL(built, PACKAGE_DIR), { recursive: true, force: true });
    }
  }
  if (!isInstalled()) {
    say(`installing ${PACKAGE} ${VERSION} from npm`);
    await installPackage(ROOT, PACKAGE);
  }
  say("downloading TensorFlow's library (the package's own install script)");
  const reason = await runInstallScript(PACKAGE_DIR);
  if (reason === undefined) {
    const { works, answer } = await probe();
    if (works) return `works: ${answer}`;
    say(
      `the download is there but does not work (${answer}); building from TensorFlow's Python wheel instead`,
    );
  } else {
    say(`that failed (${reason}); building from TensorFlow's Python wheel instead`);
  }
  await buildFromWheel(WANTED, PACKAGE_DIR, say);
  const { works, answer } = await probe();
  if (!works) throw new SetupError(`the addon is built, but no op runs on it: ${answer}`);
  return `works: ${answer}`;
}

try {
  const started = Date.now();
  const answer = await setUp(process.argv.includes('--force'));
  say(`${answer} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`setup:tfjs-node: ${error.message}.`);
  process.exitCode = 1;
}

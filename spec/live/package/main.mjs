// @ts-check
// Tests the package as a user gets it: packed by npm, installed in an empty project, imported, required, type-checked
// and bundled. Prints a line for each check, and how many passed and failed at the end.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm, run } from './support/child-process.mjs';
import { makeProject, pack } from './test-package/projects.mjs';

const LIMIT_MS = 2 * 60_000;
const TFJS = '@tensorflow/tfjs@4.22.0';
const ALLOWED_FILES = /^(dist\/.*|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/;
const REQUIRED_FILES = ['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'];
const require = createRequire(import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

let passed = 0;
let failed = 0;

/**
 * @param {string} title
 * @param {() => void | Promise<void>} body
 */
async function check(title, body) {
  try {
    await body();
    passed++;
    console.log(`ok    ${title}`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${title}\n${error instanceof Error ? error.message : error}`);
  }
}

/**
 * @param {string[]} args of node
 * @param {string} cwd
 */
async function runNode(args, cwd) {
  const { ok, output } = await run(process.execPath, args, { cwd, limitMs: LIMIT_MS });
  if (!ok) throw new Error(output);
}

/** @returns {string[]} the files that the exports map names */
function exportedFiles() {
  return Object.values(manifest.exports)
    .flatMap((entry) => (typeof entry === 'string' ? [entry] : Object.values(entry)))
    .map((path) => path.replace(/^\.\//, ''));
}

/** @param {string[]} files */
async function checkFiles(files) {
  await check('the tarball holds dist/ and the texts, nothing else', () => {
    assert.deepEqual(
      files.filter((file) => !ALLOWED_FILES.test(file)),
      [],
    );
  });
  await check('the tarball holds what the exports map names, the licence and the README', () => {
    const needed = [...REQUIRED_FILES, ...exportedFiles(), ...Object.values(manifest.bin)];
    assert.deepEqual(
      needed.filter((file) => !files.includes(file)),
      [],
    );
  });
  await check('every module in the tarball has its declarations', () => {
    const modules = files.filter((file) => file.endsWith('.js'));
    assert.ok(modules.length > 0);
    assert.deepEqual(
      modules.filter((file) => !files.includes(file.replace(/\.js$/, '.d.ts'))),
      [],
    );
  });
}

/** @param {string} project a project without tfjs */
async function checkStateDictAlone(project) {
  await check('without tfjs: the project has no tfjs package', () => {
    assert.ok(existsSync(join(project, 'node_modules', manifest.name)));
    assert.throws(
      () => createRequire(join(project, 'index.js')).resolve('@tensorflow/tfjs-core'),
      /Cannot find/,
    );
  });
  await check('without tfjs: import of ./state-dict writes, parses and reads a file', () =>
    runNode(['state-dict-import.mjs'], project),
  );
  await check('without tfjs: require of ./state-dict writes and parses a file', () =>
    runNode(['state-dict-require.cjs'], project),
  );
  await check('without tfjs: import of ./node-shim', () => runNode(['node-shim.mjs'], project));
}

/** @param {string} name @returns {string} path of a file of the command line's specs */
function cliFixture(name) {
  return fileURLToPath(new URL(`../spec/fixtures/cli/${name}`, import.meta.url));
}

/**
 * Runs the package's program as npx does.
 *
 * @param {string[]} words
 * @param {string} project
 */
function runProgram(words, project) {
  return npm(['exec', '--no', '--', manifest.name, ...words], { cwd: project, limitMs: LIMIT_MS });
}

const VERIFY = [
  ...['verify', cliFixture('layers.safetensors'), '--layer', 'lstm'],
  ...['--input', `${cliFixture('answers.safetensors')}#x`],
  ...['--expected', `${cliFixture('answers.safetensors')}#lstm.y`],
];

/** @param {string} project a project without tfjs */
async function checkProgramAlone(project) {
  await check('without tfjs: the program prints its help and its version', async () => {
    const [help, version] = [await runProgram(['--help'], project), await runProgram(['--version'], project)];
    assert.ok(help.ok && version.ok, help.output + version.output);
    assert.match(help.stdout, /inspect[\s\S]*convert[\s\S]*verify/);
    assert.equal(version.stdout.trim(), manifest.version);
  });
  await check('without tfjs: the program inspects and converts a file', async () => {
    const inspected = await runProgram(['inspect', cliFixture('layers.safetensors')], project);
    assert.match(inspected.stdout, /lstm: LSTM\(3, 5, proj_size=2\)/);
    const converted = await runProgram(['convert', cliFixture('layers.safetensors'), 'half.json'], project);
    assert.ok(converted.ok, converted.output);
    assert.ok(existsSync(join(project, 'half.json')));
  });
  await check('without tfjs: the program says what verify needs', async () => {
    const { ok, output } = await runProgram(VERIFY, project);
    assert.ok(!ok, output);
    assert.match(output, /Run: npm install @tensorflow\/tfjs\n/);
    assert.doesNotMatch(output, /\n {4}at /);
  });
}

/** @param {string} project a project with tfjs */
async function checkProgram(project) {
  await check('with tfjs: the program verifies a layer', async () => {
    const { ok, output } = await runProgram(VERIFY, project);
    assert.ok(ok, output);
    assert.match(output, /within the tolerance/);
  });
}

/** @param {string} project a project with tfjs */
async function checkModel(project) {
  await check('with tfjs: import, load weights, predict, export, save and load', () =>
    runNode(['model-import.mjs'], project),
  );
  await check('with tfjs: require, load weights, predict, export, save and load', () =>
    runNode(['model-require.cjs'], project),
  );
  const tsc = require.resolve('typescript/bin/tsc');
  const strict = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022'];
  for (const [module, resolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    await check(`with tfjs: a TypeScript file compiles with moduleResolution ${resolution}`, () =>
      runNode([tsc, ...strict, '--module', module, '--moduleResolution', resolution, 'types.ts'], project),
    );
  }
}

/** @param {string} project a project with tfjs */
async function checkBundle(project) {
  const { build } = await import('esbuild');
  const outfile = join(project, 'bundle.mjs');
  /** @param {string} entry */
  const bundle = async (entry) => {
    const { metafile } = await build({
      stdin: { contents: entry, resolveDir: project, sourcefile: 'entry.mjs' },
      outfile,
      bundle: true,
      platform: 'browser',
      format: 'esm',
      metafile: true,
      logLevel: 'silent',
    });
    return Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  };
  await check('bundled for browsers: no import is left over, of Node or else', async () => {
    assert.deepEqual(await bundle("import './model-import.mjs'"), []);
  });
  await check('bundled for browsers: load weights, predict, export, save and load, as in a web worker', () =>
    runNode(['as-web-worker.mjs', './bundle.mjs'], project),
  );
  await check('bundled for browsers: ./state-dict alone holds no tfjs', async () => {
    assert.deepEqual(await bundle("export * from 'tfjs-torch-rnn/state-dict'"), []);
    assert.doesNotMatch(readFileSync(outfile, 'utf8'), /@tensorflow/);
  });
  await check('bundled for browsers: ./node-shim', async () => {
    assert.deepEqual(await bundle("import 'tfjs-torch-rnn/node-shim'"), []);
  });
}

const folder = mkdtempSync(join(tmpdir(), `${manifest.name}-`));
try {
  const { tarball, files } = await pack(folder);
  await checkFiles(files);
  const [alone, withTfjs] = [join(folder, 'alone'), join(folder, 'with-tfjs')];
  await makeProject(alone, [tarball]);
  await checkStateDictAlone(alone);
  await checkProgramAlone(alone);
  await makeProject(withTfjs, [tarball, TFJS]);
  await checkModel(withTfjs);
  await checkProgram(withTfjs);
  await checkBundle(withTfjs);
} catch (error) {
  failed++;
  console.log(`FAIL  the package is packed and installed\n${error instanceof Error ? error.message : error}`);
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

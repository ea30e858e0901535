// @ts-check
// Measures what the package adds to a page, gzipped, on top of TensorFlow.js: each entry as a bundler minifies it. Fails where one is
// above its budget.
//
//   npm run size
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOR_GPUS = /\/dist\/kernels\/webgpu\//;

/**
 * What a program imports, and the most that it may take, in kB. `apart`: modules that are left out.
 *
 * @type {readonly { what: string, code: string, budget: number, apart?: RegExp }[]}
 */
const ENTRIES = [
  {
    what: 'gru, loadStateDict, readStateDict',
    code: "export { gru, loadStateDict, readStateDict } from './dist/index.js'",
    budget: 131,
    apart: FOR_GPUS,
  },
  { what: 'every export', code: "export * from './dist/index.js'", budget: 165, apart: FOR_GPUS },
  {
    what: 'readStateDict of tfjs-torch-rnn/state-dict',
    code: "export { readStateDict } from './dist/state-dict/index.js'",
    budget: 27,
  },
  {
    what: 'readExportedProgram of tfjs-torch-rnn/program, with the engine',
    code: "export { readExportedProgram } from './dist/program/index.js'",
    budget: 152,
    apart: FOR_GPUS,
  },
  {
    what: "the engine's two builds and their inflater",
    code: "export * from './dist/kernels/host/runtime/builds.js'",
    budget: 24,
  },
];

/**
 * @param {string} code
 * @param {RegExp} [apart]
 * @returns {Promise<{ first: number, later: number }>} kB that a page loads with the program, and with files that need a reader
 */
async function sizeOf(code, apart) {
  const { metafile, outputFiles } = await build({
    stdin: { contents: code, resolveDir: ROOT },
    bundle: true,
    splitting: true,
    metafile: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    external: ['@tensorflow/*'],
    absWorkingDir: ROOT,
    outdir: '.',
    write: false,
    logLevel: 'error',
    plugins: apart && [
      {
        name: 'apart',
        setup: ({ onLoad }) => onLoad({ filter: apart }, () => ({ contents: 'module.exports = {};' })),
      },
    ],
  });
  /** @param {string} name @returns {string[]} */
  const importsOf = (name) =>
    metafile.outputs[name].imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => path);
  const first = new Set(['stdin.js']);
  for (const name of first) for (const path of importsOf(name)) if (metafile.outputs[path]) first.add(path);
  const sum = { first: 0, later: 0 };
  for (const { path, contents } of outputFiles)
    sum[first.has(basename(path)) ? 'first' : 'later'] += gzipSync(contents, { level: 9 }).length / 1000;
  return sum;
}

/**
 * @param {string} what
 * @param {number} size
 * @param {number} [budget]
 */
function say(what, size, budget) {
  const rule = budget === undefined ? '' : ` of ${budget}`;
  console.log(`${size.toFixed(1).padStart(6)}${rule.padEnd(8)} kB  ${what}`);
  if (budget !== undefined && size > budget) process.exitCode = 1;
}

for (const { what, code, budget, apart } of ENTRIES) {
  const { first, later } = await sizeOf(code, apart);
  say(what, first, budget);
  if (apart) say('  and its kernels for GPUs', (await sizeOf(code)).first - first);
  if (later > 0) say('  and what reads JSON, and what PyTorch and NumPy write, when a file is one', later);
}
if (process.exitCode)
  console.error('size: above its budget. `npx esbuild --analyze` tells what a bundle holds');

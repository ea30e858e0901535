// @ts-check
// Measures what the package adds to a page, gzipped, on top of TensorFlow.js: each entry as a bundler minifies it. Fails where one is
// above its budget.
//
//   npm run size
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const WGSL = /\/dist\/kernels\/webgpu\//;

/**
 * What a program imports, and the most that it may take, in kB. `apart`: modules that are left out.
 *
 * @type {readonly { what: string, code: string, budget: number, apart?: RegExp }[]}
 */
const ENTRIES = [
  {
    what: 'gru, loadStateDict, readStateDict',
    code: "export { gru, loadStateDict, readStateDict } from './dist/index.js'",
    budget: 152,
    apart: WGSL,
  },
  { what: 'every export', code: "export * from './dist/index.js'", budget: 160, apart: WGSL },
  {
    what: 'readStateDict of tfjs-torch-rnn/state-dict',
    code: "export { readStateDict } from './dist/state-dict/index.js'",
    budget: 54,
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
 * @returns {Promise<number>} kB
 */
async function sizeOf(code, apart) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: ROOT },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    external: ['@tensorflow/*'],
    write: false,
    logLevel: 'error',
    plugins: apart && [
      {
        name: 'apart',
        setup: ({ onLoad }) => onLoad({ filter: apart }, () => ({ contents: 'module.exports = {};' })),
      },
    ],
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length / 1000;
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
  const size = await sizeOf(code, apart);
  say(what, size, budget);
  if (apart) say('  and its WGSL', (await sizeOf(code)) - size);
}
if (process.exitCode)
  console.error('size: above its budget. `npx esbuild --analyze` tells what a bundle holds');

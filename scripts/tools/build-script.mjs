// @ts-check
// Bundles what tsc wrote into one classic script for pages without a bundler: dist/torch-rnn.min.js has the exports of the
// package's root as the global `torchRnn`, on the page's global `tf`.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = new URL('../../', import.meta.url);
/** @param {string} path */
const text = (path) => readFileSync(new URL(path, ROOT), 'utf8').trim();
const { name, version, license } = JSON.parse(text('package.json'));

/** Where a script of TensorFlow.js is missing, the first use of it would fail with a message that does not name it. */
const GLOBAL_TF = `
if (!globalThis.tf?.layers)
  throw new Error(
    'torch-rnn.min.js: global tf: expected TensorFlow.js with its layers, got ' +
      (globalThis.tf ? 'one without layers' : 'none') +
      '. Load @tensorflow/tfjs/dist/tf.min.js in a script above this one',
  );
module.exports = globalThis.tf;
`;

await build({
  entryPoints: [fileURLToPath(new URL('dist/index.js', ROOT))],
  outfile: fileURLToPath(new URL('dist/torch-rnn.min.js', ROOT)),
  bundle: true,
  minify: true,
  format: 'iife',
  globalName: 'torchRnn',
  platform: 'browser',
  target: 'es2022',
  logLevel: 'warning',
  banner: {
    js: `/*! ${name} ${version}, ${license}. It holds an inflater of fflate:\n\n${text('node_modules/fflate/LICENSE')}\n*/`,
  },
  plugins: [
    {
      name: 'global-tf',
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^@tensorflow\/tfjs-(core|layers)$/ }, () => ({
          path: 'tf',
          namespace: 'global-tf',
        }));
        onLoad({ filter: /.*/, namespace: 'global-tf' }, () => ({ contents: GLOBAL_TF, loader: 'js' }));
      },
    },
  ],
});

// @ts-check
// Makes a production build of one program, as the bundler's documentation sets it up for browsers:
//
//   node bundle.mjs BUNDLER FOLDER ENTRY OUTPUT
//
// ENTRY is a file of the project in FOLDER, OUTPUT the file to write. A process of its own, as it is for users: bundlers
// keep state.
import { writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** @typedef {{ folder: string, entry: string, output: string }} Bundle */

/** @type {Record<string, (bundle: Bundle) => Promise<void>>} */
const bundlers = {
  async vite({ folder, entry, output }) {
    const { build } = await import('vite');
    const built = await build({
      root: folder,
      configFile: false,
      logLevel: 'error',
      build: { write: false, rolldownOptions: { input: join(folder, entry) } },
    });
    if (!('output' in built)) throw new Error('vite built several bundles');
    writeFileSync(output, onlyFile(built.output).code);
  },

  async rollup({ folder, entry, output }) {
    const { rollup } = await import('rollup');
    const { nodeResolve } = await import('@rollup/plugin-node-resolve');
    const { default: commonjs } = await import('@rollup/plugin-commonjs');
    const plugin = /** @type {typeof commonjs.default} */ (/** @type {unknown} */ (commonjs));
    const input = join(folder, entry);
    const bundle = await rollup({
      input,
      plugins: [nodeResolve({ browser: true }), plugin()],
      onLog: () => {},
    });
    const built = await bundle.generate({ format: 'es' });
    await bundle.close();
    writeFileSync(output, onlyFile(built.output).code);
  },

  async webpack({ folder, entry, output }) {
    const { default: webpack } = await import('webpack');
    const compiler = webpack({
      mode: 'production',
      context: folder,
      entry: `./${entry}`,
      output: { path: dirname(output), filename: basename(output) },
      performance: false,
    });
    await new Promise((resolve, reject) => {
      compiler.run((error, stats) => {
        if (error) reject(error);
        else if (stats?.hasErrors()) reject(new Error(stats.toString('errors-only')));
        else compiler.close(resolve);
      });
    });
  },

  async esbuild({ folder, entry, output }) {
    const { build } = await import('esbuild');
    await build({
      absWorkingDir: folder,
      entryPoints: [entry],
      outfile: output,
      bundle: true,
      minify: true,
      platform: 'browser',
      format: 'esm',
      logLevel: 'error',
    });
  },
};

/**
 * @param {readonly { type: string }[]} files
 * @returns {{ code: string }}
 */
function onlyFile(files) {
  const [file] = files;
  if (files.length !== 1 || !('code' in file)) throw new Error(`expected one file, got ${files.length}`);
  return /** @type {{ code: string }} */ (/** @type {unknown} */ (file));
}

const [, , name, folder, entry, output] = process.argv;
await bundlers[name]({ folder, entry, output });

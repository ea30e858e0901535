// @ts-check
// Makes a production build of one program, as the bundler's documentation sets it up for browsers:
//
//   node bundle.mjs BUNDLER FOLDER ENTRY OUTPUT
//
// ENTRY is a file of the project in FOLDER, OUTPUT the file to write; what a bundler splits off lies beside it. A process of its
// own, as it is for users: bundlers keep state.
import { basename, dirname, join } from 'node:path';

/** @typedef {{ folder: string, entry: string, output: string }} Bundle */

/** @type {Record<string, (bundle: Bundle) => Promise<void>>} */
const bundlers = {
  async vite({ folder, entry, output }) {
    const { build } = await import('vite');
    await build({
      root: folder,
      configFile: false,
      logLevel: 'error',
      base: './',
      build: {
        outDir: dirname(output),
        emptyOutDir: false,
        rolldownOptions: { input: join(folder, entry), output: { entryFileNames: basename(output) } },
      },
    });
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
    await bundle.write({ format: 'es', dir: dirname(output), entryFileNames: basename(output) });
    await bundle.close();
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
    await build({ ...esbuildOptions(folder), entryPoints: [entry], outfile: output });
  },

  async 'esbuild-splitting'({ folder, entry, output }) {
    const { build } = await import('esbuild');
    const entryPoints = [{ in: entry, out: basename(output, '.js') }];
    await build({ ...esbuildOptions(folder), entryPoints, splitting: true, outdir: dirname(output) });
  },
};

/** @param {string} folder */
const esbuildOptions = (folder) =>
  /** @type {const} */ ({
    absWorkingDir: folder,
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    logLevel: 'error',
  });

const [, , name, folder, entry, output] = process.argv;
await bundlers[name]({ folder, entry, output });

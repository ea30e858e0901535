/** Which specs a page can run, and their bundles. */

import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What runs the specs in a page. */
export const PAGE_MAIN = 'spec/support/page/main.ts';

/** In a page spec/support/page takes the place of spec/support/node, module by module. */
const page: Plugin = {
  name: 'page',
  setup: ({ onResolve }) => {
    onResolve({ filter: /\/node\/(files|backends)\.js$/ }, ({ path, resolveDir }) => ({
      path: fileURLToPath(
        new URL(path.replace('/node/', '/page/').replace(/js$/, 'ts'), `file://${resolveDir}/`),
      ),
    }));
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, external: true, sideEffects: false }));
  },
};

const common: BuildOptions & { readonly metafile: true } = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'browser',
  format: 'esm',
  target: 'es2022',
  splitting: true,
  plugins: [page],
  metafile: true,
  logLevel: 'silent',
};

/** Node's globals are not for `src`, which runs everywhere. */
const withoutSource: Plugin = {
  name: 'without source',
  setup: ({ onResolve }) => onResolve({ filter: /\/src\// }, ({ path }) => ({ path, external: true })),
};

/**
 * The specs among `paths` that a page can run: neither they nor what they import use a module of Node's, `Buffer`, `process`, `setImmediate`, or a module
 * whose name is made at run time.
 */
export async function pageSpecs(paths: readonly string[]): Promise<string[]> {
  const analysis: typeof common = { ...common, outdir: 'unwritten', write: false, packages: 'external' };
  const { metafile } = await build({ ...analysis, entryPoints: [...paths] });
  const candidates = paths.filter((path) => !reachesNode(metafile.inputs, path));
  const globals = await build({
    ...analysis,
    entryPoints: candidates,
    splitting: false,
    inject: [fileURLToPath(new URL('node-globals.ts', import.meta.url))],
    plugins: [withoutSource, page],
  });
  const inNode = Object.entries(globals.metafile.outputs)
    .filter(([path]) => reachesNode(globals.metafile.outputs, path))
    .map(([, { entryPoint }]) => entryPoint);
  return candidates.filter((path) => !inNode.includes(path));
}

function reachesNode(files: Metafile['inputs'] | Metafile['outputs'], start: string): boolean {
  const seen = new Set([start]);
  for (const path of seen)
    for (const imported of files[path]?.imports ?? []) {
      if (/^node:|\*/.test(imported.path)) return true;
      seen.add(imported.path);
    }
  return false;
}

/** Writes a module for each spec, and for what runs them, into `folder`. */
export async function bundle(paths: readonly string[], folder: string): Promise<void> {
  await build({
    ...common,
    entryPoints: [PAGE_MAIN, ...paths],
    outbase: '.',
    outdir: folder,
    // sideEffects of package.json names the modules of dist: those of src would lose what they register.
    ignoreAnnotations: true,
    sourcemap: 'inline',
    sourcesContent: false,
  });
}

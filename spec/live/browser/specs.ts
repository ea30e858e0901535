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
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, external: true }));
  },
};

const common: BuildOptions & { readonly metafile: true } = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'browser',
  format: 'esm',
  target: 'es2022',
  splitting: true,
  // sideEffects of package.json names the modules of dist: those of src would lose what they register.
  ignoreAnnotations: true,
  plugins: [page],
  metafile: true,
  logLevel: 'silent',
};

/** The specs among `paths` that a page can run: neither they nor what they import use a module of Node's, or `Buffer` or `process`. */
export async function pageSpecs(paths: readonly string[]): Promise<string[]> {
  const { metafile } = await build({
    ...common,
    entryPoints: [...paths],
    outdir: 'unwritten',
    write: false,
    packages: 'external',
    inject: [fileURLToPath(new URL('node-globals.ts', import.meta.url))],
  });
  return paths.filter((path) => !reachesNode(metafile, path));
}

function reachesNode({ inputs }: Metafile, entry: string): boolean {
  const seen = new Set([entry]);
  for (const path of seen)
    for (const imported of inputs[path]?.imports ?? []) {
      if (imported.path.startsWith('node:')) return true;
      if (!imported.external) seen.add(imported.path);
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
    sourcemap: 'inline',
    sourcesContent: false,
  });
}

/** How Vite serves and builds the page. */

import { fileURLToPath } from 'node:url';
import type { InlineConfig, Plugin } from 'vite';

const FOLDER = fileURLToPath(new URL('../', import.meta.url));
const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url));

/** Where `--build` writes the page. */
export const BUILT = fileURLToPath(new URL('../dist/', import.meta.url));

/** With these a page has shared memory, which threads need. */
export const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Found late, a dependency reloads the page: those of the workers are found when they start. */
const DEPENDENCIES = [
  '@tensorflow/tfjs',
  '@tensorflow/tfjs-backend-wasm',
  '@tensorflow/tfjs-backend-webgpu',
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-layers',
  'preact',
  'preact/hooks',
  'preact/jsx-runtime',
];

/**
 * package.json lists the built files of the package that do something when they are imported. Here their sources are imported,
 * which a bundle would drop: layers without their kernels.
 */
const keepEffects: Plugin = {
  name: 'keep-effects',
  transform: {
    filter: { id: /[/\\]src[/\\][^?]*\.ts$/ },
    handler: () => ({ moduleSideEffects: true }),
  },
};

export function pageConfig(): InlineConfig {
  return {
    root: FOLDER,
    configFile: false,
    // Relative: the built page works from any path.
    base: './',
    logLevel: 'warn',
    resolve: { tsconfigPaths: true },
    optimizeDeps: { include: DEPENDENCIES },
    plugins: [keepEffects],
    worker: { format: 'es', plugins: () => [keepEffects] },
    server: { headers: ISOLATION, fs: { allow: [REPOSITORY] } },
    build: {
      outDir: BUILT,
      emptyOutDir: true,
      target: 'es2022',
      // A binary in a data: URL is what the policy of the page forbids.
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 4096,
    },
  };
}

import { message } from '../../check.js';

export const BACKENDS = ['cpu', 'wasm', 'tensorflow'] as const;
export type Backend = (typeof BACKENDS)[number];

/** The package that has each backend. */
const PACKAGES: Readonly<Record<Backend, string>> = {
  cpu: '@tensorflow/tfjs-backend-cpu',
  wasm: '@tensorflow/tfjs-backend-wasm',
  tensorflow: '@tensorflow/tfjs-node',
};

/**
 * Imports and starts a backend, and imports what runs on it.
 *
 * @param load  imports a module that needs tfjs.
 * @throws Error that says what to install where a package is missing.
 */
export async function withTfjs<Module>(backend: Backend, load: () => Promise<Module>): Promise<Module> {
  try {
    if (backend === 'tensorflow') await import('../../node-shim.js');
    await import(PACKAGES[backend]);
    const { startBackend } = await import('./start-backend.js');
    await startBackend(backend);
    return await load();
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw cause;
    const remedy = `Run: npm install @tensorflow/tfjs ${PACKAGES[backend]}`;
    const rule = `${PACKAGES[backend]} and @tensorflow/tfjs-layers`;
    const what = `--backend ${backend}`;
    throw new Error(message('verify', what, rule, 'a package that is not installed', remedy), { cause });
  }
}

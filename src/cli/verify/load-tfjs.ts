import { message } from '../../check.js';

export const BACKENDS = ['cpu', 'wasm', 'tensorflow'] as const;
export type Backend = (typeof BACKENDS)[number];

/** The packages that have each backend. Of two the first that is installed is taken: a GPU may round more. */
const PACKAGES: Readonly<Record<Backend, readonly [string, ...string[]]>> = {
  cpu: ['@tensorflow/tfjs-backend-cpu'],
  wasm: ['@tensorflow/tfjs-backend-wasm'],
  tensorflow: ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'],
};

function isMissing(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
}

async function importOneOf([name, ...others]: readonly [string, ...string[]]): Promise<void> {
  try {
    await import(name);
  } catch (error) {
    const [next, ...rest] = others;
    if (next === undefined || !isMissing(error)) throw error;
    await importOneOf([next, ...rest]);
  }
}

/**
 * Imports and starts a backend, and imports what runs on it.
 *
 * @param load  imports a module that needs tfjs.
 * @throws Error that says what to install where a package is missing.
 */
export async function withTfjs<Module>(backend: Backend, load: () => Promise<Module>): Promise<Module> {
  try {
    if (backend === 'tensorflow') await import('../../node-shim.js');
    await importOneOf(PACKAGES[backend]);
    const { startBackend } = await import('./start-backend.js');
    await startBackend(backend);
    return await load();
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    const [name] = PACKAGES[backend];
    const remedy = `Run: npm install @tensorflow/tfjs ${name}`;
    const rule = `${name} and @tensorflow/tfjs-layers`;
    const what = `--backend ${backend}`;
    throw new Error(message('verify', what, rule, 'a package that is not installed', remedy), { cause });
  }
}

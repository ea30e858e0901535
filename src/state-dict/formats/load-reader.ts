import { message } from '../../check.js';
import type { ReaderName } from '../reading/reading.js';
import type { Readers } from './readers.js';

const LOADERS: { readonly [N in keyof Readers]: () => Promise<Readers[N]> } = {
  json: () => import('./json/json.js'),
  python: () => import('./python.js'),
};

/**
 * Loads the module of a name. Bundlers make files of their own of these modules, so a page gets them when it reads such a file.
 *
 * @throws Error where it does not load: its file is not served, or the caller is a service worker, where `import()` is forbidden.
 */
export async function loadReader(name: ReaderName): Promise<object> {
  try {
    return await LOADERS[name]();
  } catch (cause) {
    const remedy =
      'Serve all files of the build. A service worker may not load modules: use parseStateDict on the bytes there, or save the weights as safetensors';
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new Error(message('readStateDict', `reader of ${name} files`, 'a module that loads', got, remedy), {
      cause,
    });
  }
}

/** The packages of tfjs that are installed here. */

import { createRequire } from 'node:module';
import { message } from '../../check.js';

/** What has each backend. A process loads one package for Node, since both register the same backend: that for GPUs where it is. */
const PACKAGES = {
  cpu: ['@tensorflow/tfjs-backend-cpu'],
  wasm: ['@tensorflow/tfjs-backend-wasm'],
  tensorflow: ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'],
} as const;

/** Also cpu: what others compute is compared with it. */
const NEEDED = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', '@tensorflow/tfjs-backend-cpu'];

export interface Imported {
  readonly backends: readonly string[];
  /** Versions by name. */
  readonly packages: Readonly<Record<string, string>>;
  /** Why a package is not used, by name. */
  readonly absent: Readonly<Record<string, string>>;
}

/** @throws Error that says what to install where tfjs itself is missing. */
export async function importBackends(): Promise<Imported> {
  const packages: Record<string, string> = {};
  const absent: Record<string, string> = {};
  for (const name of NEEDED) {
    const version = versionOf(name);
    if (version === undefined)
      throw new Error(
        message(
          'doctor',
          'tfjs',
          name,
          'a package that is not installed',
          `Run: npm install @tensorflow/tfjs ${name}`,
        ),
      );
    packages[name] = version;
  }
  const backends: string[] = [];
  for (const [backend, names] of Object.entries(PACKAGES))
    for (const name of names) {
      const fault = await tryImport(name);
      if (fault === undefined) {
        packages[name] = versionOf(name) ?? 'unknown';
        backends.push(backend);
        break;
      }
      absent[name] = fault;
    }
  return { backends, packages, absent };
}

/** @returns why it cannot be used; undefined where it can. */
async function tryImport(name: string): Promise<string | undefined> {
  if (versionOf(name) === undefined) return 'not installed';
  try {
    if (name.includes('node')) await import('../../node-shim.js');
    await import(name);
    return undefined;
  } catch (error) {
    return String((error as Error).message).split('\n')[0];
  }
}

function versionOf(name: string): string | undefined {
  try {
    const manifest: unknown = createRequire(import.meta.url)(`${name}/package.json`);
    return (manifest as { version: string }).version;
  } catch {
    return undefined;
  }
}

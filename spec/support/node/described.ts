/** What new processes say of the engine. */

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export const ON_WEBASSEMBLY =
  /^the engine runs whole sequences in WebAssembly SIMD, on (one thread|up to \d+ threads)/;

export interface Described {
  /** Of the backend cpu. */
  readonly reason: string;
  /** Those of this package. */
  readonly warnings: readonly string[];
}

interface Setting {
  readonly env?: Readonly<Record<string, string>>;
  /** What runs first, with tf and what the package exports. */
  readonly first?: string;
}

/** @param addon an expression: what the package of the native engine has registered. */
export function described(addon: string, { env = {}, first = '' }: Setting = {}): Described {
  const script = `
    const warnings = [];
    console.warn = (line) => warnings.push(line);
    globalThis[Symbol.for('tfjs-torch-rnn-native')] = () => (${addon});
    const tf = await import('@tensorflow/tfjs');
    const { describeKernels, gru, setNative } = await import('./src/index.ts');
    await tf.setBackend('cpu');
    ${first}
    const { reason } = describeKernels().find(({ backend }) => backend === 'cpu');
    describeKernels();
    console.log(JSON.stringify({ reason, warnings: warnings.filter((line) => line.startsWith('tfjs-torch-rnn')) }));
  `;
  const { TFJS_TORCH_RNN_NATIVE: _, ...own } = process.env;
  const out = execFileSync(process.execPath, ['--import=tsx', '--input-type=module', '--eval', script], {
    cwd: ROOT,
    env: { ...own, ...env },
    encoding: 'utf8',
  });
  return JSON.parse(out.trim().split('\n').at(-1) as string);
}

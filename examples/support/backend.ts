/** Choosing the tfjs backend that runs an example. */

import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';

export const BACKENDS = ['wasm', 'cpu', 'tensorflow'] as const;
export type Backend = (typeof BACKENDS)[number];

/** @throws RangeError when `--backend` names none of them. */
export function checkBackend(name: string): Backend {
  const backend = BACKENDS.find((known) => known === name);
  if (backend !== undefined) return backend;
  throw new RangeError(`--backend: expected one of ${BACKENDS.join(', ')}, got ${JSON.stringify(name)}`);
}

/** @throws Error naming the remedy when the backend cannot start on this machine. */
export async function startBackend(name: Backend): Promise<void> {
  // tfjs greets users of its cpu backend in Node with advice to install another one.
  tf.enableProdMode();
  if (name === 'tensorflow') await loadTfjsNode();
  if (!(await tf.setBackend(name))) throw new Error(`The ${name} backend does not start.`);
  await tf.ready();
}

async function loadTfjsNode(): Promise<void> {
  // A variable, since the type checker does not find an optional package on every machine.
  const optionalPackage: string = '@tensorflow/tfjs-node';
  // Silences TensorFlow's own line about the processor; its warnings and errors stay.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
  try {
    await import('tfjs-torch-rnn/node-shim');
    await import(optionalPackage);
  } catch (cause) {
    const remedy = 'Build it with `npm run setup:tfjs-node`, or leave --backend out';
    const [reason] = String((cause as Error).message).split('\n');
    throw new Error(`@tensorflow/tfjs-node cannot be loaded: ${reason}. ${remedy}.`, { cause });
  }
}

/**
 * A stand-in for cuDNN, which tfjs-node-gpu's runtime takes for its ops on a machine without a GPU, and a backend that reports a GPU: so the
 * specs run on the kernels of cuDNN. CUDNN=stand-in, beside TFJS_NODE=gpu.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { kernelsOf } from '../../../src/kernels/contract.js';
import '../../../src/kernels/index.js';

const SOURCES = ['call.c', 'kernels.c'];
const WARNINGS = ['-Wall', '-Wextra', '-Werror'];
const PACKAGE = '@tensorflow/tfjs-node-gpu';

const require = createRequire(import.meta.url);

/** Compiles the stand-in and loads it into this process, which has imported tfjs-node-gpu. CUDNN_SANITIZE=1: with AddressSanitizer. */
export function loadStandIn(): void {
  const source = fileURLToPath(new URL('../../kernels/cudnn/stand-in', import.meta.url));
  const deps = join(require.resolve(`${PACKAGE}/package.json`), '../deps');
  const folder = mkdtempSync(join(tmpdir(), 'cudnn-stand-in-'));
  const built = join(folder, 'stand-in.node');
  const sanitize =
    process.env.CUDNN_SANITIZE === '1' ? ['-fsanitize=address,undefined', '-fno-sanitize-recover'] : [];
  const flags = [
    '-std=c11',
    '-O2',
    '-g',
    '-shared',
    '-fPIC',
    '-fvisibility=hidden',
    ...WARNINGS,
    ...sanitize,
  ];
  const libraries = [`-L${join(deps, 'lib')}`, '-ltensorflow_framework', '-lm'];
  const args = [...flags, `-isystem${join(deps, 'include')}`, ...SOURCES, '-o', built, ...libraries];
  try {
    execFileSync(process.env.CC ?? 'gcc', args, { cwd: source });
    require(built);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Calls of cuDNN's kernels, and the reasons for which they declined others. */
export const calls = { inference: 0, training: 0, backward: 0, product: 0 };
const declined = new Map<string, number>();

/** What cuDNN leaves to others, whatever forces it. */
const DECLINED = [
  'an LSTM with a projection, which TensorFlow does not run in cuDNN',
  'an input without elements, which needs no kernel',
];

/** Has the tensorflow backend report a GPU, and cuDNN take every call that it can, and counts. */
export function reportGpu(): void {
  Object.assign(tf.engine().registry.tensorflow as object, { isUsingGpuDevice: true });
  const cudnn = kernelsOf('tensorflow').find(({ name }) => name === 'cudnn')!;
  const { supports } = cudnn;
  cudnn.supports = (request) => {
    const reason = supports(request && { ...request, isForced: true });
    if (request && reason !== undefined) declined.set(reason, (declined.get(reason) ?? 0) + 1);
    return reason;
  };
  for (const kind of Object.keys(calls) as (keyof typeof calls)[]) {
    const kernel = cudnn[kind] as (...args: unknown[]) => unknown;
    Object.assign(cudnn, {
      [kind]: (...args: unknown[]) => {
        calls[kind]++;
        return kernel.apply(cudnn, args);
      },
    });
  }
}

/** @throws Error where cuDNN ran nothing, forward or backward, or declined what it should take. */
export function expectCalls(): void {
  const told = Object.entries(calls).map(([kind, count]) => `${kind} ${count}`);
  console.log(`cuDNN's kernels: ${told.join(', ')}`);
  for (const [reason, count] of declined) console.log(`cuDNN declined ${count} calls: ${reason}`);
  for (const [kind, count] of Object.entries(calls))
    if (count === 0) throw new Error(`no call of cuDNN's kernels: ${kind}`);
  for (const reason of declined.keys())
    if (!DECLINED.includes(reason)) throw new Error(`cuDNN declined a call: ${reason}`);
}

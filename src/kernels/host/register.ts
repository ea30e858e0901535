/** The recurrent kernels of the backends whose tensors are in the memory of the host: cpu, wasm, and tensorflow on a CPU. */

import { type KernelBackend, registerKernel, type TensorInfo } from '@tensorflow/tfjs-core';
import { checkInteger, message } from '../../check.js';
import {
  type GradientAttrs,
  KERNELS,
  kernelTrials,
  missingKernels,
  type RecurrentAttrs,
} from '../contract.js';
import type { Engine } from './engine.js';
import { EngineLostError } from './engine-lost-error.js';
import { StackGradient } from './gradient.js';
import { Layouts } from './layouts.js';
import { nodeThreads } from './node-threads.js';
import { Reserves } from './reserves.js';
import { infer, train } from './stack.js';
import { makeTensor, valuesOf } from './tensors.js';
import { MAX_THREADS } from './threads.js';
import { isSupported, makeEngine } from './wasm.js';
import { WeightCache } from './weights.js';

const BACKENDS = ['cpu', 'wasm', 'tensorflow'];

/** The engine and what it keeps from call to call. */
class Host {
  readonly cache: WeightCache;
  readonly reserves = new Reserves();
  readonly layouts = new Layouts();

  constructor(readonly engine: Engine) {
    this.cache = new WeightCache(engine);
    engine.threads.count = threads();
  }

  /** Frees what belongs to tapes and weights that are gone. */
  sweep(): void {
    this.reserves.sweep();
    this.cache.sweep();
  }
}

let shared: Host | undefined;
let wantedThreads: number | undefined;

/** Threads by default: more than four share too little work in what layers do. */
const DEFAULT_MAX_THREADS = 4;

/** The threads that calls may use: those asked for, or by default one for each processor, four at most. */
export function threads(): number {
  return wantedThreads ?? Math.min(DEFAULT_MAX_THREADS, nodeThreads()?.processors ?? 1);
}

/**
 * Sets how many threads the fused kernels use, the calling one among them. Workers start when a call is large enough for
 * them, and never keep the process alive. Where there are none (browsers, for now) everything runs on the calling thread.
 *
 * @param count 1 to 16. @default one for each processor, 4 at most
 * @throws TypeError, RangeError for anything else.
 */
export function setThreads(count: number): void {
  checkInteger('setThreads', 'count', count, 1);
  if (count > MAX_THREADS)
    throw new RangeError(message('setThreads', 'count', `at most ${MAX_THREADS}`, String(count)));
  wantedThreads = count;
  if (shared) shared.engine.threads.count = count;
}

/** Made at the first call: to import the package costs nothing. */
function host(): Host {
  shared ??= new Host(makeEngine());
  return shared;
}

/** Floats of engine memory in use, after what can be freed was freed; 0 before the first call. */
export function engineFloatsInUse(): number {
  shared?.sweep();
  shared?.layouts.clear();
  return shared?.engine.arena.floatsInUse ?? 0;
}

function runInference(
  backend: KernelBackend,
  inputs: readonly TensorInfo[],
  attrs: RecurrentAttrs,
): TensorInfo[] {
  const { engine, cache, layouts } = swept();
  return infer(engine, cache, layouts, backend, attrs, inputs);
}

function runTraining(
  backend: KernelBackend,
  inputs: readonly TensorInfo[],
  attrs: RecurrentAttrs,
): TensorInfo[] {
  const { engine, cache, reserves } = swept();
  const { outputs, reserve } = train(engine, cache, backend, attrs, inputs);
  const handle = reserves.add(reserve);
  return [makeTensor(backend, Int32Array.of(handle), [1], 'int32'), ...outputs];
}

function differentiate(
  backend: KernelBackend,
  [handle, ...dys]: readonly TensorInfo[],
  { input }: GradientAttrs,
): TensorInfo {
  const { engine, reserves } = host();
  const entry = reserves.get(valuesOf(backend, handle as TensorInfo)[0] as number);
  entry.gradient ??= new StackGradient(engine, entry.reserve, backend, dys);
  return entry.gradient.of(entry.reserve.plan.attrs.inputNames[input] as string, backend);
}

/** A worker of a lost engine may still write into its memory: the next call gets another engine, on one thread. */
function guarded<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof EngineLostError) {
      shared = undefined;
      wantedThreads = 1;
    }
    throw error;
  }
}

function swept(): Host {
  const current = host();
  current.sweep();
  return current;
}

/** Why the engine does not start; undefined where it does. */
function failureToStart(): string | undefined {
  try {
    host();
    return undefined;
  } catch (error) {
    const isForbidden = error instanceof WebAssembly.CompileError;
    const hint = isForbidden
      ? ". Does the page's Content-Security-Policy lack 'wasm-unsafe-eval' in script-src?"
      : '';
    const reason = (error instanceof Error ? error.message : `${error}`).replace(/\.$/, '');
    return `its engine does not start here: ${reason}${hint}`;
  }
}

for (const backendName of BACKENDS) {
  if (!isSupported()) {
    missingKernels.set(backendName, 'this machine has no WebAssembly SIMD with shared memory');
    continue;
  }
  kernelTrials.set(backendName, failureToStart);
  const register = <A>(
    kernelName: string,
    run: (backend: KernelBackend, inputs: readonly TensorInfo[], attrs: A) => TensorInfo | TensorInfo[],
  ) =>
    registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, backend, attrs }) =>
        guarded(() =>
          run(backend as KernelBackend, inputs as unknown as TensorInfo[], attrs as unknown as A),
        ),
    });
  register(KERNELS.inference, runInference);
  register(KERNELS.training, runTraining);
  register(KERNELS.gradient, differentiate);
}

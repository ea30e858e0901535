import { engine, env, getBackend } from '@tensorflow/tfjs-core';
import { kernelsOf } from '../kernels/contract.js';
import { lastOffThreadOn, lastRunOn, obstacleOf, tellEach } from './implementation.js';

/** How recurrent layers run on one backend. */
export interface KernelDescription {
  readonly backend: string;
  /** Whether it is the active one. */
  readonly isActive: boolean;
  /** What `implementation: 'auto'` takes there: the fused kernel, or the reference composed of tf ops. */
  readonly implementation: 'fused' | 'reference';
  /** What the fused kernels are, or why there is none; also that the active backend computes with less than float32. */
  readonly reason: string;
  /** What the last call there ran; undefined before the first. */
  readonly lastRun: 'fused' | 'reference' | undefined;
  /**
   * Why the last call ran the reference: a kernel may decline single calls, such as one that its memory has no room for. Where the
   * call decides which kernel runs, as on GPUs: which one ran it, and why.
   */
  readonly lastReason: string | undefined;
  /** Where the last call of `forwardAsync` there ran; undefined before the first. */
  readonly lastAsyncRun: 'workers' | 'the calling thread' | undefined;
  /** Why it ran on the calling thread. */
  readonly lastAsyncReason: string | undefined;
}

/** tfjs's flag of webgl; the devices where it is false are mostly phones. */
const HAS_FLOAT32 = 'WEBGL_RENDER_FLOAT32_ENABLED';

/** Only of the active backend: the flag asks the device. */
function precisionNote(backend: string): string {
  if (backend !== 'webgl' || getBackend() !== backend || env().getBool(HAS_FLOAT32)) return '';
  return "; this device's webgl computes in float16, where a recurrence in tf ops loses about three digits: tf.setBackend('wasm')";
}

/** Of the kernels that run some calls of a backend, and why the others run none. */
function descriptionOf(backend: string): string {
  const all = kernelsOf(backend);
  return tellEach(
    all,
    all.map((kernels) => kernels.supports() ?? kernels.description),
  );
}

/** For each backend that tfjs knows: which kernel its recurrent layers run on, and why. */
export function describeKernels(): KernelDescription[] {
  return engine()
    .backendNames()
    .map((backend) => {
      const obstacle = obstacleOf(backend);
      const last = lastRunOn(backend);
      const lastAsync = lastOffThreadOn(backend);
      return {
        backend,
        isActive: backend === getBackend(),
        implementation: obstacle === undefined ? 'fused' : 'reference',
        reason: (obstacle ?? descriptionOf(backend)) + precisionNote(backend),
        lastRun: last?.implementation,
        lastReason: last?.reason,
        lastAsyncRun: lastAsync?.ranOn,
        lastAsyncReason: lastAsync?.reason,
      } as const;
    });
}

import { engine, getBackend, getKernel } from '@tensorflow/tfjs-core';
import { KERNELS, missingKernels } from '../kernels/contract.js';
import { fusedObstacle } from './implementation.js';
import { lastRuns } from './last-runs.js';

/** How recurrent layers run on one backend. */
export interface KernelDescription {
  readonly backend: string;
  /** Whether it is the active one. */
  readonly isActive: boolean;
  /** What `implementation: 'auto'` takes there: the fused kernel, or the reference composed of tf ops. */
  readonly implementation: 'fused' | 'reference';
  /** Why. */
  readonly reason: string;
  /** What the last call there ran; undefined before the first. */
  readonly lastRun: 'fused' | 'reference' | undefined;
}

/** For each backend that tfjs knows: which kernel its recurrent layers run on, and why. */
export function describeKernels(): KernelDescription[] {
  return engine()
    .backendNames()
    .map((backend) => {
      const isActive = backend === getBackend();
      const obstacle = obstacleOf(backend, isActive);
      return {
        backend,
        isActive,
        implementation: obstacle === undefined ? 'fused' : 'reference',
        reason: obstacle ?? 'the engine runs whole sequences in WebAssembly SIMD',
        lastRun: lastRuns.get(backend),
      } as const;
    });
}

function obstacleOf(backend: string, isActive: boolean): string | undefined {
  const missing = missingKernels.get(backend);
  if (missing !== undefined) return missing;
  if (!getKernel(KERNELS.inference, backend)) return 'this backend has no fused kernel';
  // Only the active backend is there to be asked.
  return isActive ? fusedObstacle() : undefined;
}

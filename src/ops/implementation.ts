import { engine, getBackend, getKernel } from '@tensorflow/tfjs-core';
import { message } from '../check.js';
import { UnsupportedError } from '../errors.js';
import { KERNELS, kernelTrials, missingKernels } from '../kernels/contract.js';
import { lastRuns } from './last-runs.js';
import { usesGpuDevice } from './readback.js';

/** Which code computes a recurrent op: the fused kernel of the backend, the composed tf ops, or the better of both. */
export type Implementation = 'auto' | 'fused' | 'reference';

export const IMPLEMENTATIONS: readonly Implementation[] = ['auto', 'fused', 'reference'];

/** Why the fused kernel cannot run now; undefined where it can. */
export function fusedObstacle(): string | undefined {
  const backend = getBackend();
  const missing = missingKernels.get(backend);
  if (missing !== undefined) return missing;
  if (!getKernel(KERNELS.inference, backend)) return 'none registered';
  if (usesGpuDevice()) return 'a GPU device, whose tensors would have to be read back';
  if (engine().state.gradientDepth > 1) return 'a second-order gradient';
  return failedTrial(backend);
}

/** Why the kernels of a backend turn out not to run; they are tried once. */
function failedTrial(backend: string): string | undefined {
  const trial = kernelTrials.get(backend);
  if (trial === undefined) return undefined;
  kernelTrials.delete(backend);
  const reason = trial();
  if (reason !== undefined) missingKernels.set(backend, reason);
  return reason;
}

/**
 * Whether the fused kernel is to run, noted for `describeKernels`.
 * @throws UnsupportedError when it is asked for by name and cannot run.
 */
export function isFused(where: string, implementation: Implementation): boolean {
  const obstacle = implementation === 'reference' ? undefined : fusedObstacle();
  if (implementation === 'fused' && obstacle !== undefined) throw refusal(where, obstacle);
  const isFusedRun = implementation !== 'reference' && obstacle === undefined;
  lastRuns.set(getBackend(), isFusedRun ? 'fused' : 'reference');
  return isFusedRun;
}

/**
 * For a layer that is not built yet, since one that throws should not be.
 * @throws UnsupportedError when a fused kernel is asked for by name and cannot run.
 */
export function checkImplementation(where: string, implementation: Implementation): void {
  const obstacle = implementation === 'fused' ? fusedObstacle() : undefined;
  if (obstacle !== undefined) throw refusal(where, obstacle);
}

function refusal(where: string, obstacle: string): UnsupportedError {
  return new UnsupportedError(
    message(
      where,
      'implementation',
      `a fused kernel on the ${getBackend()} backend`,
      obstacle,
      `Use implementation: 'auto' or 'reference'`,
    ),
  );
}

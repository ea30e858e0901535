import { getBackend } from '@tensorflow/tfjs-core';
import { message } from '../check.js';
import { UnsupportedError } from '../errors.js';
import { kernelsOf } from '../kernels/contract.js';

/** Which code computes a recurrent op: the fused kernel of the backend, the composed tf ops, or the better of both. */
export type Implementation = 'auto' | 'fused' | 'reference';

export const IMPLEMENTATIONS: readonly Implementation[] = ['auto', 'fused', 'reference'];

export const NO_KERNELS = 'this backend has no fused kernel';

/** Why the kernels of a backend run no call at all; undefined where they run some. */
export function obstacleOf(backendName: string): string | undefined {
  const kernels = kernelsOf(backendName);
  return kernels ? kernels.supports() : NO_KERNELS;
}

/**
 * For a layer that is not built yet, since one that throws should not be.
 * @throws UnsupportedError when a fused kernel is asked for by name and the backend has none.
 */
export function checkImplementation(where: string, implementation: Implementation): void {
  const obstacle = implementation === 'fused' ? obstacleOf(getBackend()) : undefined;
  if (obstacle !== undefined) throw refusal(where, obstacle);
}

export function refusal(where: string, obstacle: string): UnsupportedError {
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

/** What a call ran. */
export interface Run {
  readonly implementation: 'fused' | 'reference';
  /** Why it was the reference. */
  readonly reason: string | undefined;
}

const lastRuns = new Map<string, Run>();

/** Notes what a call on the active backend runs, for `describeKernels`. */
export function noteRun(implementation: Run['implementation'], reason?: string): void {
  const backend = getBackend();
  const last = lastRuns.get(backend);
  if (last?.implementation === implementation && last.reason === reason) return;
  lastRuns.set(backend, { implementation, reason });
}

/** What the last call on a backend ran; undefined before the first. */
export function lastRunOn(backendName: string): Run | undefined {
  return lastRuns.get(backendName);
}

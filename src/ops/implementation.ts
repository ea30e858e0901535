import { getBackend } from '@tensorflow/tfjs-core';
import { message } from '../check.js';
import { UnsupportedError } from '../errors.js';

/** Which code computes a recurrent op: the fused kernel of the backend, the composed tf ops, or the better of both. */
export type Implementation = 'auto' | 'fused' | 'reference';

export const IMPLEMENTATIONS: readonly Implementation[] = ['auto', 'fused', 'reference'];

/** @throws UnsupportedError when a fused kernel is asked for by name: no backend has one yet. */
export function checkImplementation(where: string, implementation: Implementation): void {
  if (implementation !== 'fused') return;
  throw new UnsupportedError(
    message(
      where,
      'implementation',
      `a fused kernel on the ${getBackend()} backend`,
      'none registered',
      `Use implementation: 'auto' or 'reference'`,
    ),
  );
}

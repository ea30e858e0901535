import * as tf from '@tensorflow/tfjs';
import { kernelsOf } from '../../src/kernels/contract.js';

/** Runs `body` while the kernels of the active backend decline every call. */
export function whileDeclining(reason: string, body: () => void): void {
  const declining = kernelsOf(tf.getBackend()).map((kernels) => ({ kernels, supports: kernels.supports }));
  for (const { kernels } of declining) kernels.supports = () => reason;
  try {
    body();
  } finally {
    for (const { kernels, supports } of declining) kernels.supports = supports;
  }
}

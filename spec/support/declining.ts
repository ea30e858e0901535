import * as tf from '@tensorflow/tfjs';
import { kernelsOf, type RecurrentKernels } from '../../src/kernels/contract.js';

/** Runs `body` while the kernels of the active backend decline every call. */
export function whileDeclining(reason: string, body: () => void): void {
  const kernels = kernelsOf(tf.getBackend()) as RecurrentKernels;
  const { supports } = kernels;
  kernels.supports = () => reason;
  try {
    body();
  } finally {
    kernels.supports = supports;
  }
}

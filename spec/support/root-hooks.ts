import './relaxed-simd.js';
import * as tf from '@tensorflow/tfjs';

/** Suites outside `describeEachBackend` run on cpu: tfjs's default backend depends on the machine. */
export const mochaHooks = {
  async beforeAll(): Promise<void> {
    await tf.setBackend('cpu');
  },
};

import './relaxed-simd.js';
import * as tf from '@tensorflow/tfjs';

/** Suites outside `describeEachBackend` run on cpu. Which backend would be chosen by itself depends on the machine. */
export const mochaHooks = {
  async beforeAll(): Promise<void> {
    await tf.setBackend('cpu');
  },
};

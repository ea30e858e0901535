import type * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { maxDifference } from './parity.js';

/** The same shape, and values that differ by at most `tolerance`. */
export async function expectSame(actual: tf.Tensor, expected: tf.Tensor, tolerance = 0): Promise<void> {
  expect(actual.shape).to.deep.equal(expected.shape);
  expect(maxDifference(await actual.data(), await expected.data())).to.be.at.most(tolerance);
}

/** The same but for the rounding of float32. */
export async function expectClose(actual: tf.Tensor, expected: tf.Tensor): Promise<void> {
  await expectSame(actual, expected, 1e-6);
}

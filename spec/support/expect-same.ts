import type * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { maxDifference } from './parity.js';

/** The same shape, and values that differ by at most `tolerance`. */
export function expectSame(actual: tf.Tensor, expected: tf.Tensor, tolerance = 0): void {
  expect(actual.shape).to.deep.equal(expected.shape);
  expect(maxDifference(actual.dataSync(), expected.dataSync())).to.be.at.most(tolerance);
}

/** The same but for the rounding of float32. */
export function expectClose(actual: tf.Tensor, expected: tf.Tensor): void {
  expectSame(actual, expected, 1e-6);
}

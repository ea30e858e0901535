import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import '../../src/program/index.js';
import { describeEachBackend } from '../support/backends.js';
import { tidied } from '../support/tidied.js';

describeEachBackend('tensorScatterUpdate', () => {
  it('leaves the tensor as it is, and returns another', async () => {
    await tidied(async () => {
      const x = tf.tensor1d([1, 2, 3]);
      const ids = tf.tensor2d([[2], [0]], undefined, 'int32');
      const updated = tf.tensorScatterUpdate(x, ids, tf.tensor1d([5, 6]));
      expect(Array.from(await updated.data())).to.deep.equal([6, 2, 5]);
      expect(Array.from(await x.data())).to.deep.equal([1, 2, 3]);
    });
  });

  it('replaces what is infinite, by one of the rows for its place', async () => {
    await tidied(async () => {
      const x = tf.fill([3, 2], -Infinity);
      const ids = tf.tensor2d([[2], [0], [2]], undefined, 'int32');
      const updated = tf.tensorScatterUpdate(x, ids, tf.tensor2d([5, 6, 7, 8, 5, 6], [3, 2]));
      expect(Array.from(await updated.data())).to.deep.equal([7, 8, -Infinity, -Infinity, 5, 6]);
    });
  });

  it('takes places by several axes', async () => {
    await tidied(async () => {
      const ids = tf.tensor2d([1, 2, 0, 1], [2, 2], 'int32');
      const updated = tf.tensorScatterUpdate(tf.zeros([2, 3], 'int32'), ids, tf.tensor1d([5, 6], 'int32'));
      expect(Array.from(await updated.data())).to.deep.equal([0, 6, 0, 0, 0, 5]);
    });
  });
});

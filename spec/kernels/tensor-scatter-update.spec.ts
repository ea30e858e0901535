import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import '../../src/kernels/index.js';
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
});

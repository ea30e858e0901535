import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { sliceRows, unstackRows } from '../../src/ops/rows.js';
import { describeEachBackend } from '../support/backends.js';
import { tidied } from '../support/tidied.js';

describeEachBackend('rows', () => {
  const numbers = (shape: [number, number, number]) =>
    tf.range(0, shape[0] * shape[1] * shape[2]).reshape(shape) as tf.Tensor3D;

  it('are the slices along the first axis', async () => {
    await tidied(async () => {
      const x = numbers([3, 2, 2]);
      expect(await sliceRows(x, 1, 2).array()).to.deep.equal((await x.array()).slice(1));
      expect(await Promise.all(unstackRows(x).map((row) => row.array()))).to.deep.equal(await x.array());
    });
  });

  it('have gradients, for a single row too', async () => {
    await tidied(async () => {
      for (const count of [1, 3]) {
        const x = numbers([count, 2, 2]);
        const square = (y: tf.Tensor) => tf.sum(tf.addN(unstackRows(y).map((row) => tf.square(row))));
        expect(await tf.grad(square)(x).array()).to.deep.equal(await tf.mul(x, 2).array());
        const last = (y: tf.Tensor) => tf.sum(sliceRows(y as tf.Tensor3D, count - 1, 1));
        expect(Array.from(await tf.grad(last)(x).data()).reduce((sum, value) => sum + value)).to.equal(4);
      }
    });
  });

  it('are empty for an empty batch, also of a tensor that an op made', () => {
    tf.tidy(() => {
      const x = tf.stack([tf.zeros([0, 3]), tf.zeros([0, 3])]) as tf.Tensor3D;
      expect(sliceRows(x, 1, 1).shape).to.deep.equal([1, 0, 3]);
      expect(unstackRows(x).map((row) => row.shape)).to.deep.equal([
        [0, 3],
        [0, 3],
      ]);
      expect(tf.grad((y) => unstackRows(y as tf.Tensor)[1])(x, tf.zeros([0, 3])).shape).to.deep.equal([
        2, 0, 3,
      ]);
    });
  });
});

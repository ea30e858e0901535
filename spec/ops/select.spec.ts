import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { selectOrZero } from '../../src/ops/select.js';
import { describeEachBackend } from '../support/backends.js';
import { tidied } from '../support/tidied.js';

describeEachBackend('selectOrZero', () => {
  it('reads neither value nor gradient of the unselected side', async () => {
    await tidied(async () => {
      const condition = tf.tensor2d([[true], [false]], [2, 1], 'bool');
      const x = tf.tensor2d([
        [1, 2],
        [Number.NaN, Number.POSITIVE_INFINITY],
      ]);
      expect(await selectOrZero(condition, x).array()).to.deep.equal([
        [1, 2],
        [0, 0],
      ]);
      const dy = tf.tensor2d([
        [5, 6],
        [Number.NaN, Number.POSITIVE_INFINITY],
      ]);
      const dx = tf.grad((y) => selectOrZero(condition, y as tf.Tensor))(x, dy);
      expect(await dx.array()).to.deep.equal([
        [5, 6],
        [0, 0],
      ]);
    });
  });

  it('has a second-order gradient', async () => {
    await tidied(async () => {
      const condition = tf.tensor1d([true, false], 'bool');
      const first = tf.grad((x) => tf.sum(selectOrZero(condition, tf.pow(x as tf.Tensor, tf.scalar(3)))));
      const second = tf.grad((x) => tf.sum(first(x as tf.Tensor)))(tf.tensor1d([2, 5]));
      expect(Array.from(await second.data())).to.satisfy(
        ([a, b]: number[]) => Math.abs(a - 12) < 1e-4 && b === 0,
      );
    });
  });
});

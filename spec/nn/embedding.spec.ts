import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import '../../src/kernels/index.js';
import { embedding } from '../../src/nn/embedding.js';
import { describeEachBackend } from '../support/backends.js';

describeEachBackend('embedding', () => {
  it('touches all rows of the weight once, in the sum that is their gradient', async () => {
    const [ids, weight, dy] = [
      tf.tensor2d(
        [
          [1, 3],
          [1, 4],
        ],
        undefined,
        'int32',
      ),
      tf.zeros([5, 2]),
      tf.ones([2, 2, 2]),
    ];
    const { kernels, result } = await tf.profile(() =>
      tf.grad((table) => embedding(ids, table as tf.Tensor2D))(weight, dy),
    );
    const whole = kernels
      .filter(({ outputShapes }) => `${outputShapes[0]}` === '5,2')
      .map(({ name }) => name);
    // tf.gather's gradient is Transpose, UnsortedSegmentSum, Transpose.
    expect(whole.filter((name) => name !== 'Identity')).to.deep.equal(['UnsortedSegmentSum']);
    expect(Array.from(await (result as tf.Tensor).data())).to.deep.equal([0, 0, 2, 2, 0, 0, 1, 1, 1, 1]);
    tf.dispose([ids, weight, dy, result as tf.Tensor]);
  });
});

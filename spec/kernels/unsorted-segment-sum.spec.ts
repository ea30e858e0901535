import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru } from '../../src/index.js';
import { describeEachBackend } from '../support/backends.js';
import { tidied } from '../support/tidied.js';

describeEachBackend('unsortedSegmentSum', (backend) => {
  it('sums the rows of each segment, leaves empty segments zero and drops ids out of range', async () => {
    await tidied(async () => {
      const x = tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [5, 2]);
      // TensorFlow's own kernel refuses ids above the range, and that of webgpu wraps them: there only the negative one is tried.
      const above = ['tensorflow', 'webgpu'].includes(backend) ? -1 : 4;
      const ids = tf.tensor1d([2, 0, 2, -1, above], 'int32');
      const sums = tf.unsortedSegmentSum(x, ids, 4);
      expect(await sums.array()).to.deep.equal([
        [3, 4],
        [0, 0],
        [6, 8],
        [0, 0],
      ]);
    });
  });

  it('sums vectors and empty inputs', async () => {
    await tidied(async () => {
      const ids = tf.tensor1d([1, 1, 0], 'int32');
      expect(await tf.unsortedSegmentSum(tf.tensor1d([1, 2, 4]), ids, 2).array()).to.deep.equal([4, 3]);
    });
  });

  it('trains embedding -> gru -> dense in model.fit', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.embedding({ inputDim: 7, outputDim: 5, inputLength: 4, maskZero: true }),
        gru({ hiddenSize: 6, returnSequences: false, seed: 3 }),
        tf.layers.dense({ units: 1, activation: 'sigmoid' }),
      ],
    });
    model.compile({ optimizer: tf.train.adam(0.05), loss: 'binaryCrossentropy' });
    const x = tf.tensor2d([1, 2, 3, 0, 4, 5, 0, 0, 6, 1, 2, 3, 5, 0, 0, 0], [4, 4], 'int32');
    const y = tf.tensor2d([1, 0, 1, 0], [4, 1]);
    const before = await model.layers[0].getWeights()[0].array();
    const { history } = await model.fit(x, y, { epochs: 12, batchSize: 3, verbose: 0, shuffle: false });
    const losses = history.loss as number[];
    expect(losses.at(-1)).to.be.below((losses[0] as number) * 0.8);
    expect(await model.layers[0].getWeights()[0].array()).not.to.deep.equal(before);
    model.optimizer.dispose();
    model.dispose();
    tf.dispose([x, y]);
  });
});

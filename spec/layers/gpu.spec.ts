import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru } from '../../src/index.js';
import { describeEachBackend } from '../support/backends.js';
import { readsOnFakeGpu } from '../support/fake-gpu.js';
import { maxDifference } from '../support/parity.js';

describeEachBackend('a GRU on a GPU build', (backend) => {
  if (backend !== 'tensorflow') return;

  it('reads nothing back in forward, apply or a gradient, and computes the same', () => {
    const layer = gru({ hiddenSize: 3, numLayers: 2, bidirectional: true, returnSequences: false });
    tf.tidy(() => {
      const x = tf.randomNormal([3, 4, 2]);
      const lengths = tf.tensor1d([2, 4, 1], 'int32');
      const mask = tf.tensor2d([1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0], [3, 4], 'bool');
      const run = () => {
        const loss = (y: tf.Tensor) => tf.sum(layer.apply(y, { lengths }) as tf.Tensor);
        return [
          layer.forward(x, { lengths }).output,
          layer.apply(x, { mask }) as tf.Tensor,
          tf.grad(loss)(x),
        ];
      };
      const expected = run();
      let actual: tf.Tensor[] = [];
      const reads = readsOnFakeGpu(() => {
        actual = run();
      });
      expect(reads).to.equal(0);
      for (const [i, tensor] of actual.entries())
        expect(maxDifference(tensor.dataSync(), expected[i].dataSync())).to.be.at.most(1e-6);
    });
    layer.dispose();
  });
});

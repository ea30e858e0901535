import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru } from '../../../src/index.js';
import { host } from '../../../src/kernels/host/host.js';
import { availableBackends } from '../../support/backends.js';
import { maxDifference } from '../../support/parity.js';

describe('the fused kernel from one backend to another', () => {
  afterEach(() => tf.setBackend('cpu'));

  it('makes the first gradient of weights that inference has packed on another backend', async () => {
    const names = await availableBackends();
    for (const [from, to] of names.flatMap((a) => names.map((b) => [a, b] as const))) {
      await tf.setBackend(from);
      const layer = gru({ hiddenSize: 3, seed: 1, implementation: 'fused' });
      const reference = gru({ hiddenSize: 3, seed: 1, implementation: 'reference' });
      const x = tf.randomNormal([2, 4, 2], 0, 1, 'float32', 1);
      tf.tidy(() => void layer.forward(x));
      await tf.setBackend(to);
      tf.tidy(() => {
        const slopes = [layer, reference].map((each) => tf.grad((y) => tf.sum(each.forward(y).output))(x));
        const [actual, expected] = slopes.map((slope) => slope.dataSync()) as [Float32Array, Float32Array];
        expect(maxDifference(actual, expected), `${from} to ${to}`).to.be.at.most(1e-6);
      });
      for (const each of [layer, reference]) each.dispose();
      x.dispose();
    }
  });

  it('takes weights, inputs, states and lengths of any backend, and computes and keeps the same', async () => {
    const names = await availableBackends();
    for (const [from, to] of names.flatMap((a) => names.flatMap((b) => (a === b ? [] : [[a, b] as const])))) {
      await tf.setBackend(from);
      const layer = gru({ hiddenSize: 3, implementation: 'fused' });
      const inputs = [tf.randomNormal([2, 4, 2]), tf.randomNormal([1, 2, 3]), tf.tensor1d([4, 2], 'int32')];
      const [x, h0, lengths] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor];
      const run = () =>
        tf.tidy(() => {
          const loss = (y: tf.Tensor) => tf.sum(tf.square(layer.forward(y, { h0, lengths }).output));
          return [layer.forward(x, { h0, lengths }).output, tf.grad(loss)(x)].map((t) => t.dataSync());
        });
      const before = run();
      const used = host.floatsInUse;
      await tf.setBackend(to);
      expect(run(), `${from} to ${to}`).to.deep.equal(before);
      expect(host.floatsInUse, `${from} to ${to}`).to.equal(used);
      tf.dispose(inputs);
      layer.dispose();
    }
  });
});

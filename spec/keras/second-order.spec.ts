import * as tf from '@tensorflow/tfjs';
import { gru } from '../../src/index.js';
import { KerasGRU } from '../../src/keras/layer/keras-gru.js';
import { describeEachBackend } from '../support/backends.js';
import { expectSame } from '../support/expect-same.js';
import { tidied } from '../support/tidied.js';

/** The gradients by x of a gradient penalty, the call inside the inner gradient or outside of it. */
function penaltyGradients(call: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor): tf.Tensor[] {
  const loss = (y: tf.Tensor) => tf.sum(tf.square(y)) as tf.Scalar;
  const penalty = (slope: tf.Tensor) => tf.square(tf.sub(tf.norm(slope), 1)) as tf.Scalar;
  const inside = (z: tf.Tensor) => penalty(tf.grad((y) => loss(call(y)))(z));
  const outside = (z: tf.Tensor) => {
    const output = call(z);
    return penalty(tf.grads((y) => tf.add(loss(output), tf.mul(0, tf.sum(y))))([z])[0] as tf.Tensor);
  };
  return [inside, outside].map((f) => tf.grad(f)(x));
}

describeEachBackend('the second-order gradients of KerasGRU', () => {
  it('are those of GRU, which are compared with PyTorch, with the call inside and outside the inner gradient', async () => {
    const keras = new KerasGRU({ hiddenSize: 3, seed: 5, bidirectional: true, returnSequences: true });
    const torch = gru({ hiddenSize: 3, bidirectional: true, inputSize: 2 });
    await tidied(async () => {
      const x = tf.randomNormal([4, 4, 2], 0, 1, 'float32', 3);
      keras.apply(x);
      torch.ensureBuilt(2);
      torch.setWeights(keras.getWeights());
      const actual = penaltyGradients((y) => keras.apply(y) as tf.Tensor, x);
      const expected = penaltyGradients((y) => torch.forward(y).output, x);
      for (const [i, gradient] of actual.entries())
        await expectSame(gradient, expected[i] as tf.Tensor, 1e-5);
      // The same penalty either way.
      await expectSame(actual[1] as tf.Tensor, actual[0] as tf.Tensor, 1e-5);
    });
    keras.dispose();
    torch.dispose();
  });

  it('are those of the reference where a mask has holes', async () => {
    const mask = tf.tidy(() =>
      tf.tensor2d(
        [
          [0, 0, 1, 1],
          [1, 0, 1, 0],
        ],
        undefined,
        'bool',
      ),
    );
    await tidied(async () => {
      const x = tf.randomNormal([2, 4, 2], 0, 1, 'float32', 3);
      const [auto, reference] = (['auto', 'reference'] as const).map((implementation) => {
        const layer = new KerasGRU({ hiddenSize: 3, seed: 5, returnSequences: true, implementation });
        const gradients = penaltyGradients((y) => layer.apply(y, { mask }) as tf.Tensor, x);
        layer.dispose();
        return gradients;
      }) as [tf.Tensor[], tf.Tensor[]];
      for (const [i, gradient] of auto.entries()) await expectSame(gradient, reference[i] as tf.Tensor, 1e-5);
    });
    mask.dispose();
  });
});

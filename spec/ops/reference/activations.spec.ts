import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { sigmoid, tanh } from '../../../src/ops/reference/activations.js';
import { describeEachBackend } from '../../support/backends.js';
import { tidied } from '../../support/tidied.js';

const POINTS = [-30, -3, -0.5, 0, 0.25, 2, 30];

/** Values and derivatives in double precision, by their closed forms. */
const CLOSED_FORMS = {
  sigmoid: (x: number) => {
    const y = 1 / (1 + Math.exp(-x));
    return [y, y * (1 - y), y * (1 - y) * (1 - 2 * y), y * (1 - y) * (1 - 6 * y + 6 * y * y)];
  },
  tanh: (x: number) => {
    const y = Math.tanh(x);
    return [y, 1 - y * y, -2 * y * (1 - y * y), (1 - y * y) * (6 * y * y - 2)];
  },
};

describeEachBackend('activations', () => {
  for (const [name, op] of Object.entries({ sigmoid, tanh })) {
    it(`${name} has the right value and the right first three derivatives`, async () => {
      await tidied(async () => {
        const derivative = (f: (x: tf.Tensor) => tf.Tensor) => (x: tf.Tensor) =>
          tf.grad((y) => tf.sum(f(y as tf.Tensor)))(x);
        let f: (x: tf.Tensor) => tf.Tensor = op;
        for (let order = 0; order < 4; order++) {
          const values = await f(tf.tensor1d(POINTS)).data();
          for (const [i, point] of POINTS.entries())
            expect(values[i], `derivative ${order} at ${point}`).to.be.closeTo(
              CLOSED_FORMS[name as 'tanh'](point)[order],
              2e-6,
            );
          f = derivative(f);
        }
      });
    });
  }

  it('is needed: tfjs loses the part of a second derivative that goes through tf.tanh', async () => {
    await tidied(async () => {
      const f = (x: tf.Tensor) => tf.sum(tf.add(tf.tanh(x), tf.pow(x, tf.scalar(3))));
      const second = tf.grad((x) => tf.sum(tf.grad(f)(x as tf.Tensor)))(tf.tensor1d([0.5]));
      expect((await second.data())[0], 'of x^3 alone').to.be.closeTo(3, 1e-5);
    });
  });
});

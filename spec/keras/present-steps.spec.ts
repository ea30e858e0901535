import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { PresentSteps } from '../../src/keras/layer/present-steps.js';
import { describeEachBackend } from '../support/backends.js';

const MASK = [
  [0, 1, 0, 1],
  [1, 1, 1, 1],
  [0, 0, 0, 0],
  [1, 0, 0, 0],
];

function mask(): tf.Tensor2D {
  return tf.tensor2d(MASK, [4, 4], 'bool');
}

/** Row b holds 10 * b + t, so 0..3, 10..13, ... */
function numbered(): tf.Tensor3D {
  return tf.tensor3d(
    [0, 10, 20, 30].map((row) => [0, 1, 2, 3].map((step) => [row + step])),
    [4, 4, 1],
  );
}

function values(x: tf.Tensor): number[][] {
  return tf.tidy(() => tf.squeeze(x, [2]).arraySync() as number[][]);
}

describeEachBackend('present steps', () => {
  it('go to the front of each row in their order, absent ones behind them', () => {
    tf.tidy(() => {
      const steps = new PresentSteps(mask());
      expect([steps.lengths.dtype, steps.lengths.arraySync()]).to.deep.equal(['int32', [2, 4, 0, 1]]);
      expect(values(steps.toFront(numbered()))).to.deep.equal([
        [1, 3, 0, 2],
        [10, 11, 12, 13],
        [20, 21, 22, 23],
        [30, 31, 32, 33],
      ]);
    });
  });

  it('come back to where they were, absent ones with what followed', () => {
    tf.tidy(() => {
      const steps = new PresentSteps(mask());
      expect(values(steps.putBack(steps.toFront(numbered())))).to.deep.equal(values(numbered()));
    });
  });

  it('are reversed at the front of each row, absent ones stay behind them', () => {
    tf.tidy(() => {
      const steps = new PresentSteps(mask());
      expect(values(steps.reverse(steps.toFront(numbered())))).to.deep.equal([
        [3, 1, 0, 2],
        [13, 12, 11, 10],
        [20, 21, 22, 23],
        [30, 31, 32, 33],
      ]);
    });
  });

  it('hold over the absent ones behind them, and are zero before the first', () => {
    tf.tidy(() => {
      const steps = new PresentSteps(mask());
      expect(values(steps.putBackAndHold(numbered()))).to.deep.equal([
        [0, 0, 0, 1],
        [10, 11, 12, 13],
        [0, 0, 0, 0],
        [30, 30, 30, 30],
      ]);
    });
  });

  it('leave NaN of absent steps behind the present ones', () => {
    tf.tidy(() => {
      const steps = new PresentSteps(mask());
      const x = tf.where(tf.expandDims(mask(), 2), numbered(), tf.fill([4, 4, 1], Number.NaN)) as tf.Tensor3D;
      const front = values(steps.toFront(x));
      expect(front.map((row, b) => row.slice(0, [2, 4, 0, 1][b]))).to.deep.equal([
        [1, 3],
        [10, 11, 12, 13],
        [],
        [30],
      ]);
    });
  });

  it('hand gradients back one to one, and the sum where they were held', () => {
    tf.tidy(() => {
      const steps = new PresentSteps(mask());
      const dy = numbered();
      const gradient = (f: (x: tf.Tensor3D) => tf.Tensor3D) =>
        values(tf.grad((x) => tf.sum(tf.mul(f(x as tf.Tensor3D), dy)))(tf.zeros([4, 4, 1])));
      expect(gradient((x) => steps.toFront(x))).to.deep.equal(values(steps.putBack(dy)));
      expect(gradient((x) => steps.putBack(x))).to.deep.equal(values(steps.toFront(dy)));
      expect(gradient((x) => steps.putBackAndHold(x))).to.deep.equal([
        [1 + 2, 3, 0, 0],
        [10, 11, 12, 13],
        [0, 0, 0, 0],
        [30 + 31 + 32 + 33, 0, 0, 0],
      ]);
    });
  });

  it('have second derivatives', () => {
    tf.tidy(() => {
      const steps = new PresentSteps(mask());
      for (const f of [
        (x: tf.Tensor3D) => steps.toFront(x),
        (x: tf.Tensor3D) => steps.putBack(x),
        (x: tf.Tensor3D) => steps.putBackAndHold(x),
      ]) {
        const cube = (x: tf.Tensor) => tf.sum(tf.mul(tf.square(f(x as tf.Tensor3D)), f(x as tf.Tensor3D)));
        const twice = tf.grad((x) => tf.sum(tf.grad(cube)(x)))(tf.ones([4, 4, 1]));
        // d2 sum(f(x)^3) / dx2 at 1, where f only selects: 6 for each time a step is used.
        const uses = tf.grad((x) => tf.sum(f(x as tf.Tensor3D)))(tf.ones([4, 4, 1]));
        expect(values(twice)).to.deep.equal(values(tf.mul(uses, 6)));
      }
    });
  });

  it('are zeroed for rows that have none, or lack the last', () => {
    tf.tidy(() => {
      const steps = new PresentSteps(mask());
      const state = tf.tensor2d([1, 2, 3, 4], [4, 1]);
      expect(steps.zeroIfEmpty(state).arraySync()).to.deep.equal([[1], [2], [0], [4]]);
      expect(steps.zeroIfLastAbsent(state).arraySync()).to.deep.equal([[1], [2], [0], [0]]);
    });
  });
});

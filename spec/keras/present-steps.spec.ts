import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { PresentSteps } from '../../src/keras/layer/present-steps.js';
import { describeEachBackend } from '../support/backends.js';
import { tidied } from '../support/tidied.js';

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

async function values(x: tf.Tensor): Promise<number[][]> {
  return await tidied(async () => (await tf.squeeze(x, [2]).array()) as number[][]);
}

describeEachBackend('present steps', () => {
  it('go to the front of each row in their order, absent ones behind them', async () => {
    await tidied(async () => {
      const steps = new PresentSteps(mask());
      expect([steps.lengths.dtype, await steps.lengths.array()]).to.deep.equal(['int32', [2, 4, 0, 1]]);
      expect(await values(steps.toFront(numbered()))).to.deep.equal([
        [1, 3, 0, 2],
        [10, 11, 12, 13],
        [20, 21, 22, 23],
        [30, 31, 32, 33],
      ]);
    });
  });

  it('come back to where they were, absent ones with what followed', async () => {
    await tidied(async () => {
      const steps = new PresentSteps(mask());
      expect(await values(steps.putBack(steps.toFront(numbered())))).to.deep.equal(await values(numbered()));
    });
  });

  it('are reversed at the front of each row, absent ones stay behind them', async () => {
    await tidied(async () => {
      const steps = new PresentSteps(mask());
      expect(await values(steps.reverse(steps.toFront(numbered())))).to.deep.equal([
        [3, 1, 0, 2],
        [13, 12, 11, 10],
        [20, 21, 22, 23],
        [30, 31, 32, 33],
      ]);
    });
  });

  it('hold over the absent ones behind them, and are zero before the first', async () => {
    await tidied(async () => {
      const steps = new PresentSteps(mask());
      expect(await values(steps.putBackAndHold(numbered()))).to.deep.equal([
        [0, 0, 0, 1],
        [10, 11, 12, 13],
        [0, 0, 0, 0],
        [30, 30, 30, 30],
      ]);
    });
  });

  it('leave NaN of absent steps behind the present ones', async () => {
    await tidied(async () => {
      const steps = new PresentSteps(mask());
      const x = tf.where(tf.expandDims(mask(), 2), numbered(), tf.fill([4, 4, 1], Number.NaN)) as tf.Tensor3D;
      const front = await values(steps.toFront(x));
      expect(front.map((row, b) => row.slice(0, [2, 4, 0, 1][b]))).to.deep.equal([
        [1, 3],
        [10, 11, 12, 13],
        [],
        [30],
      ]);
    });
  });

  it('hand gradients back one to one, and the sum where they were held', async () => {
    await tidied(async () => {
      const steps = new PresentSteps(mask());
      const dy = numbered();
      const gradient = (f: (x: tf.Tensor3D) => tf.Tensor3D) =>
        values(tf.grad((x) => tf.sum(tf.mul(f(x as tf.Tensor3D), dy)))(tf.zeros([4, 4, 1])));
      expect(await gradient((x) => steps.toFront(x))).to.deep.equal(await values(steps.putBack(dy)));
      expect(await gradient((x) => steps.putBack(x))).to.deep.equal(await values(steps.toFront(dy)));
      expect(await gradient((x) => steps.putBackAndHold(x))).to.deep.equal([
        [1 + 2, 3, 0, 0],
        [10, 11, 12, 13],
        [0, 0, 0, 0],
        [30 + 31 + 32 + 33, 0, 0, 0],
      ]);
    });
  });

  it('have second derivatives', async () => {
    await tidied(async () => {
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
        expect(await values(twice)).to.deep.equal(await values(tf.mul(uses, 6)));
      }
    });
  });

  it('are zeroed for rows that have none, or lack the last', async () => {
    await tidied(async () => {
      const steps = new PresentSteps(mask());
      const state = tf.tensor2d([1, 2, 3, 4], [4, 1]);
      expect(await steps.zeroIfEmpty(state).array()).to.deep.equal([[1], [2], [0], [4]]);
      expect(await steps.zeroIfLastAbsent(state).array()).to.deep.equal([[1], [2], [0], [0]]);
    });
  });
});

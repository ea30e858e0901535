import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { describeEachBackend } from '../../support/backends.js';
import { EVERY_CELL, step } from '../../support/cells.js';
import { expectClose } from '../../support/expect-same.js';
import { readsOnFakeGpu } from '../../support/fake-gpu.js';
import { EVERY_LAYER, forward } from '../../support/family.js';
import { tidied } from '../../support/tidied.js';

/** Runs `body` plainly, then on a backend that reports a GPU: the values must be the same, and none may be read back. */
async function expectSameWithoutReads(body: () => tf.Tensor[]): Promise<void> {
  const expected = body();
  let actual: tf.Tensor[] = [];
  const reads = readsOnFakeGpu(() => {
    actual = body();
  });
  expect(reads).to.equal(0);
  expect(actual).to.have.length(expected.length);
  for (const [i, tensor] of actual.entries()) await expectClose(tensor, expected[i]!);
}

describeEachBackend('tf ops on a GPU of tfjs-node', (backend) => {
  if (backend !== 'tensorflow') return;

  for (const { title, make } of EVERY_LAYER) {
    it(`${title} reads nothing back in forward, apply or a gradient, and computes the same`, async () => {
      const layer = make({
        hiddenSize: 3,
        numLayers: 2,
        bidirectional: true,
        returnSequences: false,
        implementation: 'reference',
      });
      await tidied(async () => {
        const x = tf.randomNormal([3, 4, 2]);
        const lengths = tf.tensor1d([2, 4, 1], 'int32');
        const mask = tf.tensor2d([1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0], [3, 4], 'bool');
        const loss = (y: tf.Tensor) => tf.sum(layer.apply(y, { lengths }) as tf.Tensor);
        await expectSameWithoutReads(() => {
          const { output, states } = forward(layer, x, { lengths });
          return [output, ...states, layer.apply(x, { mask }) as tf.Tensor, tf.grad(loss)(x)];
        });
      });
      layer.dispose();
    });
  }

  for (const { title, make, stateNames } of EVERY_CELL) {
    it(`${title} reads nothing back in forward, apply or a gradient, and computes the same`, async () => {
      const cell = make({ hiddenSize: 3, implementation: 'reference' });
      await tidied(async () => {
        const [x, states] = [tf.randomNormal([3, 2]), stateNames.map(() => tf.randomNormal([3, 3]))];
        const loss = (y: tf.Tensor) => tf.sum(step(cell, y, states)[0]!);
        await expectSameWithoutReads(() => [
          ...step(cell, x, states),
          ...(cell.apply([x, ...states]) as tf.Tensor[]),
          tf.grad(loss)(x),
        ]);
      });
      cell.dispose();
    });
  }
});

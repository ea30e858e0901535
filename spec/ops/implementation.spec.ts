import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru, UnsupportedError } from '../../src/index.js';
import { describeEachBackend } from '../support/backends.js';

describeEachBackend('implementation', (backend) => {
  it("throws with the remedy for 'fused', and runs for 'auto' and 'reference'", () => {
    const layers = (['auto', 'reference', 'fused'] as const).map((implementation) =>
      gru({ hiddenSize: 2, seed: 1, implementation }),
    );
    for (const layer of layers.slice(0, 2)) layer.ensureBuilt(3);
    tf.tidy(() => {
      const x = tf.ones([1, 2, 3]);
      const [auto, reference] = layers.slice(0, 2).map((layer) => layer.forward(x).output.arraySync());
      expect(auto).to.deep.equal(reference);
      const before = tf.memory().numTensors;
      expect(() => layers[2].forward(x)).to.throw(
        UnsupportedError,
        `GRU: implementation: expected a fused kernel on the ${backend} backend, got none registered. ` +
          "Use implementation: 'auto' or 'reference'",
      );
      expect(layers[2].built).to.equal(false);
      expect(tf.memory().numTensors).to.equal(before);
    });
    for (const layer of layers.slice(0, 2)) layer.dispose();
  });
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { UnsupportedError } from '../../src/index.js';
import { expectSame } from '../support/expect-same.js';
import { describeEachLayer, EVERY_LAYER, forward } from '../support/family.js';

describeEachLayer('implementation', EVERY_LAYER, ({ make, module }, backend) => {
  it("throws with the remedy for 'fused', and runs for 'auto' and 'reference'", () => {
    const [auto, reference, fused] = (['auto', 'reference', 'fused'] as const).map((implementation) =>
      make({ hiddenSize: 2, seed: 1, implementation }),
    ) as [ReturnType<typeof make>, ReturnType<typeof make>, ReturnType<typeof make>];
    for (const layer of [auto, reference]) layer.ensureBuilt(3);
    tf.tidy(() => {
      const x = tf.ones([1, 2, 3]);
      expectSame(forward(auto, x).output, forward(reference, x).output);
      const before = tf.memory().numTensors;
      for (const call of [() => fused.forward(x), () => fused.apply(x)])
        expect(call).to.throw(
          UnsupportedError,
          `${module}: implementation: expected a fused kernel on the ${backend} backend, got none registered. ` +
            "Use implementation: 'auto' or 'reference'",
        );
      expect(fused.built).to.equal(false);
      expect(tf.memory().numTensors).to.equal(before);
    });
    for (const layer of [auto, reference]) layer.dispose();
  });
});

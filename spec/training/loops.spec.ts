/** Loops written by hand with tf.variableGrads and optimizer.applyGradients: clipped gradients, frozen layers. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { describeEachBackend } from '../support/backends.js';
import { maxAbs } from '../support/parity.js';
import { characterModel, fitCurve } from './character-model.js';
import { curvesFixtures } from './fixtures.js';
import { clipByGlobalNorm, trainByHand, traineeOf } from './loop.js';
import { CURVE_TOLERANCE, largestError } from './tolerance.js';

const valuesOf = (layer: tf.layers.Layer) =>
  Promise.all(layer.getWeights().map(async (weight) => [...(await weight.data())]));

describeEachBackend('a hand-written training loop, against PyTorch', () => {
  // See curves.spec.ts.
  before(() => tf.env().set('IS_TEST', false));

  for (const { cell, task, stateDict, curves, loops } of curvesFixtures()) {
    it(`has the loss curve of ${cell} without model.fit`, async () => {
      const model = characterModel(cell, stateDict);
      const { options, losses } = curves.sgd!;
      const curve = await trainByHand(traineeOf(model), task, options, 20);
      expect(largestError(curve, losses.data)).to.be.at.most(CURVE_TOLERANCE);
      model.dispose();
    });

    it(`clips the gradients of ${cell} by their global norm as torch.nn.utils.clip_grad_norm_ does`, async () => {
      const { options, losses, norms, maxNorm } = loops.clipNorm;
      const model = characterModel(cell, stateDict);
      const found: number[] = [];
      const curve = await trainByHand(traineeOf(model), task, options, losses.data.length, async (grads) => {
        const { clipped, norm } = clipByGlobalNorm(grads, maxNorm);
        found.push((await norm.data())[0]!);
        return clipped;
      });
      expect(largestError(found, norms.data)).to.be.at.most(CURVE_TOLERANCE);
      expect(largestError(curve, losses.data)).to.be.at.most(CURVE_TOLERANCE);
      model.dispose();
    });

    it(`clips the gradients of ${cell} with tf.clipByValue as torch.nn.utils.clip_grad_value_ does`, async () => {
      const { options, losses, clipValue } = loops.clipValue;
      const model = characterModel(cell, stateDict);
      let largest = 0;
      const curve = await trainByHand(traineeOf(model), task, options, losses.data.length, async (grads) => {
        const clipped: tf.NamedTensorMap = {};
        for (const [name, gradient] of Object.entries(grads)) {
          largest = Math.max(largest, maxAbs(await gradient.data()));
          clipped[name] = tf.clipByValue(gradient, -clipValue, clipValue);
        }
        return clipped;
      });
      expect(largest).to.be.above(clipValue);
      expect(largestError(curve, losses.data)).to.be.at.most(CURVE_TOLERANCE);
      model.dispose();
    });

    it(`trains what is around a loaded ${cell} whose trainable is false, with model.fit`, async () => {
      const { options, losses, module } = loops.frozen;
      const model = characterModel(cell, stateDict);
      const layer = model.getLayer(module);
      layer.trainable = false;
      const before = await valuesOf(layer);
      const curve = await fitCurve(model, task, options, losses.data.length);
      expect(largestError(curve, losses.data)).to.be.at.most(CURVE_TOLERANCE);
      expect(await valuesOf(layer)).to.deep.equal(before);
      model.dispose();
    });

    it(`trains what is around a frozen ${cell} in a loop over model.trainableWeights`, async () => {
      const { options, losses, module } = loops.frozen;
      const model = characterModel(cell, stateDict);
      const layer = model.getLayer(module);
      layer.trainable = false;
      expect(layer.trainableWeights).to.deep.equal([]);
      const before = await valuesOf(layer);
      const curve = await trainByHand(traineeOf(model), task, options, losses.data.length);
      expect(largestError(curve, losses.data)).to.be.at.most(CURVE_TOLERANCE);
      expect(await valuesOf(layer)).to.deep.equal(before);
      model.dispose();
    });

    it(`goes on with torch's curve of ${cell} once trainable is true again`, async () => {
      const { options, losses } = curves.sgd!;
      const model = characterModel(cell, stateDict);
      const layer = model.getLayer(loops.frozen.module);
      layer.trainable = false;
      layer.trainable = true;
      const curve = await fitCurve(model, task, options, 10);
      expect(largestError(curve, losses.data)).to.be.at.most(CURVE_TOLERANCE);
      model.dispose();
    });
  }
});

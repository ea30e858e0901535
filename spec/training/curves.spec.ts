import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { toStateDict } from '../../src/index.js';
import { describeEachBackend } from '../support/backends.js';
import { characterModel, evaluate, fitCurve } from './character-model.js';
import { curvesFixtures } from './fixtures.js';
import { CURVE_TOLERANCE, largestError, relativeError } from './tolerance.js';

describeEachBackend('200 updates of model.fit, against PyTorch', () => {
  // The check for leaks inside kernels counts what tf.losses.softmaxCrossEntropy saves for its gradient (tfjs 4.22).
  before(() => tf.env().set('IS_TEST', false));

  for (const { cell, task, stateDict, curves } of curvesFixtures()) {
    for (const [name, { options, losses, heldOutLoss: expected }] of Object.entries(curves)) {
      it(`have the loss curve of ${cell} under ${name}, and its loss on held-out text`, async () => {
        const model = characterModel(cell, stateDict);
        const curve = await fitCurve(model, task, options);
        expect(curve).to.have.length(200);
        expect(largestError(curve, losses.data)).to.be.at.most(CURVE_TOLERANCE);
        expect(relativeError(await evaluate(model, task), expected)).to.be.at.most(CURVE_TOLERANCE);
        model.dispose();
      });
    }
  }
});

describe('a trained model', () => {
  const { cell, task, stateDict, curves } = curvesFixtures()[0]!;
  const { options, losses } = curves.adam!;

  it('is exported under the keys it was loaded from, and evaluates the same where that is loaded', async () => {
    const trained = characterModel(cell, stateDict);
    await fitCurve(trained, task, options, 5);
    const exported = await toStateDict(trained);
    expect([...exported.keys()]).to.deep.equal([...stateDict.keys()]);
    const loaded = characterModel(cell, exported);
    expect(await evaluate(loaded, task)).to.equal(await evaluate(trained, task));
    for (const model of [trained, loaded]) model.dispose();
  });

  it("leaves torch's curve by ten tolerances with tf.train.adam's own epsilon of 1e-7", async () => {
    const model = characterModel(cell, stateDict);
    const curve = await fitCurve(model, task, { ...options, eps: tf.backend().epsilon() });
    expect(largestError(curve, losses.data)).to.be.above(10 * CURVE_TOLERANCE);
    model.dispose();
  });
});

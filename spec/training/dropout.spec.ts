/** Dropout draws other numbers than PyTorch: the specs compare their distribution, and when dropout acts. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { loadStateDict } from '../../src/index.js';
import { describeEachBackend } from '../support/backends.js';
import { expectForward, maxAbs, toTensor } from '../support/parity.js';
import { tidied } from '../support/tidied.js';
import { type DropoutFixture, dropoutFixtures } from './fixtures.js';
import { constantLayer, type RecurrentLayer, recurrent } from './layers.js';
import { CURVE_TOLERANCE, largestError } from './tolerance.js';

const DRAWS = 4096;

/**
 * How many standard errors a mean or a variance of so many draws may be from torch's. A right layer exceeds six once
 * in 5e8 comparisons; there are 40 for a cell and a backend.
 */
const STANDARD_ERRORS = 6;

/** The recurrent layer of a fixture, loaded. The caller disposes it. */
function loadedLayer({ cell, stateDict }: DropoutFixture, dropout: number): RecurrentLayer {
  const layer = recurrent(cell, stateDict, { name: 'rnn', dropout });
  loadStateDict(layer, stateDict, { prefix: 'rnn' });
  return layer;
}

/** The largest distance to torch's mean and variance of any element, in standard errors. */
async function distance(
  layer: RecurrentLayer,
  { x, some: { draws, moments } }: DropoutFixture,
): Promise<{ mean: number; variance: number }> {
  return await tidied(async () => {
    const row = tf.slice(toTensor(x), 0, 1);
    // Each row draws for itself.
    const { output } = layer.forward(tf.tile(row, [DRAWS, 1, 1]), { training: true });
    const { mean, variance } = tf.moments(output, 0);
    const [means, variances] = [await mean.data(), await variance.data()];
    const shares = 1 / DRAWS + 1 / draws;
    const [expected, spread, fourth] = [moments.mean.data, moments.variance.data, moments.fourth.data];
    return {
      mean: maxAbs(means.map((value, i) => (value - expected[i]!) / Math.sqrt(spread[i]! * shares))),
      variance: maxAbs(
        variances.map(
          (value, i) => (value - spread[i]!) / Math.sqrt((fourth[i]! - spread[i]! ** 2) * shares),
        ),
      ),
    };
  });
}

/** The layer and a dense one on its last output, loaded, with a dropout of 1. The caller disposes the model. */
function regression({ cell, stateDict }: DropoutFixture): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      recurrent(cell, stateDict, { name: 'rnn', dropout: 1, returnSequences: false, inputShape: [4, 3] }),
      tf.layers.dense({ name: 'fc', units: 1 }),
    ],
  });
  loadStateDict(model, stateDict);
  return model;
}

describeEachBackend('dropout between layers, against PyTorch', () => {
  for (const fixture of dropoutFixtures()) {
    const { cell, some, all, constant, x, y } = fixture;

    it(`has the mean and the variance that ${cell} has at every step and unit`, async () => {
      const layer = loadedLayer(fixture, some.dropout);
      const { mean, variance } = await distance(layer, fixture);
      expect(mean).to.be.below(STANDARD_ERRORS);
      expect(variance).to.be.below(STANDARD_ERRORS);
      layer.dispose();
    });

    for (const dropout of [0, some.dropout - 0.1, some.dropout + 0.1])
      it(`has another variance than ${cell} with a probability of ${dropout.toFixed(2)}`, async () => {
        const layer = loadedLayer(fixture, dropout);
        expect((await distance(layer, fixture)).variance).to.be.above(STANDARD_ERRORS);
        layer.dispose();
      });

    it(`acts in training alone, as in ${cell}: forward, apply, model.apply and model.predict`, async () => {
      const layer = loadedLayer(fixture, 1);
      const model = regression(fixture);
      const dense = model.getLayer('fc');
      await tidied(async () => {
        const input = toTensor(x);
        const lastOf = (output: tf.Tensor) => tf.slice(output, [0, 3, 0], [-1, 1, -1]).squeeze([1]);
        const outputs = (training?: boolean) => [
          dense.apply(lastOf(layer.forward(input, { training }).output)) as tf.Tensor,
          dense.apply(lastOf(layer.apply(input, { training }) as tf.Tensor)) as tf.Tensor,
          model.apply(input, { training }) as tf.Tensor,
        ];
        for (const output of outputs(true)) await expectForward(output, all.inTraining, 'training: true');
        for (const output of outputs(false)) await expectForward(output, all.inEvaluation, 'training: false');
        for (const output of outputs()) await expectForward(output, all.inEvaluation, 'training left out');
        await expectForward(model.predict(input) as tf.Tensor, all.inEvaluation, 'predict');
      });
      for (const one of [layer, model]) one.dispose();
    });

    it(`acts in model.fit and not in model.evaluate: the losses of ${cell} in both modes`, async () => {
      const model = regression(fixture);
      const optimizer = tf.train.sgd(all.learningRate);
      model.compile({ optimizer, loss: 'meanSquaredError' });
      const [input, target] = [toTensor(x), toTensor(y)];
      const [losses, inEvaluation]: [number[], number[]] = [[], []];
      for (let i = 0; i < all.losses.data.length; i++) {
        inEvaluation.push(
          await tidied(async () => (await (model.evaluate(input, target) as tf.Scalar).data())[0]!),
        );
        const { history } = await model.fit(input, target, { epochs: 1, verbose: 0 });
        losses.push(history.loss![0] as number);
      }
      expect(largestError(losses, all.losses.data)).to.be.at.most(CURVE_TOLERANCE);
      expect(largestError(inEvaluation, all.lossesInEvaluation.data)).to.be.at.most(CURVE_TOLERANCE);
      tf.dispose([input, target]);
      optimizer.dispose();
      model.dispose();
    });

    for (const dropout of [0, 0.276, 0.731, 1])
      it(`passes PyTorch's test_RNN_dropout for ${cell} with a probability of ${dropout}`, async () => {
        const layer = constantLayer(cell, constant, dropout);
        await tidied(async () => {
          // The original has one row. With five, 20% of the mean are more than eight standard errors.
          const input = tf.ones([5, 1, constant.inputSize]);
          for (const training of [true, false]) {
            const { output } = layer.forward(input, { training });
            const values = tf.reshape(output, [5, constant.hiddenSize]);
            const [least, most] = (await Promise.all(
              [tf.min(values, 1), tf.max(values, 1)].map(async (row) => [...(await row.data())]),
            )) as [number[], number[]];
            for (const [row, value] of least.entries()) expect(most[row]).to.be.closeTo(value, 1e-5 * value);
            const mean = least.reduce((sum, value) => sum + value, 0) / least.length;
            if (!training || dropout === 0) expect(mean).to.be.closeTo(constant.ofAll, 1e-5 * constant.ofAll);
            else if (dropout === 1) expect(mean).to.equal(constant.ofNothing);
            else expect(mean).to.be.within(constant.of80Percent, constant.of120Percent);
          }
        });
        layer.dispose();
      });
  }
});

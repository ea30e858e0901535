import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { loadStateDict, toStateDict } from '../../src/index.js';
import { describeEachBackend } from '../support/backends.js';
import type { FloatTensor } from '../support/fixtures.js';
import { expectGradient } from '../support/gradients.js';
import { maxDifference, toTensor } from '../support/parity.js';
import { tidied } from '../support/tidied.js';
import { FORWARD_TOLERANCE } from '../support/tolerance.js';
import { type SharedFixture, sharedFixtures } from './fixtures.js';
import { recurrent } from './layers.js';
import { variablesOf } from './loop.js';
import { CURVE_TOLERANCE, largestError } from './tolerance.js';

/** A functional model that applies its one recurrent layer to both inputs. */
function pairModel({ cell, stateDict, a, b }: SharedFixture): tf.LayersModel {
  const encoder = recurrent(cell, stateDict, { name: 'encoder', returnSequences: false });
  const inputs = [a, b].map(({ shape }) => tf.input({ shape: shape.slice(1) }));
  const read = tf.layers.concatenate().apply(inputs.map((x) => encoder.apply(x) as tf.SymbolicTensor));
  const outputs = tf.layers.dense({ name: 'fc', units: 1 }).apply(read) as tf.SymbolicTensor;
  const model = tf.model({ inputs, outputs });
  loadStateDict(model, stateDict);
  return model;
}

/** Each of the two uses counts as a reference to the layer, and a model releases only one (tfjs 4.22). */
function disposePair(model: tf.LayersModel): void {
  model.dispose();
  model.getLayer('encoder').dispose();
}

/** By torch's names and in its layout. */
function torchGradients(model: tf.LayersModel, gradients: tf.NamedTensorMap): Map<string, tf.Tensor> {
  const named = model.layers.flatMap((layer) =>
    layer.trainableWeights.map((weight) => {
      const name = weight.originalName.split('/').at(-1)!;
      const gradient = gradients[(weight.read() as tf.Variable).name]!;
      return name === 'kernel'
        ? ([`${layer.name}.weight`, tf.transpose(gradient)] as const)
        : ([`${layer.name}.${name}`, gradient] as const);
    }),
  );
  return new Map(named);
}

/** A trained model's weights against torch's after the same updates. */
async function expectTrained(model: tf.LayersModel, { trained }: SharedFixture): Promise<void> {
  const found = await toStateDict(model);
  expect([...found.keys()]).to.deep.equal([...trained.stateDict.keys()]);
  for (const [key, { data }] of trained.stateDict)
    expect(maxDifference(found.get(key)!.data as Float32Array, data as Float32Array), key).to.be.below(
      FORWARD_TOLERANCE,
    );
}

describeEachBackend('a layer applied twice in a functional model, against PyTorch', () => {
  for (const fixture of sharedFixtures()) {
    const { cell, gradients, losses, learningRate, stateDict } = fixture;
    const tensors = () =>
      [fixture.a, fixture.b, fixture.y].map(toTensor) as [tf.Tensor, tf.Tensor, tf.Tensor];

    it(`has the summed gradients of ${cell}`, async () => {
      const model = pairModel(fixture);
      await tidied(async () => {
        const [a, b, y] = tensors();
        const loss = () => tf.losses.meanSquaredError(y, model.apply([a, b]) as tf.Tensor) as tf.Scalar;
        const found = torchGradients(model, tf.variableGrads(loss, variablesOf(model)).grads);
        expect([...found.keys()]).to.have.members([...stateDict.keys()]);
        for (const [key, gradient] of found)
          await expectGradient(gradient, gradients[key] as FloatTensor, key);
      });
      disposePair(model);
    });

    it(`learns as ${cell} does with model.fit`, async () => {
      const model = pairModel(fixture);
      const optimizer = tf.train.sgd(learningRate);
      model.compile({ optimizer, loss: 'meanSquaredError' });
      const [a, b, y] = tensors();
      const { history } = await model.fit([a, b], y, {
        epochs: losses.data.length,
        shuffle: false,
        verbose: 0,
      });
      expect(largestError(history.loss as number[], losses.data)).to.be.at.most(CURVE_TOLERANCE);
      await expectTrained(model, fixture);
      tf.dispose([a, b, y]);
      optimizer.dispose();
      disposePair(model);
    });

    it(`learns as ${cell} does with model.trainOnBatch`, async () => {
      const model = pairModel(fixture);
      const optimizer = tf.train.sgd(learningRate);
      model.compile({ optimizer, loss: 'meanSquaredError' });
      const [a, b, y] = tensors();
      const curve: number[] = [];
      for (let i = 0; i < losses.data.length; i++)
        curve.push((await model.trainOnBatch([a, b], y)) as number);
      expect(largestError(curve, losses.data)).to.be.at.most(CURVE_TOLERANCE);
      await expectTrained(model, fixture);
      tf.dispose([a, b, y]);
      optimizer.dispose();
      disposePair(model);
    });
  }
});

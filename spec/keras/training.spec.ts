import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { loadKerasModel } from '../../src/keras/index.js';
import { describeEachBackend } from '../support/backends.js';
import { tidied } from '../support/tidied.js';
import { disposeModel, handlerOf, inputTensors, kerasFixture } from './fixtures.js';

async function weightsOf(model: tf.LayersModel): Promise<Map<string, number[]>> {
  const values = new Map<string, number[]>();
  for (const weight of model.weights) values.set(weight.originalName, Array.from(await weight.read().data()));
  return values;
}

describeEachBackend('training a Keras model', () => {
  it('changes every weight but those of a frozen layer, and leaves no tensor behind', async () => {
    const fixture = kerasFixture('3', 'mixed');
    const model = await loadKerasModel(handlerOf(fixture));
    expect(model.getLayer('frozen').trainable).to.equal(false);
    expect(model.getLayer('regularized').trainable).to.equal(true);
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    const before = await weightsOf(model);
    const [x] = inputTensors(fixture.calls[0]);
    const y = tf.tensor2d([1, 0, 0, 1], [2, 2]);
    const train = () => model.fit(x, y, { epochs: 1, verbose: 0 });
    const { history } = await train();
    expect(history.loss[0]).to.be.a('number').and.satisfy(Number.isFinite);
    for (const [name, values] of await weightsOf(model))
      if (name.startsWith('frozen/')) expect(values, name).to.deep.equal(before.get(name));
      else expect(values, name).not.to.deep.equal(before.get(name));
    const tensors = tf.memory().numTensors;
    await train();
    expect(tf.memory().numTensors).to.equal(tensors);
    tf.dispose([x, y]);
    model.optimizer.dispose();
    disposeModel(model);
  });

  it('has the regularizers of Keras, and its dropout in training alone', async () => {
    const fixture = kerasFixture('2', 'mixed');
    const model = await loadKerasModel(handlerOf(fixture));
    expect(model.getLayer('regularized').getConfig()).to.deep.include({ dropout: 0.25 });
    const values = await weightsOf(model);
    const sum = (name: string, f: (value: number) => number) =>
      (values.get(`regularized/${name}`) as number[]).reduce((total, value) => total + f(value), 0);
    const square = (value: number) => value * value;
    const bias = ['bias_ih_l0', 'bias_hh_l0'].map(
      (name) => 0.03 * sum(name, Math.abs) + 0.04 * sum(name, square),
    );
    const expected =
      0.01 * sum('weight_ih_l0', square) + 0.02 * sum('weight_hh_l0', Math.abs) + bias[0] + bias[1];
    await tidied(async () => {
      const losses = model.calculateLosses();
      expect(await tf.addN(losses).array()).to.be.closeTo(expected, 1e-5);
    });
    disposeModel(model);
  });

  it('goes on behind a mask with holes, padding in front and empty rows', async () => {
    const fixture = kerasFixture('3', 'tagger');
    const model = await loadKerasModel(handlerOf(fixture));
    model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
    const [ids] = inputTensors(fixture.calls[0]);
    const y = tf.zeros([5, 5, 2]);
    const { history } = await model.fit(ids, y, { epochs: 8, batchSize: 5, verbose: 0 });
    const losses = history.loss as number[];
    expect(losses.at(-1)).to.be.below((losses[0] as number) * 0.7);
    tf.dispose([ids, y]);
    model.optimizer.dispose();
    disposeModel(model);
  });
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { findLeaves } from '../../src/models/leaves.js';

const shapesOf = (layer: tf.layers.Layer) =>
  findLeaves('f', layer)
    .flatMap(({ parameters }) => parameters)
    .map(({ shape }) => shape);

describe('parameters of leaves', () => {
  before(() => tf.setBackend('cpu'));

  it('leaves open what an unbuilt layer does not tell', () => {
    expect(shapesOf(tf.layers.dense({ units: 2 }))).to.deep.equal([[null, 2], [2]]);
  });

  it('takes sizes from the inputShape of an unbuilt layer', () => {
    expect(shapesOf(tf.layers.dense({ units: 2, inputShape: [7, 3] }))).to.deep.equal([[3, 2], [2]]);
  });

  it('takes sizes from the weights of a built layer', () => {
    const layer = tf.layers.dense({ units: 2 });
    tf.tidy(() => void layer.apply(tf.zeros([1, 5])));
    expect(shapesOf(layer)).to.deep.equal([[5, 2], [2]]);
    layer.dispose();
  });
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { moduleKind } from '../../src/models/modules/index.js';
import { fits, knownParameters } from '../../src/models/shapes.js';

function parametersOf(layer: tf.layers.Layer) {
  const kind = moduleKind('f', layer);
  if (kind === undefined) throw new Error('the layer has no weights');
  return knownParameters('f', layer, kind);
}

const shapesOf = (layer: tf.layers.Layer) => parametersOf(layer).map(({ shape }) => shape);

describe('knownParameters', () => {
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

describe('fits', () => {
  it("compares in torch's order of axes", () => {
    const [weight] = parametersOf(tf.layers.dense({ units: 2, inputShape: [3] }));
    expect(fits(weight, [2, 3])).to.equal(true);
    expect(fits(weight, [3, 2])).to.equal(false);
  });

  it('lets a layout accept other shapes', () => {
    const [alpha] = parametersOf(tf.layers.prelu({ inputShape: [4, 3] } as object));
    expect([[1], [3], [4], [4, 3]].map((shape) => fits(alpha, shape))).to.deep.equal([
      true,
      true,
      false,
      false,
    ]);
  });
});

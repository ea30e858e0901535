import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { fits, type Parameter } from '../../src/matching/torch-module.js';
import { findLeaves } from '../../src/models/leaves.js';

const firstOf = (layer: tf.layers.Layer) => findLeaves('f', layer)[0].parameters[0] as Parameter;

describe('fits', () => {
  it("compares in torch's order of axes", () => {
    const weight = firstOf(tf.layers.dense({ units: 2, inputShape: [3] }));
    expect(fits(weight, [2, 3])).to.equal(true);
    expect(fits(weight, [3, 2])).to.equal(false);
  });

  it('lets a layout accept other shapes', () => {
    const alpha = firstOf(tf.layers.prelu({ inputShape: [4, 3] } as object));
    const shapes = [[1], [3], [4], [4, 3]];
    expect(shapes.map((shape) => fits(alpha, shape))).to.deep.equal([true, true, false, false]);
  });
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru } from '../../../src/index.js';
import { assignWeights, findWeight } from '../../../src/layers/weights/assign.js';
import { buildAllOrNone, buildLayer } from '../../../src/layers/weights/build.js';

const conv = (args: object = {}) => tf.layers.conv2d({ filters: 3, kernelSize: 2, ...args });
/** Builds its kernel, then throws. */
const failing = () => conv({ name: 'failing', biasInitializer: 'orthogonal' });

describe('buildLayer', () => {
  before(() => tf.setBackend('cpu'));

  it('gives weights the names that model.save writes, and the layer to its owner', () => {
    const tensors = tf.memory().numTensors;
    const layer = tf.layers.dense({ name: 'fc', units: 2 });
    buildLayer(layer, 'scope', [null, 3]);
    expect(layer.weights.map(({ originalName }) => originalName)).to.deep.equal([
      'scope/kernel',
      'scope/bias',
    ]);
    expect(findWeight(layer, 'bias')?.shape).to.deep.equal([2]);
    layer.dispose();
    expect(tf.memory().numTensors).to.equal(tensors);
  });

  it('gives the layer the weights its constructor was given', async () => {
    const given = [tf.fill([3, 2], 0.5), tf.fill([2], 0.25)];
    const layer = tf.layers.dense({ units: 2, weights: given });
    buildLayer(layer, 'fc', [null, 3]);
    expect(
      await Promise.all(layer.getWeights().map(async (tensor) => (await tensor.data())[0])),
    ).to.deep.equal([0.5, 0.25]);
    layer.dispose();
    tf.dispose(given);
  });

  it('restores a layer whose build throws, without a tensor left, so that it can be built again', () => {
    const tensors = tf.memory().numTensors;
    const layer = failing();
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(() => buildLayer(layer, 'conv', [null, null, null, 5])).to.throw('Shape must be at least 2D.');
      expect(layer.built).to.equal(false);
      expect(layer.weights).to.deep.equal([]);
      expect(tf.memory().numTensors).to.equal(tensors);
    }
    Object.assign(layer, { biasInitializer: tf.initializers.zeros() });
    buildLayer(layer, 'conv', [null, null, null, 5]);
    tf.tidy(() => {
      expect((layer.apply(tf.ones([1, 4, 4, 5])) as tf.Tensor).shape).to.deep.equal([1, 3, 3, 3]);
    });
    layer.dispose();
    expect(tf.memory().numTensors).to.equal(tensors);
  });
});

describe('buildAllOrNone', () => {
  before(() => tf.setBackend('cpu'));

  it('restores every layer when one throws', () => {
    const tensors = tf.memory().numTensors;
    const [first, second] = [conv({ name: 'first' }), failing()];
    const build = () => {
      for (const layer of [first, second]) buildLayer(layer, layer.name, [null, null, null, 5]);
    };
    expect(() => buildAllOrNone([first, second], build)).to.throw('Shape must be at least 2D.');
    expect([first.built, second.built]).to.deep.equal([false, false]);
    expect(first.inputSpec).to.equal(conv().inputSpec);
    expect(tf.memory().numTensors).to.equal(tensors);
    tf.tidy(() => {
      expect((first.apply(tf.ones([1, 4, 4, 2])) as tf.Tensor).shape).to.deep.equal([1, 3, 3, 3]);
    });
    first.dispose();
  });

  it('makes a recurrent layer forget the input size it was built for', () => {
    const layer = gru({ hiddenSize: 2 });
    const config = layer.getConfig();
    const build = (inputSize: number) => buildLayer(layer, 'gru', [null, null, inputSize]);
    expect(() =>
      buildAllOrNone([layer], () => {
        build(3);
        throw new Error('later');
      }),
    ).to.throw('later');
    expect(layer.getConfig()).to.deep.equal(config);
    build(5);
    expect(findWeight(layer, 'weight_ih_l0')?.shape).to.deep.equal([6, 5]);
    tf.tidy(() => {
      expect(layer.forward(tf.ones([1, 4, 5])).output.shape).to.deep.equal([1, 4, 2]);
    });
    layer.dispose();
  });

  it('keeps the layers built when nothing throws', () => {
    const layer = conv();
    buildAllOrNone([layer], () => buildLayer(layer, 'conv', [null, null, null, 5]));
    expect(layer.built).to.equal(true);
    layer.dispose();
  });
});

describe('assignWeights', () => {
  before(() => tf.setBackend('cpu'));

  it('changes no weight when one of them is disposed', async () => {
    const [first, second] = [0, 1].map(() => tf.layers.dense({ units: 1, useBias: false }));
    for (const layer of [first, second]) buildLayer(layer, 'fc', [null, 1]);
    const weights = [first, second].map((layer) => layer.weights[0]);
    const before = (await weights[0].read().data())[0];
    second.dispose();
    const values = Float32Array.of(before + 1);
    expect(() =>
      assignWeights(weights.map((weight) => ({ variable: weight.read() as tf.Variable, values }))),
    ).to.throw(/disposed/);
    expect((await weights[0].read().data())[0]).to.equal(before);
    first.dispose();
  });
});

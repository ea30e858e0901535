import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { Random } from '../../../scripts/test-torch/random.js';
import { gru, gruCell, lstm, setThreads } from '../../../src/index.js';
import { engineFloatsInUse } from '../../../src/kernels/host/register.js';
import { describeEachBackend } from '../../support/backends.js';

describeEachBackend("the engine's memory", () => {
  let before = 0;

  beforeEach(() => {
    setThreads(1);
    before = engineFloatsInUse();
  });

  afterEach(() => {
    expect(engineFloatsInUse()).to.equal(before);
  });

  it('does not grow over calls of changing shapes', () => {
    const random = new Random(1);
    const layers = [
      gru({ hiddenSize: 5, bidirectional: true }),
      lstm({ hiddenSize: 3, numLayers: 2, projSize: 2 }),
    ];
    for (const layer of layers) layer.ensureBuilt(4);
    const used: number[] = [];
    for (let i = 0; i < 1000; i++)
      tf.tidy(() => {
        const shape = [random.integer(1, 5), random.integer(1, 6), 4];
        for (const layer of layers) layer.forward(tf.ones(shape));
        if (i % 250 === 249) used.push(engineFloatsInUse());
      });
    expect(new Set(used).size).to.equal(1);
    for (const layer of layers) layer.dispose();
  });

  it('is the same after 1,000 updates without yielding', function () {
    this.timeout(120_000);
    const layer = gru({ hiddenSize: 2 });
    layer.ensureBuilt(2);
    const optimizer = tf.train.sgd(0.01);
    const weights = layer.weights.map((weight) => weight.read() as tf.Variable);
    const x = tf.ones([2, 3, 2]);
    const update = () =>
      tf.tidy(() => void optimizer.minimize(() => tf.sum(layer.forward(x).output), false, weights));
    update();
    const [floats, tensors] = [engineFloatsInUse(), tf.memory().numTensors];
    for (let i = 0; i < 1000; i++) update();
    expect([engineFloatsInUse(), tf.memory().numTensors]).to.deep.equal([floats, tensors]);
    layer.dispose();
    optimizer.dispose();
    x.dispose();
  });

  it('holds no weights that were replaced, any one of them', () => {
    const make = (implementation: 'fused' | 'reference') => gru({ hiddenSize: 3, seed: 1, implementation });
    const [fused, reference] = [make('fused'), make('reference')];
    for (const layer of [fused, reference]) layer.ensureBuilt(2);
    tf.tidy(() => {
      const x = tf.randomNormal([2, 4, 2]);
      for (const i of [0, 1, 2, 3]) {
        for (const layer of [fused, reference]) {
          const weight = layer.weights[i]!.read() as tf.Variable;
          weight.assign(tf.mul(weight, 2));
        }
        const difference = tf.sub(fused.forward(x).output, reference.forward(x).output);
        expect(tf.max(tf.abs(difference)).arraySync()).to.be.at.most(1e-6);
      }
    });
    for (const layer of [fused, reference]) layer.dispose();
  });

  it('of a tape is free when the tape is over, asked for its gradient or not', () => {
    const [cell, unused] = [gruCell({ hiddenSize: 3 }), gru({ hiddenSize: 2 })];
    cell.ensureBuilt(3);
    unused.ensureBuilt(3);
    tf.tidy(() => {
      const x = tf.ones([2, 3]);
      const loss = () => {
        let h = x;
        for (let i = 0; i < 100; i++) h = cell.forward(x, h) as tf.Tensor2D;
        unused.forward(tf.ones([1, 4, 3]));
        return tf.sum(h) as tf.Scalar;
      };
      const weights = cell.weights.map((weight) => weight.read() as tf.Variable);
      for (let i = 0; i < 2; i++) tf.variableGrads(loss, weights);
    });
    cell.dispose();
    unused.dispose();
  });

  it('is given back by a call that fails', () => {
    const layer = gru({ hiddenSize: 3 });
    layer.ensureBuilt(2);
    tf.tidy(() => {
      const x = tf.ones([1, 2, 2]);
      layer.forward(x);
      const used = engineFloatsInUse();
      const backend = tf.backend();
      const write = backend.write;
      backend.write = () => {
        throw new Error('no room');
      };
      try {
        expect(() => layer.forward(x)).to.throw('no room');
        expect(() => tf.grad((y) => tf.sum(layer.forward(y).output))(x)).to.throw('no room');
      } finally {
        backend.write = write;
      }
      expect(engineFloatsInUse()).to.equal(used);
      expect(layer.forward(x).output.shape).to.deep.equal([1, 2, 3]);
    });
    layer.dispose();
  });
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru } from '../../src/index.js';
import { describeEachBackend } from '../support/backends.js';
import { maxDifference } from '../support/parity.js';

function expectClose(actual: tf.Tensor, expected: tf.Tensor): void {
  expect(actual.shape).to.deep.equal(expected.shape);
  expect(maxDifference(actual.dataSync(), expected.dataSync())).to.be.at.most(1e-6);
}

describeEachBackend('a stateful GRU', () => {
  it('continues from call to call as one long call, row by row, until resetStates', () => {
    const layer = gru({ hiddenSize: 4, numLayers: 2, stateful: true });
    tf.tidy(() => {
      const x = tf.randomNormal([3, 9, 2]);
      const whole = layer.forward(x).output;
      for (let repeat = 0; repeat < 2; repeat++) {
        const chunks = tf.split(x, [4, 1, 4], 1).map((chunk) => layer.apply(chunk) as tf.Tensor);
        expectClose(tf.concat(chunks, 1), whole);
        layer.resetStates();
      }
    });
    layer.dispose();
  });

  it('continues through predict, and model.resetStates starts afresh', () => {
    const layer = gru({ hiddenSize: 3, stateful: true, batchInputShape: [2, 4, 3] });
    const model = tf.sequential({ layers: [layer] });
    tf.tidy(() => {
      const x = tf.randomNormal([2, 8, 3]);
      const [a, b] = tf.split(x, 2, 1);
      const whole = layer.forward(x).output;
      const first = model.predict(a, { batchSize: 2 }) as tf.Tensor;
      expectClose(tf.concat([first, model.predict(b, { batchSize: 2 }) as tf.Tensor], 1), whole);
      model.resetStates();
      expectClose(model.predict(a, { batchSize: 2 }) as tf.Tensor, first);
      model.resetStates();
    });
    model.dispose();
  });

  it('keeps its state out of forward, and forward out of its state', () => {
    const layer = gru({ hiddenSize: 3, stateful: true });
    tf.tidy(() => {
      const x = tf.randomNormal([2, 3, 2]);
      const alone = layer.forward(x).output;
      const first = layer.apply(x) as tf.Tensor;
      expectClose(first, alone);
      expectClose(layer.forward(x).output, alone);
      expect(maxDifference((layer.apply(x) as tf.Tensor).dataSync(), first.dataSync())).to.be.above(1e-3);
    });
    layer.dispose();
  });

  it('starts from given states, by argument or by resetStates', () => {
    const layer = gru({ hiddenSize: 3, numLayers: 2, stateful: true });
    tf.tidy(() => {
      const [x, h0] = [tf.randomNormal([4, 3, 2]), tf.randomNormal([4, 2, 3])];
      const expected = layer.forward(x, { h0: tf.transpose(h0, [1, 0, 2]) }).output;
      expectClose(layer.apply([x, h0]) as tf.Tensor, expected);
      layer.resetStates(h0);
      expectClose(layer.apply(x) as tf.Tensor, expected);
    });
    layer.dispose();
  });

  it('fixes its batch size at the first call', () => {
    const layer = gru({ hiddenSize: 3, stateful: true });
    tf.tidy(() => {
      layer.apply(tf.zeros([4, 3, 2]));
      expect(() => layer.apply(tf.zeros([5, 3, 2]))).to.throw(
        RangeError,
        'GRU.apply: x: expected batch size 4, as in the call before, got 5. A stateful layer carries one state per row. Call resetStates() before changing the batch size',
      );
      layer.resetStates();
      layer.apply(tf.zeros([5, 3, 2]));
    });
    layer.dispose();
  });

  it('names batchInputShape where that fixes the batch size', () => {
    const layer = gru({ hiddenSize: 3, stateful: true, batchInputShape: [2, 3, 2] });
    const model = tf.sequential({ layers: [layer] });
    tf.tidy(() => {
      expect(() => layer.apply(tf.zeros([3, 3, 2]))).to.throw(
        RangeError,
        'GRU.apply: x: expected batch size 2, of batchInputShape, got 3. A stateful layer carries one state per row. ' +
          'Use samples in multiples of it, or leave the batch size out of batchInputShape',
      );
      expect(() => layer.resetStates(tf.zeros([3, 1, 3]))).to.throw(
        RangeError,
        'GRU.resetStates: h0: expected shape [2, 1, 3], got [3, 1, 3]',
      );
    });
    model.dispose();
  });

  it('gives up the states it was given when it is disposed, built or not', () => {
    tf.tidy(() => {
      const h0 = tf.zeros([2, 1, 3]);
      const unbuilt = gru({ hiddenSize: 3, stateful: true });
      unbuilt.resetStates(h0);
      expect(() => unbuilt.dispose()).to.throw('has not been built yet');
      const built = gru({ hiddenSize: 3, stateful: true });
      built.apply(tf.zeros([2, 4, 3]));
      built.dispose();
      expect(() => built.resetStates(h0)).to.throw('already disposed');
    });
  });

  it('holds one state however often it is called, also in training', async () => {
    const layer = gru({ hiddenSize: 3, stateful: true, returnSequences: false, batchInputShape: [2, 4, 3] });
    const model = tf.sequential({ layers: [layer, tf.layers.dense({ units: 1 })] });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const [x, y] = [tf.randomNormal([4, 4, 3]), tf.zeros([4, 1])];
    const train = () => model.fit(x, y, { batchSize: 2, epochs: 2, verbose: 0, shuffle: false });
    await train();
    const before = tf.memory().numTensors;
    await train();
    for (let i = 0; i < 20; i++) tf.dispose(model.predict(x, { batchSize: 2 }));
    expect(tf.memory().numTensors).to.equal(before);
    tf.dispose([x, y]);
    model.dispose();
  });

  it('refuses resetStates with wrong shapes, and without stateful', () => {
    const layer = gru({ hiddenSize: 3, stateful: true });
    tf.tidy(() => {
      expect(() => layer.resetStates(tf.zeros([1, 4, 3]))).to.throw(
        RangeError,
        'GRU.resetStates: h0: expected shape [?, 1, 3], got [1, 4, 3]',
      );
      expect(() => gru({ hiddenSize: 3 }).resetStates()).to.throw(
        RangeError,
        'GRU.resetStates: stateful: expected true, got false',
      );
    });
  });
});

describe('stateful with bidirectional', () => {
  it('throws and says why', () => {
    expect(() => gru({ hiddenSize: 3, stateful: true, bidirectional: true })).to.throw(
      RangeError,
      'GRU: stateful: expected false with bidirectional: true, got true. ' +
        'The reverse direction needs the end of the sequence before its start',
    );
  });
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { GRU, gru } from '../../src/index.js';
import { describeEachBackend } from '../support/backends.js';
import { layerFixture } from '../support/fixtures.js';
import { expectForward, layerOf, maxDifference, toTensor } from '../support/parity.js';

const FIXTURE = layerFixture('GRU', 'lengths-bidirectional-deep');
const [B, T] = FIXTURE.x.shape;
const H = FIXTURE.config.hiddenSize;
const STACK = FIXTURE.config.numLayers * 2;

function expectSame(actual: tf.Tensor, expected: tf.Tensor, tolerance = 0): void {
  expect(actual.shape).to.deep.equal(expected.shape);
  expect(maxDifference(actual.dataSync(), expected.dataSync())).to.be.at.most(tolerance);
}

/** `[L*D, B, H]` to the batch-leading form of `apply`. */
function batchLeading(state: tf.Tensor): tf.Tensor {
  return tf.transpose(state, [1, 0, 2]);
}

describeEachBackend('GRU.apply', () => {
  it('returns the output of forward, eagerly, with states batch-leading', () => {
    const layer = layerOf(FIXTURE, { returnState: true });
    tf.tidy(() => {
      const [x, h0] = [toTensor(FIXTURE.x), toTensor(FIXTURE.h0 as never)];
      const [output, hn] = layer.apply([x, batchLeading(h0)], { lengths: FIXTURE.lengths }) as tf.Tensor[];
      expectForward(output, FIXTURE.output, 'output');
      expect(hn.shape).to.deep.equal([B, STACK, H]);
      expectForward(batchLeading(hn), FIXTURE.hn, 'hn');
    });
    layer.dispose();
  });

  it('returns cat(h[-2], h[-1]) with returnSequences: false', () => {
    const layer = layerOf(FIXTURE, { returnSequences: false });
    tf.tidy(() => {
      const [x, h0] = [toTensor(FIXTURE.x), toTensor(FIXTURE.h0 as never)];
      const last = layer.apply([x, batchLeading(h0)], { lengths: FIXTURE.lengths }) as tf.Tensor;
      const hn = tf.unstack(toTensor(FIXTURE.hn));
      expectSame(last, tf.concat([hn[STACK - 2], hn[STACK - 1]], 1), 1e-6);
    });
    layer.dispose();
  });

  it('gives the same in a functional model that takes x and h0, at any sample count', () => {
    const layer = gru({ hiddenSize: 5, numLayers: 2, bidirectional: true, returnState: true, seed: 1 });
    const x = tf.input({ shape: [4, 3] });
    const h0 = tf.input({ shape: [4, 5] });
    const [output, hn] = layer.apply([x, h0]) as tf.SymbolicTensor[];
    expect(output.shape).to.deep.equal([null, 4, 10]);
    expect(hn.shape).to.deep.equal([null, 4, 5]);
    const model = tf.model({ inputs: [x, h0], outputs: [output, hn] });
    tf.tidy(() => {
      const inputs = [tf.randomNormal([70, 4, 3]), tf.randomNormal([70, 4, 5])];
      const [y, state] = model.predict(inputs, { batchSize: 32 }) as tf.Tensor[];
      const expected = layer.forward(inputs[0], { h0: batchLeading(inputs[1]) });
      expectSame(y, expected.output, 1e-6);
      expectSame(batchLeading(state), expected.hn, 1e-6);
    });
    model.dispose();
  });

  it('reads h0 from another recurrent layer of the model', () => {
    const encoder = gru({ name: 'encoder', hiddenSize: 4, returnState: true, seed: 2 });
    const decoder = gru({ name: 'decoder', hiddenSize: 4, seed: 3 });
    const [source, target] = [tf.input({ shape: [5, 3] }), tf.input({ shape: [2, 6] })];
    const [, state] = encoder.apply(source) as tf.SymbolicTensor[];
    const model = tf.model({
      inputs: [source, target],
      outputs: decoder.apply([target, state]) as tf.SymbolicTensor,
    });
    tf.tidy(() => {
      const [a, b] = [tf.randomNormal([3, 5, 3]), tf.randomNormal([3, 2, 6])];
      const { hn } = encoder.forward(a);
      expectSame(model.predict([a, b]) as tf.Tensor, decoder.forward(b, { h0: hn }).output, 1e-6);
    });
    model.dispose();
  });

  it('works inside tf.layers.timeDistributed', () => {
    const inner = gru({ hiddenSize: 3, returnSequences: false, seed: 4 });
    const model = tf.sequential({
      layers: [
        tf.layers.timeDistributed({ layer: inner, inputShape: [2, 5, 4] }),
        tf.layers.dense({ units: 1 }),
      ],
    });
    tf.tidy(() => {
      const x = tf.randomNormal([3, 2, 5, 4]);
      const [first, second] = tf.unstack(x, 1).map((part) => inner.apply(part) as tf.Tensor);
      const wrapped = (model.layers[0] as tf.layers.Layer).apply(x) as tf.Tensor;
      expectSame(wrapped, tf.stack([first, second], 1), 1e-6);
      expect((model.predict(x) as tf.Tensor).shape).to.deep.equal([3, 2, 1]);
    });
    model.dispose();
  });

  it('ignores the mask that tf.layers.timeDistributed hands to the wrapped layer', () => {
    const inner = gru({ hiddenSize: 3, returnSequences: false, seed: 4 });
    inner.ensureBuilt(4);
    const wrapper = tf.layers.timeDistributed({ layer: inner });
    tf.tidy(() => {
      const x = tf.randomNormal([3, 5, 5, 4]);
      const mask = tf.tensor2d(
        new Array(15).fill(0).map((_, i) => i % 5 === 0),
        [3, 5],
        'bool',
      );
      expectSame(wrapper.apply(x, { mask }) as tf.Tensor, wrapper.apply(x) as tf.Tensor);
    });
    wrapper.dispose();
  });

  it('runs twice in one model with shared weights', () => {
    const layer = gru({ hiddenSize: 3, returnSequences: false, seed: 5 });
    const [a, b] = [tf.input({ shape: [4, 2] }), tf.input({ shape: [6, 2] })];
    const outputs = [layer.apply(a), layer.apply(b)] as tf.SymbolicTensor[];
    const model = tf.model({ inputs: [a, b], outputs });
    expect(model.weights.length).to.equal(4);
    tf.tidy(() => {
      const [x, y] = [tf.randomNormal([3, 4, 2]), tf.randomNormal([3, 6, 2])];
      const [p, q] = model.predict([x, y]) as tf.Tensor[];
      expectSame(p, layer.apply(x) as tf.Tensor, 1e-6);
      expectSame(q, layer.apply(y) as tf.Tensor, 1e-6);
    });
    model.dispose();
    layer.dispose(); // tf.layers counts one reference per use
  });

  it('drops elements between layers in training only, with the mean kept', () => {
    const layer = gru({ hiddenSize: 40, numLayers: 2, dropout: 0.4, seed: 6 });
    tf.tidy(() => {
      const x = tf.randomNormal([50, 3, 7]);
      const [quiet, again] = [layer.apply(x), layer.apply(x, { training: false })] as tf.Tensor[];
      expectSame(quiet, again);
      const [first, second] = [
        layer.apply(x, { training: true }),
        layer.apply(x, { training: true }),
      ] as tf.Tensor[];
      expect(maxDifference(first.dataSync(), second.dataSync())).to.be.above(1e-3);
      expect(tf.mean(tf.abs(tf.sub(tf.mean(first, [0, 1]), tf.mean(quiet, [0, 1])))).arraySync()).to.be.below(
        0.05,
      );
    });
    layer.dispose();
  });

  it('zeroes everything between layers at dropout: 1', () => {
    const layer = gru({ hiddenSize: 3, numLayers: 2, dropout: 1, seed: 6 });
    tf.tidy(() => {
      const run = () => layer.apply(tf.randomNormal([2, 4, 5]), { training: true }) as tf.Tensor;
      expectSame(run(), run());
    });
    layer.dispose();
  });

  it('refuses a symbolic call with batchFirst: false or lengths', () => {
    const x = tf.input({ shape: [4, 2] });
    const timeMajor = gru({ hiddenSize: 3, batchFirst: false });
    expect(() => timeMajor.apply(x)).to.throw(
      RangeError,
      'GRU.apply: batchFirst: expected true inside a model, got false. tf models count samples on axis 0',
    );
    expect(() => gru({ hiddenSize: 3 }).apply(x, { lengths: [1] })).to.throw(
      TypeError,
      'GRU.apply: lengths: expected none in a symbolic call, got [1]. Inside a model lengths travel as the mask',
    );
  });

  it('leaves an unbuilt layer unbuilt when its first call throws', () => {
    const layer = gru({ hiddenSize: 3 });
    tf.tidy(() => {
      const x = tf.zeros([2, 4, 5]);
      for (const call of [
        () => layer.apply([x, tf.zeros([2, 1, 4])]),
        () => layer.apply(x, { lengths: [9, 1] }),
        () => layer.forward(x, { lengths: [9, 1] }),
        () => layer.forward(x, { h0: tf.zeros([1, 2, 4]) }),
        () => layer.forward(tf.zeros([2, 0, 5])),
        () => layer.apply(x, { mask: tf.tensor2d([0, 1, 1, 1, 1, 1, 1, 1], [2, 4], 'bool') }),
      ])
        expect(call).to.throw(RangeError, /^GRU\.(apply|forward): /);
    });
    expect([layer.built, layer.weights.length, layer.inputSize]).to.deep.equal([false, 0, undefined]);
  });

  it('leaves the callers tensors alone and leaks nothing when it throws', () => {
    const layer = layerOf(FIXTURE);
    const x = toTensor(FIXTURE.x);
    const wrong = tf.zeros([B, STACK, H + 1]);
    const before = tf.memory().numTensors;
    expect(() => layer.apply([x, wrong])).to.throw(
      RangeError,
      `GRU.apply: h0: expected shape [${B}, ${STACK}, ${H}]`,
    );
    expect(() => layer.apply(x, { lengths: [1] })).to.throw(RangeError, 'GRU.apply: lengths');
    expect(() => layer.forward(x, { h0: wrong })).to.throw(RangeError, 'GRU.forward: h0');
    expect(() => layer.apply([x, wrong, wrong])).to.throw(
      RangeError,
      'GRU.apply: inputs: expected [x, h0], got 3 tensors',
    );
    expect(tf.memory().numTensors).to.equal(before);
    tf.dispose([x, wrong]);
    layer.dispose();
  });
});

describeEachBackend('GRU.forward', () => {
  it('gives output and hn that outlive it, and nothing else', () => {
    const layer = layerOf(FIXTURE);
    const x = toTensor(FIXTURE.x);
    for (let i = 0; i < 2; i++) {
      const before = tf.memory().numTensors;
      const { output, hn } = layer.forward(x, { lengths: [...(FIXTURE.lengths as number[])] });
      expect(tf.memory().numTensors).to.equal(before + 2);
      expect([output.shape, hn.shape]).to.deep.equal([
        [B, T, 2 * H],
        [STACK, B, H],
      ]);
      tf.dispose([output, hn]);
    }
    x.dispose();
    layer.dispose();
  });

  it('builds an unbuilt layer and takes h0: null for zeros', () => {
    const layer = gru({ hiddenSize: 4, seed: 9 });
    tf.tidy(() => {
      const x = tf.randomNormal([3, 2]);
      const { output, hn } = layer.forward(x, { h0: null });
      expect([output.shape, hn.shape]).to.deep.equal([
        [3, 4],
        [1, 4],
      ]);
      expectSame(layer.forward(x, { h0: tf.zeros([1, 4]) }).output, output);
    });
    expect(layer.weights.map((weight) => weight.originalName)).to.deep.equal(
      ['weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0'].map((name) => `${layer.name}/${name}`),
    );
    layer.dispose();
  });

  it('takes lengths as numbers, Int32Array and tensors alike', () => {
    const layer = layerOf(FIXTURE);
    tf.tidy(() => {
      const x = toTensor(FIXTURE.x);
      const lengths = [...(FIXTURE.lengths as number[])];
      const expected = layer.forward(x, { lengths }).output;
      for (const same of [Int32Array.from(lengths), tf.tensor1d(lengths, 'int32'), tf.tensor1d(lengths)])
        expectSame(layer.forward(x, { lengths: same }).output, expected);
    });
    layer.dispose();
  });

  it('never reads padded steps: NaN there changes no output, state or gradient', () => {
    const layer = layerOf(FIXTURE);
    tf.tidy(() => {
      const clean = toTensor(FIXTURE.x);
      const lengths = [...(FIXTURE.lengths as number[])];
      const padding = tf.tidy(() =>
        tf.greaterEqual(tf.range(0, T).reshape([1, T, 1]), tf.tensor(lengths, [B, 1, 1])),
      );
      const poisoned = tf.where(
        tf.broadcastTo(padding, clean.shape),
        tf.fill(clean.shape, Number.NaN),
        clean,
      );
      // The logarithm of a padded zero is -Infinity, and its derivative Infinity: torch never reads those either.
      const loss = (x: tf.Tensor) => {
        const { output, hn } = layer.forward(x, { lengths });
        const real = tf.where(
          tf.broadcastTo(padding, output.shape),
          tf.zerosLike(output),
          tf.log(tf.square(output)),
        );
        return tf.add(tf.sum(real), tf.sum(hn)) as tf.Scalar;
      };
      const weights = layer.weights.map((weight) => weight.read() as tf.Variable);
      const [a, b] = [clean, poisoned].map((x) => ({
        ...layer.forward(x, { lengths }),
        dx: tf.grad(loss as (x: tf.Tensor) => tf.Tensor)(x),
        dw: tf.variableGrads(() => loss(x), weights).grads,
      }));
      expectSame(b.output, a.output);
      expectSame(b.hn, a.hn);
      expectSame(b.dx, a.dx);
      for (const name of Object.keys(a.dw)) {
        expectSame(b.dw[name], a.dw[name]);
        expect(maxDifference(a.dw[name].dataSync(), new Float32Array(a.dw[name].size))).to.be.finite;
      }
    });
    layer.dispose();
  });

  it('gives empty results for an empty batch, which predict refuses', () => {
    const layer = gru({ hiddenSize: 3, numLayers: 2, bidirectional: true });
    tf.tidy(() => {
      const { output, hn } = layer.forward(tf.zeros([0, 4, 2]));
      expect([output.shape, hn.shape]).to.deep.equal([
        [0, 4, 6],
        [4, 0, 3],
      ]);
      expect(layer.forward(tf.zeros([0, 4, 2]), { lengths: [] }).output.shape).to.deep.equal([0, 4, 6]);
    });
    layer.dispose();
  });

  it('takes an empty batch in every form of call, with gradients', () => {
    tf.tidy(() => {
      const layer = gru({
        hiddenSize: 3,
        numLayers: 2,
        bidirectional: true,
        dropout: 0.5,
        returnSequences: false,
      });
      const x = tf.zeros([0, 4, 2]);
      expect((layer.apply(x) as tf.Tensor).shape).to.deep.equal([0, 6]);
      const { hn } = layer.forward(x);
      expect(layer.forward(x, { h0: hn, training: true }).hn.shape).to.deep.equal([4, 0, 3]);
      const last = layer.apply([x, tf.zeros([0, 4, 3])], { lengths: [] }) as tf.Tensor;
      expect(last.shape).to.deep.equal([0, 6]);
      const weights = layer.weights.map((weight) => weight.read() as tf.Variable);
      const { grads } = tf.variableGrads(() => tf.sum(layer.apply(x) as tf.Tensor), weights);
      for (const gradient of Object.values(grads))
        expect(Array.from(gradient.dataSync()).every((value) => value === 0)).to.equal(true);
      layer.dispose();
    });
  });

  it('refuses lengths with unbatched input', () => {
    const layer = gru({ hiddenSize: 3 });
    tf.tidy(() => {
      expect(() => layer.forward(tf.zeros([4, 2]), { lengths: [4] })).to.throw(
        RangeError,
        'GRU.forward: lengths: expected a batched 3-D x, got x [4, 2]. Slice x instead',
      );
    });
  });
});

describe('GRU', () => {
  it('initialises every weight U(-1/sqrt(H), 1/sqrt(H)), repeatably with a seed', () => {
    const [a, b, c] = [7, 7, 8].map((seed) => gru({ hiddenSize: 16, inputSize: 300, seed }));
    tf.tidy(() => {
      for (const layer of [a, b, c]) layer.ensureBuilt(300);
      const values = (layer: GRU) => layer.getWeights().map((weight) => weight.dataSync<'float32'>());
      expect(values(b)).to.deep.equal(values(a));
      expect(values(c)).not.to.deep.equal(values(a));
      const [weightIh, , biasIh, biasHh] = values(a);
      const bound = 1 / Math.sqrt(16);
      expect(Math.max(...weightIh.map(Math.abs))).to.be.within(0.99 * bound, bound);
      expect(Math.abs(weightIh.reduce((sum, value) => sum + value, 0) / weightIh.length)).to.be.below(0.01);
      const variance = weightIh.reduce((sum, value) => sum + value * value, 0) / weightIh.length;
      expect(variance).to.be.closeTo((bound * bound) / 3, 0.02 * bound * bound);
      expect(biasIh).not.to.deep.equal(biasHh);
    });
    for (const layer of [a, b, c]) layer.dispose();
  });

  it('draws other weights for every parameter and every seed', () => {
    const layers = [1, 2, 3].map((seed) => gru({ hiddenSize: 4, seed }));
    const starts = layers.flatMap((layer) => {
      layer.ensureBuilt(4);
      return layer.getWeights().map((weight) => weight.dataSync()[0]);
    });
    expect(new Set(starts).size).to.equal(12);
    for (const layer of layers) layer.dispose();
  });

  it('names and orders its weights as state_dict() does, and counts them', () => {
    const layer = gru({ name: 'rnn', hiddenSize: 5, numLayers: 2, bidirectional: true });
    layer.ensureBuilt(3);
    expect(layer.weights.map((weight) => weight.originalName)).to.deep.equal(
      ['l0', 'l0_reverse', 'l1', 'l1_reverse'].flatMap((suffix) =>
        ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((name) => `rnn/${name}_${suffix}`),
      ),
    );
    expect(layer.weights.map((weight) => weight.shape)).to.deep.equal([...layer.torchShapes(3).values()]);
    expect(layer.countParams()).to.equal(2 * (15 * 3 + 15 * 5 + 30) + 2 * (15 * 10 + 15 * 5 + 30));
    layer.dispose();
  });

  it('freezes with trainable: false', () => {
    const layer = gru({ hiddenSize: 2, trainable: false });
    layer.ensureBuilt(3);
    expect(layer.trainableWeights).to.have.length(0);
    expect(layer.nonTrainableWeights).to.have.length(4);
    layer.trainable = true;
    expect(layer.trainableWeights).to.have.length(4);
    layer.dispose();
  });

  it('takes initial weights as tf.layers does', () => {
    tf.tidy(() => {
      const weights = [tf.ones([6, 3]), tf.ones([6, 2]), tf.zeros([6]), tf.zeros([6])];
      const layer = gru({ hiddenSize: 2, weights });
      layer.forward(tf.zeros([4, 3]));
      expect(layer.getWeights()[0].arraySync()).to.deep.equal(weights[0].arraySync());
      layer.dispose();
    });
  });

  it('prints in model.summary()', () => {
    const lines: string[] = [];
    const model = tf.sequential({ layers: [gru({ name: 'gru', hiddenSize: 5, inputShape: [7, 3] })] });
    model.summary(80, undefined, (line) => lines.push(line as string));
    expect(lines.join('\n')).to.match(/gru \(TorchGRU\).*\[null,7,5\]\s+150/);
    model.dispose();
  });

  it('is an instance of its class and of tf.layers.Layer', () => {
    const layer = gru({ hiddenSize: 1 });
    expect(layer).to.be.instanceOf(GRU);
    expect(layer.getClassName()).to.equal('TorchGRU');
    expect([layer.hiddenSize, layer.numLayers, layer.numDirections, layer.inputSize]).to.deep.equal([
      1,
      1,
      1,
      undefined,
    ]);
  });
});

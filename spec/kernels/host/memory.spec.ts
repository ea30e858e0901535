import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { describeKernels, gru, gruCell, lstm, setThreads, UnsupportedError } from '../../../src/index.js';
import { host } from '../../../src/kernels/host/host.js';
import type { Arena } from '../../../src/kernels/host/runtime/arena.js';
import { describeEachBackend } from '../../support/backends.js';
import { maxDifference } from '../../support/parity.js';
import { Random } from '../../support/random.js';

/** Takes all but less than `left` floats, in blocks as large as there are. */
function fill(arena: Arena, left: number): number[] {
  const blocks: number[] = [];
  for (let size = 2 ** 28; size >= left; )
    try {
      blocks.push(arena.allocate(size));
    } catch {
      size /= 2;
    }
  return blocks;
}

describeEachBackend("the engine's memory", () => {
  let before = 0;

  beforeEach(() => {
    setThreads(1);
    before = host.floatsInUse;
  });

  afterEach(() => {
    expect(host.floatsInUse).to.equal(before);
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
        if (i % 250 === 249) used.push(host.floatsInUse);
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
    const [floats, tensors] = [host.floatsInUse, tf.memory().numTensors];
    for (let i = 0; i < 1000; i++) update();
    expect([host.floatsInUse, tf.memory().numTensors]).to.deep.equal([floats, tensors]);
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

  it('of two layers under one tape, with tidies and another gradient inside, lasts as long as the tape', () => {
    const [below, above] = [gru({ hiddenSize: 3, seed: 1 }), lstm({ hiddenSize: 2, seed: 2 })];
    const gradient = (layers: readonly [typeof below, typeof above]) => {
      const loss = (x: tf.Tensor) => {
        const middle = tf.tidy(() => layers[0].forward(x).output);
        // Another tape begins and ends while this one records.
        const steepness = tf.tidy(() => tf.grad((y) => tf.sum(tf.square(y)))(middle));
        return tf.sum(layers[1].forward(tf.mul(middle, steepness)).output);
      };
      return tf
        .grad(loss)(tf.ones([2, 4, 2]))
        .dataSync();
    };
    tf.tidy(() => {
      const references = [
        gru({ hiddenSize: 3, seed: 1, implementation: 'reference' }),
        lstm({ hiddenSize: 2, seed: 2, implementation: 'reference' }),
      ] as const;
      const difference = maxDifference(gradient([below, above]), gradient(references));
      expect(difference).to.be.at.most(1e-6);
      for (const layer of references) layer.dispose();
    });
    for (const layer of [below, above]) layer.dispose();
  });

  it('has no room for a sequence of 2.3 GB: the call throws with the remedy, and the layer is as before', () => {
    const layer = gru({ hiddenSize: 512, implementation: 'fused' });
    layer.ensureBuilt(1);
    tf.tidy(() => {
      const [small, large] = [tf.ones([1, 1, 1]), tf.zeros([1, 1_100_000, 1])];
      const before = layer.forward(small).output.dataSync();
      const used = host.floatsInUse;
      for (const call of [
        () => layer.forward(large),
        () => tf.grad((x) => tf.sum(layer.forward(x).output))(large),
      ])
        expect(call).to.throw(
          UnsupportedError,
          /a call that takes about \d+ MiB, .* MiB are in use. Use impl/,
        );
      expect(host.floatsInUse).to.equal(used);
      expect(layer.forward(small).output.dataSync()).to.deep.equal(before);
    });
    layer.dispose();
  });

  it("has no room for a call while others fill it: 'auto' runs tf ops, and the engine again later", () => {
    const layer = gru({ hiddenSize: 64 });
    layer.ensureBuilt(1);
    tf.tidy(() => {
      const x = tf.ones([256, 16, 1]);
      const expected = layer.forward(x).output.dataSync();
      const lastRun = () => describeKernels().find(({ isActive }) => isActive);
      const blocks = host.run(({ engine }) => fill(engine.arena, 2 ** 16));
      try {
        expect(maxDifference(layer.forward(x).output.dataSync(), expected)).to.be.at.most(1e-6);
        expect(lastRun()?.lastReason).to.match(
          /(^|; engine: )(a call that takes about|engine memory: expected)/,
        );
      } finally {
        host.run(({ engine }) => {
          for (const block of blocks) engine.arena.release(block);
        });
      }
      expect(layer.forward(x).output.dataSync()).to.deep.equal(expected);
      expect(lastRun()?.lastRun).to.equal('fused');
    });
    layer.dispose();
  });

  it('is given back by a call that fails', () => {
    const layer = gru({ hiddenSize: 3 });
    layer.ensureBuilt(2);
    tf.tidy(() => {
      const x = tf.ones([1, 2, 2]);
      layer.forward(x);
      const used = host.floatsInUse;
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
      expect(host.floatsInUse).to.equal(used);
      expect(layer.forward(x).output.shape).to.deep.equal([1, 2, 3]);
    });
    layer.dispose();
  });
});

// tfjs itself never disposes of what such a tape has saved: no suite that counts tensors.
describe("the engine's memory after a loss that throws", () => {
  it('holds no weights and no tensors of the layer for tapes that threw, however many there were', () => {
    const layer = lstm({ hiddenSize: 8, numLayers: 2 });
    layer.ensureBuilt(4);
    const optimizer = tf.train.sgd(0.01);
    const weights = layer.weights.map((weight) => weight.read() as tf.Variable);
    const x = tf.ones([1, 2, 4]);
    const update = () =>
      tf.tidy(
        () => void optimizer.minimize(() => tf.sum(layer.forward(x).output) as tf.Scalar, false, weights),
      );
    const fail = () =>
      tf.tidy(
        () =>
          void optimizer.minimize(
            () => {
              layer.forward(x);
              throw new Error('not a loss');
            },
            false,
            weights,
          ),
      );
    update();
    const before = [host.floatsInUse, tf.memory().numTensors];
    for (let i = 0; i < 5; i++) {
      expect(fail).to.throw('not a loss');
      update();
      expect([host.floatsInUse, tf.memory().numTensors]).to.deep.equal(before);
    }
    // Inference frees it as well, and keeps the weights that it has packed.
    const infer = () => tf.tidy(() => void layer.forward(x));
    infer();
    const inferred = [host.floatsInUse, tf.memory().numTensors];
    expect(fail).to.throw('not a loss');
    infer();
    expect([host.floatsInUse, tf.memory().numTensors]).to.deep.equal(inferred);
    layer.dispose();
    optimizer.dispose();
    x.dispose();
  });

  it('is given back at the next call, before another tape begins', () => {
    const layer = gru({ hiddenSize: 3 });
    layer.ensureBuilt(2);
    tf.tidy(() => {
      const x = tf.ones([1, 2, 2]);
      layer.forward(x);
      const used = host.floatsInUse;
      const loss = (y: tf.Tensor) => {
        layer.forward(y);
        throw new Error('not a loss');
      };
      expect(() => tf.grad(loss)(x)).to.throw('not a loss');
      expect(host.floatsInUse).to.equal(used);
      layer.forward(x);
      expect(host.floatsInUse).to.equal(used);
    });
    layer.dispose();
  });
});

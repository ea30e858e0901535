import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { setThreads } from '../../../../src/index.js';
import { type LayoutKey, Layouts } from '../../../../src/kernels/host/call/buffer-cache.js';
import { Layout } from '../../../../src/kernels/host/call/call-buffers.js';
import { packingsOf, planOf } from '../../../../src/kernels/host/call/plan.js';
import { makeEngine } from '../../../../src/kernels/host/runtime/wasm.js';
import type { PackedWeights } from '../../../../src/kernels/host/weights/packed-weights.js';
import { gru } from '../../../../src/layers/recurrent/gru.js';
import { describeEachBackend } from '../../../support/backends.js';
import { makeCall } from '../../../support/call.js';
import { maxDifference } from '../../../support/parity.js';

const BACKEND = {} as tf.KernelBackend;

describe('the layouts that are kept', () => {
  const engine = makeEngine();

  /** Weights of a layer: the layouts know them by identity, and look whether they are freed. */
  const weightsOf = (isFreed = false) => [{ isFreed } as PackedWeights];

  function keyOf(shape: readonly number[], given: Partial<LayoutKey> = {}, hiddenSize = 3): LayoutKey {
    const info = { dataId: {}, shape: [...shape], dtype: 'float32' } as tf.TensorInfo;
    return { backend: BACKEND, plan: planOf(makeCall({ hiddenSize }), info), threads: 1, ...given };
  }

  /** A layout whose jobs read `weights`. */
  function layOut({ plan }: LayoutKey, weights: readonly PackedWeights[]): Layout {
    const layout = new Layout(engine, plan, packingsOf(plan, undefined, 1), false, 1, false, false);
    layout.use(weights);
    return layout;
  }

  it('are found by backend, shape, threads and weights', () => {
    const layouts = new Layouts();
    const weights = weightsOf();
    const layout = layOut(keyOf([1, 2, 4]), weights);
    expect(layouts.keep(keyOf([1, 2, 4]), layout)).to.equal(true);
    expect(layouts.find(keyOf([1, 2, 4]), weights)).to.equal(layout);
    expect(layouts.find(keyOf([1, 2, 4], { backend: {} as tf.KernelBackend }), weights)).to.equal(undefined);
    expect(layouts.find(keyOf([2, 1, 4]), weights)).to.equal(undefined);
    expect(layouts.find(keyOf([1, 2, 4], { threads: 2 }), weights)).to.equal(undefined);
    expect(layouts.find(keyOf([1, 2, 4]), weightsOf()), 'another layer').to.equal(undefined);
    layouts.clear();
    expect(engine.arena.floatsInUse).to.equal(0);
    expect(layouts.find(keyOf([1, 2, 4]), weights)).to.equal(undefined);
  });

  it('are taken for other weights where their own are freed: a weight was assigned', () => {
    const layouts = new Layouts();
    const freed = layOut(keyOf([1, 2, 4]), weightsOf(true));
    layouts.keep(keyOf([1, 2, 4]), freed);
    expect(layouts.find(keyOf([1, 2, 4]), weightsOf())).to.equal(freed);
    layouts.clear();
  });

  it('are the eight used last', () => {
    const layouts = new Layouts();
    const weights = weightsOf();
    for (let steps = 1; steps <= 9; steps++) {
      const key = keyOf([1, steps, 4]);
      layouts.keep(key, layOut(key, weights));
      layouts.find(keyOf([1, 1, 4]), weights);
    }
    const found = Array.from(
      { length: 9 },
      (_, i) => layouts.find(keyOf([1, i + 1, 4]), weights) !== undefined,
    );
    expect(found).to.deep.equal([true, false, true, true, true, true, true, true, true]);
    layouts.clear();
    expect(engine.arena.floatsInUse).to.equal(0);
  });

  it('are small', () => {
    const layouts = new Layouts();
    const key = keyOf([1, 200, 4], {}, 256);
    const large = layOut(key, weightsOf());
    expect(layouts.keep(key, large)).to.equal(false);
    large.release();
    expect(engine.arena.floatsInUse).to.equal(0);
  });
});

describeEachBackend('calls of one layer in turns', () => {
  it('take the weights, states and threads of each call', () => {
    tf.tidy(() => {
      const layers = (['fused', 'reference'] as const).map((implementation) => {
        const layer = gru({ hiddenSize: 5, numLayers: 2, bidirectional: true, seed: 1, implementation });
        layer.ensureBuilt(4);
        return layer;
      });
      const compare = (x: tf.Tensor, h0?: tf.Tensor) => {
        const [fused, reference] = layers.map((layer) => layer.forward(x, { h0 }));
        for (const key of ['output', 'hn'] as const)
          expect(maxDifference(fused![key].dataSync(), reference![key].dataSync())).to.be.at.most(1e-6);
      };
      for (let turn = 0; turn < 3; turn++) {
        setThreads(1 + (turn % 2));
        for (const [batch, steps] of [
          [1, 1],
          [2, 3],
          [3, 2],
        ] as const) {
          const x = tf.randomNormal([batch, steps, 4]);
          compare(x);
          compare(x, tf.randomNormal([4, batch, 5]));
        }
        for (const layer of layers) {
          const weight = layer.weights[turn]!.read() as tf.Variable;
          weight.assign(tf.mul(weight, -1.5));
        }
      }
      for (const layer of layers) layer.dispose();
    });
    setThreads(1);
  });
});

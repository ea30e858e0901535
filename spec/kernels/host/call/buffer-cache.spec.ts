import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { setThreads } from '../../../../src/index.js';
import { BufferCache, type BufferKey } from '../../../../src/kernels/host/call/buffer-cache.js';
import { CallBuffers } from '../../../../src/kernels/host/call/call-buffers.js';
import { packingsOf, planOf } from '../../../../src/kernels/host/call/plan.js';
import { makeEngine } from '../../../../src/kernels/host/runtime/wasm.js';
import type { PackedWeights } from '../../../../src/kernels/host/weights/packed-weights.js';
import { gru } from '../../../../src/layers/recurrent/gru.js';
import { describeEachBackend } from '../../../support/backends.js';
import { makeCall } from '../../../support/call.js';
import { maxDifference } from '../../../support/parity.js';

const BACKEND = {} as tf.KernelBackend;

describe('the buffers that are kept', () => {
  const engine = makeEngine();

  /** Weights of a layer: the cache know them by identity, and look whether they are freed. */
  const weightsOf = (isFreed = false) => [{ isFreed } as PackedWeights];

  function keyOf(shape: readonly number[], given: Partial<BufferKey> = {}, hiddenSize = 3): BufferKey {
    const info = { dataId: {}, shape: [...shape], dtype: 'float32' } as tf.TensorInfo;
    return { backend: BACKEND, plan: planOf(makeCall({ hiddenSize }), info), threads: 1, ...given };
  }

  /** A buffers whose jobs read `weights`. */
  function makeBuffers({ plan }: BufferKey, weights: readonly PackedWeights[]): CallBuffers {
    const buffers = new CallBuffers(engine, plan, packingsOf(plan, undefined, 1), false, 1, 'inference');
    buffers.use(weights);
    return buffers;
  }

  it('are found by backend, shape, threads and weights', () => {
    const cache = new BufferCache();
    const weights = weightsOf();
    const buffers = makeBuffers(keyOf([1, 2, 4]), weights);
    expect(cache.keep(keyOf([1, 2, 4]), buffers)).to.equal(true);
    expect(cache.find(keyOf([1, 2, 4]), weights)).to.equal(buffers);
    expect(cache.find(keyOf([1, 2, 4], { backend: {} as tf.KernelBackend }), weights)).to.equal(undefined);
    expect(cache.find(keyOf([2, 1, 4]), weights)).to.equal(undefined);
    expect(cache.find(keyOf([1, 2, 4], { threads: 2 }), weights)).to.equal(undefined);
    expect(cache.find(keyOf([1, 2, 4]), weightsOf()), 'another layer').to.equal(undefined);
    cache.clear();
    expect(engine.arena.floatsInUse).to.equal(0);
    expect(cache.find(keyOf([1, 2, 4]), weights)).to.equal(undefined);
  });

  it('are taken for other weights where their own are freed: a weight was assigned', () => {
    const cache = new BufferCache();
    const freed = makeBuffers(keyOf([1, 2, 4]), weightsOf(true));
    cache.keep(keyOf([1, 2, 4]), freed);
    expect(cache.find(keyOf([1, 2, 4]), weightsOf())).to.equal(freed);
    cache.clear();
  });

  it('are the eight used last', () => {
    const cache = new BufferCache();
    const weights = weightsOf();
    for (let steps = 1; steps <= 9; steps++) {
      const key = keyOf([1, steps, 4]);
      cache.keep(key, makeBuffers(key, weights));
      cache.find(keyOf([1, 1, 4]), weights);
    }
    const found = Array.from(
      { length: 9 },
      (_, i) => cache.find(keyOf([1, i + 1, 4]), weights) !== undefined,
    );
    expect(found).to.deep.equal([true, false, true, true, true, true, true, true, true]);
    cache.clear();
    expect(engine.arena.floatsInUse).to.equal(0);
  });

  it('are small', () => {
    const cache = new BufferCache();
    const key = keyOf([1, 200, 4], {}, 256);
    const large = makeBuffers(key, weightsOf());
    expect(cache.keep(key, large)).to.equal(false);
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

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { setThreads } from '../../../src/index.js';
import { recurrentAttrs, type StackAttrs } from '../../../src/kernels/contract.js';
import { Layout } from '../../../src/kernels/host/layout.js';
import { Layouts } from '../../../src/kernels/host/layouts.js';
import { packingsOf, planOf } from '../../../src/kernels/host/plan.js';
import { makeEngine } from '../../../src/kernels/host/wasm.js';
import { gru } from '../../../src/layers/recurrent/gru.js';
import { describeEachBackend } from '../../support/backends.js';
import { maxDifference } from '../../support/parity.js';

const STACK: StackAttrs = { batchFirst: true, bidirectional: false, hiddenSize: 3, projSize: 0 };
const NAMES = ['x'];
const ATTRS = recurrentAttrs('GRU', STACK, NAMES);
const BACKEND = {} as tf.KernelBackend;

describe('the layouts that are kept', () => {
  const engine = makeEngine();

  function layOut(shape: readonly number[], hiddenSize = 3): Layout {
    const info = { dataId: {}, shape: [...shape], dtype: 'float32' } as tf.TensorInfo;
    const plan = planOf({ ...ATTRS, hiddenSize }, info, 1);
    return new Layout(engine, plan, packingsOf(plan, undefined, 1), false, 1, false, false);
  }

  it('are found by backend, layer, shape and threads', () => {
    const layouts = new Layouts();
    const layout = layOut([1, 2, 4]);
    expect(layouts.keep(BACKEND, ATTRS, [1, 2, 4], 1, layout)).to.equal(true);
    expect(layouts.find(BACKEND, ATTRS, [1, 2, 4], 1)).to.equal(layout);
    expect(layouts.find({} as tf.KernelBackend, ATTRS, [1, 2, 4], 1)).to.equal(undefined);
    expect(layouts.find(BACKEND, ATTRS, [2, 1, 4], 1)).to.equal(undefined);
    expect(layouts.find(BACKEND, ATTRS, [1, 2, 4], 2)).to.equal(undefined);
    expect(layouts.find(BACKEND, recurrentAttrs('GRU', { ...STACK }, NAMES), [1, 2, 4], 1)).to.equal(
      undefined,
    );
    layouts.clear();
    expect(engine.arena.floatsInUse).to.equal(0);
    expect(layouts.find(BACKEND, ATTRS, [1, 2, 4], 1)).to.equal(undefined);
  });

  it('are the eight used last', () => {
    const layouts = new Layouts();
    for (let steps = 1; steps <= 9; steps++) {
      layouts.keep(BACKEND, ATTRS, [1, steps, 4], 1, layOut([1, steps, 4]));
      layouts.find(BACKEND, ATTRS, [1, 1, 4], 1);
    }
    const found = Array.from(
      { length: 9 },
      (_, i) => layouts.find(BACKEND, ATTRS, [1, i + 1, 4], 1) !== undefined,
    );
    expect(found).to.deep.equal([true, false, true, true, true, true, true, true, true]);
    layouts.clear();
    expect(engine.arena.floatsInUse).to.equal(0);
  });

  it('are small', () => {
    const layouts = new Layouts();
    const large = layOut([1, 200, 4], 256);
    expect(layouts.keep(BACKEND, ATTRS, [1, 200, 4], 1, large)).to.equal(false);
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

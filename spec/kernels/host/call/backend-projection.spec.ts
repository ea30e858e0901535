import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru, lstm, rnn } from '../../../../src/index.js';
import { WASM_VECTOR } from '../../../../src/kernels/host/abi/constants.js';
import { usesBackend } from '../../../../src/kernels/host/call/backend-projection.js';
import { planOf } from '../../../../src/kernels/host/call/plan.js';
import type { Engine } from '../../../../src/kernels/host/runtime/engine.js';
import { describeEachBackend } from '../../../support/backends.js';
import { makeCall } from '../../../support/call.js';
import { maxAbs, maxDifference } from '../../../support/parity.js';

function planFor(hiddenSize: number, inputSize: number, rows: number) {
  const x = { dataId: {}, shape: [1, rows, inputSize], dtype: 'float32' } as tf.TensorInfo;
  return planOf(makeCall({ hiddenSize }), x);
}

describeEachBackend('the input projection', () => {
  it("is the backend's where it is tfjs-node and the product is large", () => {
    const isNode = tf.getBackend() === 'tensorflow';
    const uses = (hiddenSize: number, inputSize: number, rows: number) =>
      usesBackend({ pad: WASM_VECTOR } as Engine, planFor(hiddenSize, inputSize, rows), rows);
    expect(uses(256, 256, 200)).to.equal(isNode);
    expect(uses(256, 256, 100)).to.equal(false);
    expect(uses(255, 256, 200), 'gates of no whole vectors').to.equal(false);
    expect(uses(256, 1, 2 ** 26 / (3 * 256) + 1), 'more than 256 MiB').to.equal(false);
  });

  // I 200, H 64, 120 steps: 5e7 and more for so many rows.
  for (const [name, make, rows] of [
    ['GRU', gru, 8],
    ['LSTM', lstm, 6],
    ['RNN', rnn, 20],
  ] as const)
    it(`changes nothing: ${name}, forward and backward`, () => {
      tf.tidy(() => {
        // On the other backends there is nothing to choose.
        const [batch, steps] = tf.getBackend() === 'tensorflow' ? [rows, 120] : [2, 3];
        const inputSize = 200;
        const x = tf.randomNormal([batch, steps, inputSize]);
        const lengths = Array.from({ length: batch }, (_, b) => steps - b);
        const results = (['fused', 'reference'] as const).map((implementation) => {
          const args = { hiddenSize: 64, numLayers: 2, bidirectional: true, seed: 1, implementation };
          const layer = make(args);
          layer.ensureBuilt(inputSize);
          const loss = (y: tf.Tensor) => tf.sum(tf.square(layer.forward(y, { lengths }).output)) as tf.Scalar;
          const weights = layer.weights.map((weight) => weight.read() as tf.Variable);
          const { grads } = tf.variableGrads(() => loss(x), weights);
          const values = [layer.forward(x, { lengths }).output, tf.grad(loss)(x), ...Object.values(grads)];
          const data = values.map((value) => value.dataSync());
          layer.dispose();
          return data;
        }) as [tf.TypedArray[], tf.TypedArray[]];
        for (const [i, fused] of results[0].entries()) {
          const reference = results[1][i] as tf.TypedArray;
          const scale = Math.max(1, maxAbs(reference));
          expect(maxDifference(fused, reference) / scale).to.be.at.most(5e-6);
        }
      });
    }).timeout(60_000);
});

/** What cuDNN's kernels hold of TensorFlow: tensors that tfjs does not count. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { sweepAll } from '../../../src/kernels/cudnn/register.js';
import { tensorflowBackend } from '../../../src/tfjs-internals/tensorflow.js';
import { describeEachLayer, forward, GRU_LAYER, LSTM_LAYER, TANH_RNN } from '../../support/family.js';

type Method = (...args: unknown[]) => unknown;

/** Counts the tensors of TensorFlow that `body` leaves. */
function handlesLeftBy(body: () => void): number {
  const backend = tensorflowBackend(tf.backend()) as unknown as { binding: Record<string, Method> };
  const { binding } = backend;
  let alive = 0;
  const counting = (name: string, count: (result: unknown) => number): Method => {
    return (...args) => {
      const result = binding[name]!.apply(binding, args);
      alive += count(result);
      return result;
    };
  };
  const counted = {
    executeOp: counting('executeOp', (outputs) => (outputs as unknown[]).length),
    createTensor: counting('createTensor', () => 1),
    deleteTensor: counting('deleteTensor', () => -1),
  };
  backend.binding = Object.create(binding, Object.getOwnPropertyDescriptors(counted)) as typeof binding;
  try {
    body();
    return alive;
  } finally {
    backend.binding = binding;
  }
}

describeEachLayer(
  "tensors that cuDNN's kernels hold",
  [GRU_LAYER, LSTM_LAYER, TANH_RNN],
  ({ make }, backend) => {
    if (backend !== 'tensorflow' || process.env.CUDNN !== 'stand-in') return;

    const ARGS = { hiddenSize: 3, numLayers: 2, bidirectional: true, implementation: 'cudnn' } as const;
    const x = () => tf.randomNormal([2, 4, 3]);

    /** As a program ends: its weights are disposed, and the next call finds what is left. */
    function leftBy(body: (layer: ReturnType<typeof make>) => void): number {
      return handlesLeftBy(() => {
        const layer = make(ARGS);
        tf.tidy(() => body(layer));
        layer.dispose();
        sweepAll();
      });
    }

    before(() => {
      // The first call asks cuDNN for its known answer.
      tf.tidy(() => {
        const layer = make(ARGS);
        layer.forward(x());
        layer.dispose();
      });
      sweepAll();
    });

    it('are gone after inference, with lengths and states', () => {
      const lengths = [4, 1];
      expect(leftBy((layer) => void forward(layer, x(), { lengths }))).to.equal(0);
    });

    it('are gone after training', () => {
      const left = leftBy((layer) => {
        layer.ensureBuilt(3);
        const optimizer = tf.train.sgd(0.1);
        for (let step = 0; step < 3; step++)
          optimizer.minimize(() => tf.sum(layer.forward(x(), { lengths: [3, 4] }).output) as tf.Scalar);
        optimizer.dispose();
      });
      expect(left).to.equal(0);
    });

    it('are gone after a gradient inside another, and one without a gradient', () => {
      const left = leftBy((layer) => {
        layer.ensureBuilt(3);
        tf.grad((y) => {
          const { output } = layer.forward(y as tf.Tensor3D);
          tf.variableGrads(
            () => tf.sum(tf.square(output)) as tf.Scalar,
            layer.weights.map((weight) => weight.read() as tf.Variable),
          );
          return tf.sum(output);
        })(x());
      });
      expect(left).to.equal(0);
    });

    it('are gone after a loss that throws', () => {
      const left = leftBy((layer) => {
        const loss = (y: tf.Tensor) => {
          layer.forward(y as tf.Tensor3D);
          throw new Error('a loss');
        };
        expect(() => tf.grad(loss)(x())).to.throw('a loss');
      });
      expect(left).to.equal(0);
    });

    it('hold the weights once, until they change', () => {
      const layer = make(ARGS);
      const left = (body: () => void) => handlesLeftBy(() => tf.tidy(body));
      expect(
        left(() => void layer.forward(x())),
        'with the weights, which are variables',
      ).to.be.greaterThan(0);
      expect(left(() => void layer.forward(x()))).to.equal(0);
      tf.tidy(() => layer.setWeights(layer.getWeights().map((weight) => tf.mul(weight, 2))));
      expect(left(() => void layer.forward(x()))).to.equal(0);
      layer.dispose();
      sweepAll();
    });
  },
);

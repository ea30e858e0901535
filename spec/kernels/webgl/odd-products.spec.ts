import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru, rnn } from '../../../src/index.js';
import { describeEachBackend } from '../../support/backends.js';

type Build = () => tf.Tensor[] | Promise<tf.Tensor[]>;

const normal = (shape: number[], seed: number): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);

describeEachBackend('products over an odd dimension', (backend) => {
  // The oracle.
  if (backend === 'cpu') return;

  // Else tfjs computes on the host what has fewer than 128 elements.
  before(() => tf.env().set('WEBGL_CPU_FORWARD', false));
  after(() => tf.env().set('WEBGL_CPU_FORWARD', true));

  /** The values of tensors that `build` makes on a backend. */
  async function valuesOn(name: string, build: Build): Promise<Float32Array[]> {
    await tf.setBackend(name);
    const tensors = await build();
    const values = await Promise.all(tensors.map((tensor) => tensor.data<'float32'>()));
    tf.dispose(tensors);
    return values;
  }

  /** Holds the values on this backend to those on cpu; measured on webgl: 2e-7. */
  async function expectAsOnCpu(build: Build): Promise<void> {
    const expected = await valuesOn('cpu', build);
    const actual = await valuesOn(backend, build);
    for (const [i, values] of expected.entries()) {
      const scale = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      const distance = values.reduce(
        (max, value, k) => Math.max(max, Math.abs(value - (actual[i]?.[k] ?? Number.NaN))),
        0,
      );
      expect(distance / scale, `tensor ${i}`).to.be.below(5e-6);
    }
  }

  for (const [transposeA, transposeB] of [
    [false, false],
    [false, true],
    [true, false],
  ] as const)
    it(`are those of the matrices alone, whatever ops have left beside them, transposed: ${transposeA}, ${transposeB}`, () =>
      expectAsOnCpu(() =>
        tf.tidy(() => {
          const a = tf.exp(normal(transposeA ? [15, 16] : [16, 15], 1));
          const b = tf.add(normal(transposeB ? [17, 15] : [15, 17], 2), 0.5);
          return [tf.matMul(a, b, transposeA, transposeB)];
        }),
      ));

  it('are so in convolutions and in their transposes', () =>
    expectAsOnCpu(() =>
      tf.tidy(() => {
        const x = tf.exp(normal([2, 8, 8, 5], 1)) as tf.Tensor4D;
        const point = tf.add(normal([1, 1, 5, 3], 2), 0.5) as tf.Tensor4D;
        const window = tf.add(normal([3, 3, 7, 5], 3), 0.5) as tf.Tensor4D;
        const bias = normal([3], 4) as tf.Tensor1D;
        return [
          tf.conv2d(x, point, 1, 'valid'),
          tf.fused.conv2d({ x, filter: point, strides: 1, pad: 'valid', bias, activation: 'relu' }),
          tf.conv2dTranspose(x, window, [2, 10, 10, 7], 1, 'valid'),
        ];
      }),
    ));

  it('are so in the recurrence, with weights as SGD leaves them', () =>
    expectAsOnCpu(() => {
      const layer = rnn({ hiddenSize: 13, inputSize: 15, nonlinearity: 'relu', implementation: 'reference' });
      tf.tidy(() => void layer.apply(tf.zeros([1, 1, 15])));
      return tf.tidy(() => {
        for (const [i, weight] of layer.weights.entries())
          weight.write(tf.add(tf.mul(normal(weight.shape as number[], i + 1), 0.2), 0.05));
        const x = tf.sub(tf.exp(normal([11, 2, 15], 9)), 1) as tf.Tensor3D;
        const { output } = layer.forward(x);
        const { grads } = tf.variableGrads(
          () => tf.sum(tf.exp(tf.mul(layer.forward(x).output, 0.1))),
          layer.trainableWeights.map((weight) => weight.read() as tf.Variable),
        );
        layer.dispose();
        return [output, ...Object.values(grads)];
      });
    }));

  it('are so in the gradients of a classifier with an odd number of classes', () =>
    expectAsOnCpu(async () => {
      const input = tf.input({ shape: [3, 4] });
      const features = gru({ hiddenSize: 16, returnSequences: false, seed: 1 }).apply(input);
      const kernelInitializer = tf.initializers.randomNormal({ seed: 2 });
      const logits = tf.layers.dense({ units: 5, kernelInitializer }).apply(features) as tf.SymbolicTensor;
      const model = tf.model({ inputs: input, outputs: logits });
      model.compile({ optimizer: tf.train.sgd(0.5), loss: tf.losses.softmaxCrossEntropy });
      const [x, y] = tf.tidy(() => [
        normal([32, 3, 4], 3),
        tf
          .oneHot(
            tf.tensor1d(
              Array.from({ length: 32 }, (_, i) => i % 5),
              'int32',
            ),
            5,
          )
          .toFloat(),
      ]) as [tf.Tensor, tf.Tensor];
      await model.fit(x, y, { epochs: 4, batchSize: 32, shuffle: false, verbose: 0 });
      const weights = model.getWeights().map((weight) => weight.clone());
      tf.dispose([x, y]);
      model.optimizer.dispose();
      model.dispose();
      return weights;
    }));
});

/** What cuDNN's op is not asked itself: rows of length 0, lengths that nothing has checked, and what it does not have. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { describeKernels, UnsupportedError } from '../../../src/index.js';
import { expectSame } from '../../support/expect-same.js';
import { readsOnFakeGpu } from '../../support/fake-gpu.js';
import { describeEachLayer, EVERY_LAYER, forward, PROJECTED_LSTM } from '../../support/family.js';
import { tidied } from '../../support/tidied.js';

const isHere = (backend: string) => backend === 'tensorflow' && process.env.CUDNN === 'stand-in';
const PLAIN = EVERY_LAYER.filter((variant) => variant !== PROJECTED_LSTM);

describeEachLayer('calls in cuDNN', PLAIN, ({ make, stateNames, stateSizes }, backend) => {
  if (!isHere(backend)) return;

  const layerOf = (implementation: 'cudnn' | 'reference', bias = true) =>
    make({ hiddenSize: 5, numLayers: 2, bidirectional: true, seed: 3, bias, implementation });

  /** Outputs, states and the gradients of x and of the initial states. */
  function results(implementation: 'cudnn' | 'reference', lengths: tf.Tensor | undefined, bias?: boolean) {
    const layer = layerOf(implementation, bias);
    const x = tf.randomNormal([3, 4, 2], 0, 1, 'float32', 1);
    const states = stateNames.map((_, i) =>
      tf.randomNormal([4, 3, stateSizes(5)[i]!], 0, 1, 'float32', 5 + i),
    );
    const run = (y: tf.Tensor, given: tf.Tensor[]) => {
      const { output, states: finals } = forward(layer, y, { states: given, ...(lengths && { lengths }) });
      return [output, ...finals];
    };
    const gradients = tf.grads((y, ...given) =>
      tf.addN(run(y!, given).map((each) => tf.sum(tf.square(each)))),
    )([x, ...states]);
    const outputs = run(x, states);
    layer.dispose();
    return [...outputs, ...gradients];
  }

  for (const [title, lengths] of [
    ['a row of length 0, which keeps its initial states', [0, 4, 2]],
    ['lengths beyond 0..T on the device, which count as 0 or T', [-3, 9, 2]],
  ] as const)
    it(`take ${title}`, () =>
      tidied(async () => {
        const made = tf.add(tf.tensor1d([...lengths], 'int32'), 0);
        const [actual, expected] = [results('cudnn', made), results('reference', made)];
        for (const [i, tensor] of actual.entries()) await expectSame(tensor, expected[i]!, 2e-6);
      }));

  for (const batchFirst of [true, false])
    it(`take rows of several lengths after full ones of the same size, ${batchFirst ? 'B' : 'T'} first`, () =>
      tidied(async () => {
        const args = { hiddenSize: 5, numLayers: 2, bidirectional: true, batchFirst, seed: 3 } as const;
        const [actual, expected] = (['cudnn', 'reference'] as const).map((implementation) =>
          make({ ...args, implementation }),
        ) as [ReturnType<typeof make>, ReturnType<typeof make>];
        const x = tf.randomNormal(batchFirst ? [3, 4, 2] : [4, 3, 2], 0, 1, 'float32', 1);
        for (const options of [{}, { lengths: [4, 4, 4] }, { lengths: [2, 1, 4] }]) {
          const [a, b] = [forward(actual, x, options), forward(expected, x, options)];
          await expectSame(a.output, b.output, 2e-6);
          for (const [i, state] of a.states.entries()) await expectSame(state, b.states[i]!, 2e-6);
        }
        for (const layer of [actual, expected]) layer.dispose();
      }));

  it('read no padding, whatever it holds', () =>
    tidied(async () => {
      const layer = layerOf('cudnn');
      const lengths = tf.add(tf.tensor1d([2, 0, 4], 'int32'), 0);
      const values = Array.from({ length: 24 }, (_, i) =>
        i % 8 < [4, 0, 8][Math.floor(i / 8)]! ? Math.sin(i) : Number.NaN,
      );
      const x = tf.tensor3d(values, [3, 4, 2]);
      layer.ensureBuilt(2);
      const weights = layer.weights.map((weight) => weight.read() as tf.Variable);
      const { grads, value } = tf.variableGrads(
        () => tf.sum(layer.forward(x, { lengths }).output) as tf.Scalar,
        weights,
      );
      for (const tensor of [value, ...Object.values(grads)])
        expect([...(await tensor.data())].every(Number.isFinite)).to.equal(true);
      layer.dispose();
    }));

  it('take a module without biases', () =>
    tidied(async () => {
      const [actual, expected] = [results('cudnn', undefined, false), results('reference', undefined, false)];
      for (const [i, tensor] of actual.entries()) await expectSame(tensor, expected[i]!, 2e-6);
    }));

  it('take a part of a stack whose weights they hold', () =>
    tidied(async () => {
      const args = { hiddenSize: 5, numLayers: 2, dropout: 0.5, implementation: 'cudnn' } as const;
      const layer = make(args);
      const x = tf.randomNormal([3, 4, 2]);
      const whole = layer.forward(x).output;
      // Dropout acts between the layers, so each is a call of its own.
      layer.forward(x, { training: true });
      await expectSame(layer.forward(x).output, whole);
      layer.dispose();
    }));

  it('read nothing back', () => {
    const layer = layerOf('cudnn');
    tf.tidy(() => {
      const [x, lengths] = [tf.add(tf.ones([3, 4, 2]), 0), tf.add(tf.tensor1d([2, 1, 4], 'int32'), 0)];
      layer.forward(x as tf.Tensor3D);
      const reads = readsOnFakeGpu(() => {
        layer.forward(x as tf.Tensor3D, { lengths });
        tf.grad((y) => tf.sum(layer.forward(y as tf.Tensor3D, { lengths }).output))(x);
      });
      expect(reads).to.equal(0);
    });
    expect(describeKernels().find(({ isActive }) => isActive)!.lastReason).to.match(/^cudnn: about/);
    layer.dispose();
  });
});

describeEachLayer('cuDNN', [PROJECTED_LSTM], ({ make }, backend) => {
  if (!isHere(backend)) return;

  it('has no projections, and says so', () => {
    const layer = make({ hiddenSize: 4, implementation: 'cudnn' });
    tf.tidy(() => {
      expect(() => layer.forward(tf.ones([1, 2, 3]))).to.throw(
        UnsupportedError,
        'LSTM: implementation: expected cuDNN on the tensorflow backend, got an LSTM with a projection, which TensorFlow does ' +
          "not run in cuDNN. Use implementation: 'auto' or 'reference'",
      );
    });
    layer.dispose();
  });
});

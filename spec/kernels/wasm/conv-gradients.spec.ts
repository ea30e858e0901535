import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { expect } from 'chai';
import '../../../src/kernels/index.js';
import { describeEachBackend } from '../../support/backends.js';
import { maxDifference } from '../../support/parity.js';
import { tidied } from '../../support/tidied.js';

type Size = [number, number];

interface Case {
  readonly image: Size;
  readonly kernel: Size;
  readonly strides: Size;
  readonly pad: 'same' | 'valid' | number;
}

const CASES: readonly Case[] = [
  { image: [6, 5], kernel: [3, 2], strides: [1, 1], pad: 'valid' },
  { image: [6, 5], kernel: [3, 2], strides: [1, 1], pad: 'same' },
  // Windows that end before the image does, and zeros on one side only.
  { image: [8, 7], kernel: [3, 3], strides: [2, 2], pad: 'valid' },
  { image: [8, 7], kernel: [3, 2], strides: [2, 2], pad: 'same' },
  { image: [7, 9], kernel: [2, 2], strides: [3, 3], pad: 'valid' },
  { image: [1, 9], kernel: [1, 4], strides: [1, 1], pad: 'same' },
  { image: [5, 5], kernel: [5, 5], strides: [1, 1], pad: 'valid' },
];

const OPS = {
  conv2d: { op: tf.conv2d, depth: (channels: number): Size => [channels, 4] },
  depthwiseConv2d: { op: tf.depthwiseConv2d, depth: (channels: number): Size => [channels, 2] },
};

const CHANNELS = 3;

/** The gradients of a weighted sum of the convolution by image and kernel. */
function gradients(name: keyof typeof OPS, { image, kernel, strides, pad }: Case): tf.Tensor[] {
  const { op, depth } = OPS[name];
  const x = tf.randomNormal<tf.Rank.R4>([2, ...image, CHANNELS], 0, 1, 'float32', 1);
  const filter = tf.randomNormal<tf.Rank.R4>([...kernel, ...depth(CHANNELS)], 0, 1, 'float32', 2);
  const loss = (a: tf.Tensor, b: tf.Tensor) => {
    const y = op(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad);
    return tf.sum(tf.mul(y, tf.randomNormal(y.shape, 0, 1, 'float32', 3)));
  };
  return tf.grads(loss)([x, filter]);
}

describeEachBackend('gradients of convolutions', (backend) => {
  for (const name of ['conv2d', 'depthwiseConv2d'] as const)
    for (const [i, each] of CASES.entries())
      it(`of ${name} are those of the cpu backend, case ${i}`, async () => {
        const found = await tidied(() =>
          Promise.all(gradients(name, each).map((gradient) => gradient.data())),
        );
        await tf.setBackend('cpu');
        const expected = await tidied(() =>
          Promise.all(gradients(name, each).map((gradient) => gradient.data())),
        );
        await tf.setBackend(backend);
        for (const [k, values] of found.entries()) {
          const largest = Math.max(...expected[k]!.map(Math.abs));
          expect(largest).to.be.above(0.1);
          expect(maxDifference(values, expected[k]!)).to.be.at.most(1e-5 * largest);
        }
      });

  it('leave nothing in the memory of the backend', () => {
    const { numDataIds } = tf.engine().backend as unknown as { numDataIds(): number };
    const count = () => numDataIds.call(tf.engine().backend);
    const run = () => tf.tidy(() => void CASES.map((each) => gradients('conv2d', each)));
    run();
    const before = count();
    run();
    expect(count()).to.equal(before);
  });

  it('train the convolutions of tf.layers in fit', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv1d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', inputShape: [8, 3] }),
        tf.layers.reshape({ targetShape: [2, 2, 4] }),
        tf.layers.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2 } as never),
        tf.layers.flatten(),
        tf.layers.dense({ units: 1 }),
      ],
    });
    model.compile({ optimizer: tf.train.sgd(0.05), loss: 'meanSquaredError' });
    const [x, y] = [tf.randomNormal([6, 8, 3], 0, 1, 'float32', 4), tf.ones([6, 1])];
    const { history } = await model.fit(x, y, { epochs: 8, verbose: 0 });
    const losses = history.loss as number[];
    expect(losses.at(-1)).to.be.below(losses[0] as number);
    model.optimizer.dispose();
    model.dispose();
    tf.dispose([x, y]);
  });
});

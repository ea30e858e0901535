import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { type GRU, gru, setThreads } from '../../../../src/index.js';
import { makeFilled } from '../../../../src/kernels/host/call/tensors.js';
import { describeEachBackend } from '../../../support/backends.js';
import { maxDifference } from '../../../support/parity.js';
import { tidied } from '../../../support/tidied.js';

/** The output, and the gradient of its sum. */
const run = (layer: GRU, x: tf.Tensor) => [
  layer.forward(x).output,
  tf.grad((y) => tf.sum(layer.forward(y).output))(x),
];

const valuesOf = (tensors: readonly tf.Tensor[]) =>
  Promise.all(tensors.map(async (tensor) => (await tensor.data<'float32'>()).slice()));

describeEachBackend("a caller's sequence", () => {
  beforeEach(() => setThreads(1));

  for (const dtype of ['int32', 'bool'] as const)
    it(`may be a cast of ${dtype}, whose array the cpu backend keeps`, async () => {
      const layers = (['fused', 'reference'] as const).map((implementation) =>
        gru({ hiddenSize: 3, seed: 1, implementation }),
      );
      await tidied(async () => {
        const x = tf.cast(
          tf.tensor3d(
            [
              [[1], [0]],
              [[0], [1]],
              [[1], [1]],
            ],
            undefined,
            dtype,
          ),
          'float32',
        );
        const results = await valuesOf(layers.flatMap((layer) => run(layer, x)));
        const [output, gradient, ...expected] = results as [Float32Array, Float32Array, ...Float32Array[]];
        expect(maxDifference(output, expected[0] as Float32Array)).to.be.at.most(1e-6);
        expect(maxDifference(gradient, expected[1] as Float32Array)).to.be.at.most(1e-6);
      });
      for (const layer of layers) layer.dispose();
    });

  it('has memory of its own: later calls, disposals and tensors leave it as it is', async () => {
    const layer = gru({ hiddenSize: 3, implementation: 'fused' });
    await tidied(async () => {
      const [x, other] = [tf.randomNormal([3, 4, 2]), tf.randomNormal([3, 4, 2])];
      const first = run(layer, x);
      const values = await valuesOf(first);
      layer.forward(other).output.dispose();
      expect(await valuesOf(first)).to.deep.equal(values);
      tf.dispose(run(layer, other));
      // The memory of the wasm backend moves when it grows: an array of it from before is empty.
      const large = tf.ones([2 ** 23]);
      expect(await valuesOf(first)).to.deep.equal(values);
      const clones = first.map((tensor) => tensor.clone());
      tf.dispose([...first, large]);
      layer.forward(other);
      expect(await valuesOf(clones)).to.deep.equal(values);
    });
    layer.dispose();
  });

  it('is no tensor where it cannot be unpacked', () => {
    const backend = tf.backend();
    const before = backend.numDataIds();
    const fill = () => {
      throw new Error('no room');
    };
    for (const shape of [
      [2, 3, 4],
      [2, 0, 4],
    ])
      expect(() => makeFilled(backend, shape, fill)).to.throw('no room');
    expect(backend.numDataIds()).to.equal(before);
  });
});

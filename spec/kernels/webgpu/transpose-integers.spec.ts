// tfjs's own ops on masks and indices, which lie on the GPU as integers.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import '../../../src/kernels/index.js';
import { describeOnWebGpu } from './case.js';

const values = () => tf.reshape(tf.range(0, 24), [2, 4, 3]);

/** `[2, 4, 3]`. float32 has few of the integers, and tfjs's elementwise ops compute in it there. */
const MADE = {
  bool: () => tf.greater(tf.mod(values(), 3), 1),
  int32: () =>
    tf.tensor3d(
      Array.from({ length: 24 }, (_, i) => 2 ** 26 + i),
      [2, 4, 3],
      'int32',
    ),
};

const marks = (x: tf.Tensor) => tf.cast(x, 'bool');

const OPS: Readonly<Record<string, (x: tf.Tensor) => tf.Tensor>> = {
  'transposed, of three axes': (x) => tf.transpose(x, [1, 0, 2]),
  'transposed, of four axes': (x) => tf.transpose(tf.reshape(x, [2, 2, 3, 2]), [3, 1, 0, 2]),
  'transposed, of six axes': (x) => tf.transpose(tf.reshape(x, [2, 1, 2, 2, 1, 3]), [5, 3, 0, 4, 2, 1]),
  'summed along an axis that is not the last': (x) => tf.sum(marks(x), 1),
  'averaged as floats': (x) => tf.mean(tf.cast(marks(x), 'float32'), 0),
  'summed up': (x) => tf.cumsum(tf.cast(marks(x), 'int32'), 1),
  'searched for the largest': (x) => tf.argMax(tf.cast(marks(x), 'float32'), 1),
};

describeOnWebGpu('integers', () => {
  // tfjs computes small tensors on the host.
  let isForwarded: boolean;
  before(() => {
    isForwarded = tf.env().getBool('WEBGPU_CPU_FORWARD');
    tf.env().set('WEBGPU_CPU_FORWARD', false);
  });
  after(() => tf.env().set('WEBGPU_CPU_FORWARD', isForwarded));

  for (const [dtype, make] of Object.entries(MADE))
    for (const [title, op] of Object.entries(OPS))
      it(`of ${dtype}, ${title}, are those of the cpu backend`, async () => {
        const run = async (backend: string) => {
          await tf.setBackend(backend);
          const y = tf.tidy(() => op(make()));
          const result = { dtype: y.dtype, shape: y.shape, data: Array.from(await y.data()) };
          y.dispose();
          return result;
        };
        const expected = await run('cpu');
        expect(await run('webgpu')).to.deep.equal(expected);
      });
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { type BenchCase, type Mode, makeNumbers } from '../../scripts/bench/cases.js';
import { callsOf } from '../../scripts/bench/peers/calls.js';
import { describeEachBackend } from '../support/backends.js';

const SMALL: BenchCase = {
  name: 'small',
  cell: 'rnn',
  mode: 'forward',
  inputSize: 3,
  hiddenSize: 3,
  layers: 1,
  directions: 1,
  batch: 2,
  steps: 4,
};

describeEachBackend('bench: the calls of a network on tfjs', (backend) => {
  const isOnHost = !['webgl', 'webgpu'].includes(backend);

  const { data, dataSync } = tf.Tensor.prototype;
  let reads = 0;
  before(() => {
    Object.assign(tf.Tensor.prototype, {
      data(this: tf.Tensor) {
        reads++;
        return data.call(this);
      },
      dataSync(this: tf.Tensor) {
        reads++;
        return dataSync.call(this);
      },
    });
  });
  after(() => void Object.assign(tf.Tensor.prototype, { data, dataSync }));

  /** Tensors that the timed call reads, and the values of one call: of x * weight, or of its gradients. */
  async function call(mode: Mode): Promise<{ readonly readsOfRun: number; readonly values: number[][] }> {
    const benchCase = { ...SMALL, mode };
    const weight = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3])));
    const calls = callsOf(benchCase, makeNumbers(benchCase), 'tensors', {
      weights: [weight],
      forward: (x) => [tf.mul(x, weight)],
    });
    reads = 0;
    const before = tf.memory().numTensors;
    await calls.run();
    expect(tf.memory().numTensors).to.equal(before);
    const readsOfRun = reads;
    const values = [...(await calls.values())].map((each) => [...each]);
    expect(tf.memory().numTensors).to.equal(before);
    await calls.dispose();
    weight.dispose();
    return { readsOfRun, values };
  }

  it('read the results in the timed call', async () => {
    const { readsOfRun, values } = await call('forward');
    expect(readsOfRun).to.equal(1);
    expect(values.map(({ length }) => length)).to.deep.equal([24]);
  });

  it('leave gradients in tensors where the host has computed them, and wait for a device by reading', async () => {
    const { readsOfRun, values } = await call('training');
    expect(readsOfRun).to.equal(isOnHost ? 0 : 2);
    expect(values.map(({ length }) => length)).to.deep.equal([24, 3]);
    expect(values.flat().every((value) => value !== 0)).to.equal(true);
  });
});

/** What runs on tfjs-node while TensorFlow uses a GPU; here a backend that only reports one. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { describeKernels, type GRU, gru, type LSTM, lstm } from '../../../../src/index.js';
import { describeEachBackend } from '../../../support/backends.js';
import { expectClose } from '../../../support/expect-same.js';
import { readsOnFakeGpu } from '../../../support/fake-gpu.js';
import { tidied } from '../../../support/tidied.js';
import { collectWarnings } from '../../../support/warnings.js';

const last = () => {
  const { lastRun, lastReason } = describeKernels().find(({ isActive }) => isActive)!;
  return { lastRun, lastReason };
};

/** A sequence from JS, whose values stay on the host until an op uses them. */
function sequence(batch: number, steps: number, inputSize: number): tf.Tensor3D {
  const values = Float32Array.from({ length: batch * steps * inputSize }, (_, i) => Math.sin(i));
  return tf.tensor3d(values, [batch, steps, inputSize]);
}

/** A sequence that an op has made. */
const onDevice = (x: tf.Tensor3D) => tf.add(x, 0) as tf.Tensor3D;

describeEachBackend('a call while tfjs-node uses a GPU', (backend) => {
  if (backend !== 'tensorflow') return;

  /** Runs a call as on a GPU; the output must be that without one. @returns how often a tensor was read back. */
  async function run(layer: GRU | LSTM, x: tf.Tensor3D): Promise<number> {
    const expected = layer.forward(x).output;
    let output = expected;
    const reads = readsOnFakeGpu(() => {
      ({ output } = layer.forward(x));
    });
    await expectClose(output, expected);
    return reads;
  }

  const warnings = collectWarnings();

  it('tells once that cuDNN fails its check, as it does without a GPU, and does not try again', () =>
    tidied(async () => {
      // Each cell is checked once in a process: other specs run a GRU.
      const layer = lstm({ hiddenSize: 256 });
      const x = sequence(64, 2, 256);
      await run(layer, x);
      await run(layer, x);
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.match(/^tfjs-torch-rnn: cuDNN is not used: its LSTM fails: .*CudnnRNNV3/);
      expect(last().lastReason).to.match(/^cudnn: its LSTM fails: .*; engine: about/);
      layer.dispose();
    }));

  it('runs on the engine where its data are on the host and tf ops would take longer', () =>
    tidied(async () => {
      const layer = gru({ hiddenSize: 8 });
      expect(await run(layer, sequence(2, 10, 4))).to.equal(0);
      expect(last().lastReason).to.match(/^engine: about [\d.]+ ms on the engine against/);
      layer.dispose();
    }));

  it('reads x back where the steps in tf ops would take longer, and the weights once for each change', () =>
    tidied(async () => {
      const layer = gru({ hiddenSize: 8 });
      layer.ensureBuilt(4);
      layer.setWeights(layer.getWeights().map((weight) => tf.add(weight, 0)));
      const x = onDevice(sequence(2, 20, 4));
      const counts: number[] = [];
      const outputs: tf.Tensor[] = [];
      const count = () => {
        counts.push(readsOnFakeGpu(() => outputs.push(layer.forward(x).output)));
        expect(last().lastReason).to.match(/^engine: .* 1 KiB of data read back, against/);
      };
      count();
      count();
      layer.setWeights(layer.getWeights().map((weight) => tf.mul(weight, 1)));
      count();
      // The weights are joined on the device and read at once.
      expect(counts).to.deep.equal([2, 1, 2]);
      for (const output of outputs) await expectClose(output, outputs[0]!);
      layer.dispose();
    }));

  it('runs in tf ops where the wait for the device, or the arithmetic, would take longer', () =>
    tidied(async () => {
      const small = gru({ hiddenSize: 8 });
      expect(await run(small, onDevice(sequence(2, 1, 4)))).to.equal(0);
      expect(last()).to.deep.include({ lastRun: 'reference' });
      expect(last().lastReason).to.match(
        /engine: about 3 ms on the engine, 1 KiB of data read back, against 0.45 in tf ops/,
      );
      const large = gru({ hiddenSize: 256 });
      expect(await run(large, sequence(64, 1, 256))).to.equal(0);
      expect(last()).to.deep.include({ lastRun: 'reference' });
      for (const layer of [small, large]) layer.dispose();
    }));

  it("runs on the engine for 'fused', whatever the costs", () =>
    tidied(async () => {
      const layer = gru({ hiddenSize: 8, implementation: 'fused' });
      await run(layer, onDevice(sequence(2, 1, 4)));
      expect(last().lastRun).to.equal('fused');
      layer.dispose();
    }));

  it('has the gradients of the engine where that is faster, and of tf ops elsewhere', () =>
    tidied(async () => {
      for (const [steps, path] of [
        [10, 'fused'],
        [1, 'reference'],
      ] as const) {
        const layer = gru({ hiddenSize: 8 });
        const x = onDevice(sequence(2, steps, 4));
        const slope = () => tf.grad((y) => tf.sum(tf.square(layer.forward(y as tf.Tensor3D).output)))(x);
        const expected = slope();
        let actual = expected;
        readsOnFakeGpu(() => {
          actual = slope();
        });
        expect(last().lastRun).to.equal(path);
        await expectClose(actual, expected);
        layer.dispose();
      }
    }));

  it('takes lengths beyond 0..T that lie on the device as 0 or T, and reads nothing beyond x', () =>
    tidied(async () => {
      const x = sequence(3, 4, 4);
      const [wrong, right] = [
        [9, -2, 2],
        [4, 0, 2],
      ].map((lengths) => tf.add(tf.tensor1d(lengths, 'int32'), 0));
      for (const implementation of ['fused', 'reference'] as const) {
        const layer = gru({ hiddenSize: 8, bidirectional: true, implementation });
        const outputs: tf.Tensor[] = [];
        readsOnFakeGpu(() => {
          for (const lengths of [wrong!, right!]) {
            const { output, hn } = layer.forward(x, { lengths });
            const slope = tf.grad((y) =>
              tf.sum(tf.square(layer.forward(y as tf.Tensor3D, { lengths }).output)),
            )(x);
            outputs.push(output, hn, slope);
          }
        });
        for (const i of [0, 1, 2]) await expectClose(outputs[i]!, outputs[i + 3]!);
        layer.dispose();
      }
    }));
});

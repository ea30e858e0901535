import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { describeKernels, gru, UnsupportedError } from '../../src/index.js';
import { kernelTrials, missingKernels } from '../../src/kernels/contract.js';
import { expectSame } from '../support/expect-same.js';
import { readsOnFakeGpu } from '../support/fake-gpu.js';
import { describeEachLayer, EVERY_LAYER, forward } from '../support/family.js';

const lastRun = () => describeKernels().find(({ isActive }) => isActive)?.lastRun;

describeEachLayer('implementation', EVERY_LAYER, ({ make, module }, backend) => {
  it("takes the fused kernel for 'auto' and 'fused', tf ops for 'reference', and computes the same", () => {
    tf.tidy(() => {
      const x = tf.randomNormal([2, 4, 3]);
      const outputs = (['reference', 'auto', 'fused'] as const).map((implementation) => {
        const layer = make({ hiddenSize: 5, seed: 1, implementation });
        const { output } = forward(layer, x);
        expect(lastRun()).to.equal(implementation === 'reference' ? 'reference' : 'fused');
        layer.dispose();
        return output;
      });
      expectSame(outputs[1] as tf.Tensor, outputs[0] as tf.Tensor, 1e-6);
      expectSame(outputs[2] as tf.Tensor, outputs[1] as tf.Tensor);
    });
  });

  it("takes the reference for second derivatives, and throws with the remedy for 'fused'", () => {
    tf.tidy(() => {
      const x = tf.randomNormal([1, 2, 3]);
      const second = (implementation: 'auto' | 'fused') => {
        const layer = make({ hiddenSize: 2, seed: 1, implementation });
        layer.ensureBuilt(3);
        const first = tf.grad((y) => tf.sum(forward(layer, y).output));
        try {
          return tf.grad((y) => tf.sum(tf.square(first(y))))(x);
        } finally {
          layer.dispose();
        }
      };
      expect(second('auto').shape).to.deep.equal([1, 2, 3]);
      expect(lastRun()).to.equal('reference');
      expect(() => second('fused')).to.throw(
        UnsupportedError,
        `${module}: implementation: expected a fused kernel on the ${backend} backend, got a second-order gradient. ` +
          "Use implementation: 'auto' or 'reference'",
      );
    });
  });

  if (backend !== 'tensorflow') return;

  it("takes the reference on a GPU build, and throws with the reason for 'fused'", () => {
    const [auto, fused] = (['auto', 'fused'] as const).map((implementation) =>
      make({ hiddenSize: 2, seed: 1, implementation }),
    ) as [ReturnType<typeof make>, ReturnType<typeof make>];
    tf.tidy(() => {
      const x = tf.ones([1, 2, 3]);
      readsOnFakeGpu(() => {
        auto.forward(x);
        expect(describeKernels().find(({ isActive }) => isActive)).to.deep.equal({
          backend: 'tensorflow',
          isActive: true,
          implementation: 'reference',
          reason: 'a GPU device, whose tensors would have to be read back',
          lastRun: 'reference',
        });
        for (const call of [() => fused.forward(x), () => fused.apply(x)])
          expect(call).to.throw(
            UnsupportedError,
            `${module}: implementation: expected a fused kernel on the tensorflow backend, ` +
              'got a GPU device, whose tensors would have to be read back',
          );
      });
      expect(fused.built).to.equal(false);
    });
    auto.dispose();
  });
});

describe('implementation on a backend without a fused kernel', () => {
  it("runs the reference for 'auto', and throws for 'fused'", async () => {
    // Another name for the cpu backend: no kernel of this package is registered for it.
    tf.registerBackend('other', () => tf.findBackend('cpu'));
    for (const kernel of tf.getKernelsForBackend('cpu'))
      if (!kernel.kernelName.startsWith('TorchRecurrent'))
        tf.registerKernel({ ...kernel, backendName: 'other', setupFunc: undefined });
    await tf.setBackend('other');
    const [auto, fused] = (['auto', 'fused'] as const).map((implementation) =>
      gru({ hiddenSize: 2, implementation }),
    );
    try {
      tf.tidy(() => {
        expect(auto.forward(tf.ones([1, 2, 3])).output.shape).to.deep.equal([1, 2, 2]);
        expect(lastRun()).to.equal('reference');
        expect(() => fused.forward(tf.ones([1, 2, 3]))).to.throw(
          UnsupportedError,
          'GRU: implementation: expected a fused kernel on the other backend, got none registered',
        );
      });
      expect(describeKernels().find(({ backend }) => backend === 'other')).to.deep.include({
        implementation: 'reference',
        reason: 'this backend has no fused kernel',
      });
    } finally {
      auto.dispose();
      await tf.setBackend('cpu');
      for (const { kernelName } of tf.getKernelsForBackend('other')) tf.unregisterKernel(kernelName, 'other');
    }
  });
});

describe('implementation where the engine turns out not to start', () => {
  const REASON = 'its engine does not start here: could not allocate memory';
  let trial: (() => string | undefined) | undefined;
  let trials = 0;

  before(async () => {
    await tf.setBackend('cpu');
    trial = kernelTrials.get('cpu');
    kernelTrials.set('cpu', () => {
      trials++;
      return REASON;
    });
  });
  after(() => {
    missingKernels.delete('cpu');
    kernelTrials.delete('cpu');
    if (trial) kernelTrials.set('cpu', trial);
  });

  it("runs the reference for 'auto', throws for 'fused', and is tried once", () => {
    tf.tidy(() => {
      const x = tf.ones([1, 2, 3]);
      for (let i = 0; i < 3; i++) {
        const auto = gru({ hiddenSize: 2 });
        expect(auto.forward(x).output.shape).to.deep.equal([1, 2, 2]);
        auto.dispose();
        expect(lastRun()).to.equal('reference');
      }
      const fused = gru({ hiddenSize: 2, implementation: 'fused' });
      expect(() => fused.forward(x)).to.throw(UnsupportedError, REASON);
      expect(trials).to.equal(1);
      expect(describeKernels().find(({ backend }) => backend === 'cpu')).to.deep.include({
        implementation: 'reference',
        reason: REASON,
      });
    });
  });
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { describeKernels, gru, UnsupportedError } from '../../src/index.js';
import {
  kernelsOf,
  NoRoomError,
  type RecurrentKernels,
  registerKernels,
} from '../../src/kernels/contract.js';
import { describeTensorflow } from '../../src/tfjs-internals/backends.js';
import { expectSame } from '../support/expect-same.js';
import { describeEachLayer, EVERY_LAYER, forward } from '../support/family.js';
import { maxAbs } from '../support/parity.js';
import { skip } from '../support/skip.js';
import { tidied } from '../support/tidied.js';
import { GRADIENT_TOLERANCE } from '../support/tolerance.js';

const lastRun = () => describeKernels().find(({ isActive }) => isActive)?.lastRun;

describeEachLayer('implementation', EVERY_LAYER, ({ make, module }, backend) => {
  it("takes the fused kernel for 'auto' and 'fused', tf ops for 'reference', and computes the same", async () => {
    await tidied(async () => {
      const x = tf.randomNormal([2, 4, 3]);
      const outputs = (['reference', 'auto', 'fused'] as const).map((implementation) => {
        const layer = make({ hiddenSize: 5, seed: 1, implementation });
        const { output } = forward(layer, x);
        expect(lastRun()).to.equal(implementation === 'reference' ? 'reference' : 'fused');
        layer.dispose();
        return output;
      });
      await expectSame(outputs[1] as tf.Tensor, outputs[0] as tf.Tensor, 1e-6);
      await expectSame(outputs[2] as tf.Tensor, outputs[1] as tf.Tensor);
    });
  });

  it("differentiates a call twice with 'fused'", async function () {
    if (backend === 'webgpu' && make({ hiddenSize: 3 }).torchShapes(1).has('weight_hr_l0'))
      skip(this, "neither kernel takes it: the gradient's data are on the GPU, and WGSL has no projections");
    await tidied(async () => {
      const x = tf.randomNormal([1, 2, 3], 0, 1, 'float32', 1);
      const layers = (['fused', 'reference'] as const).map((implementation) =>
        make({ hiddenSize: 2, seed: 1, implementation }),
      ) as [ReturnType<typeof make>, ReturnType<typeof make>];
      const [fused, reference] = layers.map((layer) => {
        layer.ensureBuilt(3);
        let inner: tf.Tensor | undefined;
        const outer = tf.grad((y) => {
          const { output } = forward(layer, y);
          const { grads } = tf.variableGrads(
            () => tf.sum(tf.square(output)),
            layer.weights.map((weight) => weight.read() as tf.Variable),
          );
          inner = tf.keep(Object.values(grads)[0]!);
          return tf.sum(output);
        })(x);
        return [outer, inner!] as const;
      }) as [readonly [tf.Tensor, tf.Tensor], readonly [tf.Tensor, tf.Tensor]];
      for (const i of [0, 1] as const)
        await expectSame(fused[i], reference[i], GRADIENT_TOLERANCE * maxAbs(await reference[i].data()));
      tf.dispose([fused[1], reference[1]]);
      for (const layer of layers) layer.dispose();
    });
  });

  if (backend !== 'tensorflow') return;

  it("throws with the reason for 'cudnn' where there is no GPU, before it is built", () => {
    const layer = make({ hiddenSize: 2, implementation: 'cudnn' });
    tf.tidy(() => {
      for (const call of [() => layer.forward(tf.ones([1, 2, 3])), () => layer.apply(tf.ones([1, 2, 3]))])
        expect(call).to.throw(
          UnsupportedError,
          `${module}: implementation: expected cuDNN on the tensorflow backend, got ${describeTensorflow()}. ` +
            "Use implementation: 'auto' or 'reference'",
        );
    });
    expect(layer.built).to.equal(false);
  });
});

describe('the package that has the tensorflow backend', () => {
  /** As its three kinds report themselves. */
  const KINDS = [
    [{ isGPUPackage: false, isUsingGpuDevice: false }, 'tfjs-node, which runs on the processor'],
    [{ isGPUPackage: true, isUsingGpuDevice: false }, 'tfjs-node-gpu, which found no GPU'],
    [{ isGPUPackage: true, isUsingGpuDevice: true }, 'tfjs-node-gpu on a GPU'],
  ] as const;

  for (const [reported, told] of KINDS)
    it(`is told: ${told}`, () => {
      const { registry } = tf.engine();
      const { tensorflow } = registry;
      registry.tensorflow = reported as unknown as tf.KernelBackend;
      try {
        expect(describeTensorflow()).to.equal(told);
      } finally {
        delete registry.tensorflow;
        if (tensorflow) registry.tensorflow = tensorflow;
      }
    });
});

// tfjs itself never disposes of what a tape has saved whose gradient throws: no suite that counts tensors.
describe("a gradient of a gradient with implementation: 'fused'", () => {
  it('is refused with the remedy', async () => {
    await tf.setBackend('cpu');
    const layer = gru({ hiddenSize: 2, implementation: 'fused' });
    tf.tidy(() => {
      const slope = (y: tf.Tensor) => tf.grad((z) => tf.sum(layer.forward(z).output))(y);
      expect(() => tf.grad((y) => tf.sum(tf.square(slope(y))))(tf.ones([1, 2, 3]))).to.throw(
        UnsupportedError,
        'gradient of a recurrent layer: order: expected first-order gradients of the fused kernel, got a second-order one. ' +
          "Use implementation: 'auto' or 'reference'",
      );
    });
    layer.dispose();
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
          'GRU: implementation: expected a fused kernel on the other backend, got this backend has no fused kernel',
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

describe('describeKernels on a device whose webgl has float16 textures alone', () => {
  const FLAG = 'WEBGL_RENDER_FLOAT32_ENABLED';
  const reason = () => describeKernels().find(({ backend }) => backend === 'webgl')?.reason;
  /** Behind it may stand why the engine runs on one thread, and how the one before was lost. */
  const described =
    /^the engine runs whole sequences in .* where its data cost less to read back than tf ops to run(?!.*float16)/;

  before(() => tf.registerBackend('webgl', () => tf.findBackend('cpu')));
  after(async () => {
    await tf.setBackend('cpu');
    delete (tf.engine() as unknown as { registryFactory: Record<string, unknown> }).registryFactory.webgl;
    delete (tf.engine() as unknown as { registry: Record<string, unknown> }).registry.webgl;
    tf.env().set(FLAG, true);
  });

  it('says what the recurrence loses, and names wasm', async () => {
    await tf.setBackend('webgl');
    tf.env().set(FLAG, false);
    expect(reason()).to.match(
      /float16, where a recurrence in tf ops loses about three digits: tf.setBackend\('wasm'\)$/,
    );
    tf.env().set(FLAG, true);
    expect(reason()).to.match(described);
  });

  it('does not ask the device while another backend is active', async () => {
    await tf.setBackend('cpu');
    tf.env().set(FLAG, false);
    expect(reason()).to.match(described);
  });
});

describe('implementation where the kernels decline one call', () => {
  const REASON = 'more than two steps';

  before(async () => {
    tf.registerBackend('declining', () => tf.findBackend('cpu'));
    for (const kernel of tf.getKernelsForBackend('cpu'))
      if (!kernel.kernelName.startsWith('TorchRecurrent'))
        tf.registerKernel({ ...kernel, backendName: 'declining', setupFunc: undefined });
    const onCpu = kernelsOf('cpu')[0] as RecurrentKernels;
    registerKernels('declining', {
      ...onCpu,
      description: 'short sequences',
      supports: (request) => (request && (request.inputs[0]?.shape[1] ?? 0) > 2 ? REASON : undefined),
    });
    await tf.setBackend('declining');
  });
  after(async () => {
    await tf.setBackend('cpu');
    for (const { kernelName } of tf.getKernelsForBackend('declining'))
      tf.unregisterKernel(kernelName, 'declining');
  });

  it("runs the reference for 'auto' and tells why, throws the reason for 'fused', and takes the next call", () => {
    const [auto, fused] = (['auto', 'fused'] as const).map((implementation) =>
      gru({ hiddenSize: 2, implementation }),
    ) as [ReturnType<typeof gru>, ReturnType<typeof gru>];
    tf.tidy(() => {
      auto.forward(tf.ones([1, 3, 3]));
      const described = () => describeKernels().find(({ isActive }) => isActive);
      const onBackend = {
        backend: 'declining',
        isActive: true,
        implementation: 'fused',
        reason: 'short sequences',
      };
      expect(described()).to.deep.include({ ...onBackend, lastRun: 'reference', lastReason: REASON });
      expect(() => fused.forward(tf.ones([1, 3, 3]))).to.throw(
        UnsupportedError,
        `GRU: implementation: expected a fused kernel on the declining backend, got ${REASON}. ` +
          "Use implementation: 'auto' or 'reference'",
      );
      for (const layer of [auto, fused]) layer.forward(tf.ones([1, 2, 3]));
      expect(described()).to.deep.include({ ...onBackend, lastRun: 'fused', lastReason: undefined });
    });
    for (const layer of [auto, fused]) layer.dispose();
  });

  it("runs the reference for 'auto' where a kernel finds no room after all; any other error reaches the caller", () => {
    const layer = gru({ hiddenSize: 2 });
    const x = tf.ones([1, 2, 3]) as tf.Tensor3D;
    layer.forward(x);
    const kernels = kernelsOf('declining')[0] as RecurrentKernels;
    const { inference } = kernels;
    const throwing = (error: Error) => {
      kernels.inference = () => {
        throw error;
      };
    };
    tf.tidy(() => {
      try {
        throwing(new NoRoomError('no room'));
        layer.forward(x);
        expect(describeKernels().find(({ isActive }) => isActive)).to.include({
          lastRun: 'reference',
          lastReason: 'no room',
        });
        throwing(new UnsupportedError('another tfjs'));
        expect(() => layer.forward(x)).to.throw(UnsupportedError, 'another tfjs');
      } finally {
        kernels.inference = inference;
      }
    });
    tf.dispose(x);
    layer.dispose();
  });
});

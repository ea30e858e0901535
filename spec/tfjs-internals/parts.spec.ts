import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { describeTensorflow, makeWasmOutput, wasmView } from '../../src/tfjs-internals/backends.js';
import { keepBeyondKernel } from '../../src/tfjs-internals/data.js';
import { checkedParts } from '../../src/tfjs-internals/expect-part.js';
import { countUse, renameWeight } from '../../src/tfjs-internals/layers.js';
import { gradientDepth, liveTape, saveOnTape } from '../../src/tfjs-internals/tape.js';
import { webGlBackend } from '../../src/tfjs-internals/webgl.js';
import { webGpuBackend } from '../../src/tfjs-internals/webgpu.js';

/** The value of tfjs that another version may have otherwise. */
interface Part {
  readonly owner: object;
  readonly name: string;
  readonly value?: unknown;
}

interface Case {
  readonly title: string;
  readonly use: () => unknown;
  readonly part: Part;
  /** `<part>: expected <rule>, as in tfjs 4.22, got <value>`. */
  readonly told: string;
}

/** Runs `body` while a property has another value. */
function withOther({ owner, name, value }: Part, body: () => void): void {
  const own = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, { value, configurable: true, writable: true });
  try {
    body();
  } finally {
    delete (owner as Record<string, unknown>)[name];
    if (own) Object.defineProperty(owner, name, own);
  }
}

const { state } = tf.engine();
const weight = { originalName: 'kernel' } as unknown as Parameters<typeof renameWeight>[0];
const wasm = { typedArrayFromHeap: () => new Float32Array(1), makeOutput: () => tf.scalar(0) };
const webgl = { runWebGLProgram: () => {} };
const webgpu = {
  device: { limits: { maxStorageBufferBindingSize: 2 ** 27 } },
  runWebGPUProgram: () => {},
};
const KERNEL = 'TorchRecurrentTraining';

const CASES: readonly Case[] = [
  {
    title: 'the count of gradients',
    use: () => gradientDepth(),
    part: { owner: state, name: 'gradientDepth' },
    told: 'Engine.state.gradientDepth: expected a number, as in tfjs 4.22, got undefined',
  },
  {
    title: 'the scopes',
    use: () => liveTape(),
    part: { owner: state, name: 'scopeStack', value: 'scopes' },
    told: 'Engine.state.scopeStack: expected an array, as in tfjs 4.22, got "scopes"',
  },
  {
    title: 'the tape',
    use: () => saveOnTape(KERNEL, []),
    part: { owner: state, name: 'activeTape', value: [{ kernelName: 'Add', saved: [] }] },
    told: `Engine.state.activeTape: expected to end with a node of ${KERNEL}, as in tfjs 4.22, got "Add"`,
  },
  {
    title: 'the memory of the wasm backend',
    use: () => wasmView(wasm as unknown as tf.KernelBackend, tf.scalar(0)),
    part: { owner: wasm, name: 'typedArrayFromHeap' },
    told: 'BackendWasm.typedArrayFromHeap: expected a function, as in tfjs 4.22, got undefined',
  },
  {
    title: 'the tensors that the wasm backend makes',
    use: () => makeWasmOutput(wasm as unknown as tf.KernelBackend, [], 'float32'),
    part: { owner: wasm, name: 'makeOutput' },
    told: 'BackendWasm.makeOutput: expected a function, as in tfjs 4.22, got undefined',
  },
  {
    title: 'the programs of the webgl backend',
    use: () => webGlBackend(webgl as unknown as tf.KernelBackend),
    part: { owner: webgl, name: 'runWebGLProgram' },
    told: 'MathBackendWebGL.runWebGLProgram: expected a function, as in tfjs 4.22, got undefined',
  },
  {
    title: 'the programs of the webgpu backend',
    use: () => webGpuBackend(webgpu as unknown as tf.KernelBackend),
    part: { owner: webgpu, name: 'runWebGPUProgram' },
    told: 'WebGPUBackend.runWebGPUProgram: expected a function, as in tfjs 4.22, got undefined',
  },
  {
    title: 'the device of the webgpu backend',
    use: () => webGpuBackend(webgpu as unknown as tf.KernelBackend),
    part: { owner: webgpu, name: 'device' },
    told: 'WebGPUBackend.device: expected a device with limits, as in tfjs 4.22, got undefined',
  },
  {
    title: 'the data that kernels may keep',
    use: () => keepBeyondKernel(),
    part: { owner: state, name: 'numDataMovesStack' },
    told: 'Engine.state.numDataMovesStack: expected a list, as in tfjs 4.22, got undefined',
  },
  {
    title: 'the device of tfjs-node',
    use: () => describeTensorflow(),
    part: { owner: tf.engine().registry, name: 'tensorflow', value: {} },
    told: 'NodeJSKernelBackend.isUsingGpuDevice: expected a boolean, as in tfjs 4.22, got undefined',
  },
  {
    title: 'the name of a weight',
    use: () => renameWeight(weight, 'weight_ih_l0'),
    part: { owner: weight, name: 'originalName' },
    told: 'LayerVariable.originalName: expected a string, as in tfjs 4.22, got undefined',
  },
];

describe('the parts of tfjs that it does not document', () => {
  // Each is checked when it is first used.
  beforeEach(() => checkedParts.clear());

  for (const { title, use, part, told } of CASES)
    it(`are told where another version has them otherwise, with the version to install: ${title}`, () => {
      tf.tidy(() => {
        withOther(part, () =>
          expect(use)
            .to.throw(`tfjs: ${told}. Install tfjs ~4.22.0`)
            .with.property('name', 'UnsupportedError'),
        );
      });
    });

  it('are told where a layer does not count its uses', () => {
    expect(() => countUse({} as tf.layers.Layer))
      .to.throw(
        'tfjs: Layer._refCount: expected a field, as in tfjs 4.22, got undefined. Install tfjs ~4.22.0',
      )
      .with.property('name', 'UnsupportedError');
  });
});

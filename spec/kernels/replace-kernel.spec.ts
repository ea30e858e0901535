import { execFileSync } from 'node:child_process';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { expect } from 'chai';
import '../../src/index.js';
import { replaceKernel } from '../../src/kernels/replace-kernel.js';

const NAME = 'SpecKernel';

const theirs: tf.KernelFunc = () => [];
const ours: tf.KernelFunc = () => [];

function present(backendName: string): tf.KernelFunc | undefined {
  return tf.getKernel(NAME, backendName)?.kernelFunc;
}

describe('replaceKernel', () => {
  const warnings: string[] = [];
  const { warn } = console;

  before(() => {
    console.warn = (text: string) => void warnings.push(text);
  });
  after(async () => {
    console.warn = warn;
    await tf.setBackend('cpu');
    for (const name of ['spec-first', 'spec-last', 'spec-own']) {
      tf.removeBackend(name);
      for (const { kernelName } of tf.getKernelsForBackend(name)) tf.unregisterKernel(kernelName, name);
    }
  });

  /** A backend without kernels but for those of this spec. */
  function addBackend(name: string): void {
    const cpu = tf.backend();
    tf.registerBackend(name, () => Object.create(cpu) as tf.KernelBackend, 0);
  }

  it('replaces a kernel that is there at once, and one that comes later when its backend becomes active', async () => {
    addBackend('spec-first');
    tf.registerKernel({ kernelName: NAME, backendName: 'spec-first', kernelFunc: theirs });
    replaceKernel(NAME, 'spec-first', () => ours);
    expect(present('spec-first')).to.equal(ours);

    addBackend('spec-last');
    replaceKernel(NAME, 'spec-last', () => ours);
    tf.registerKernel({ kernelName: NAME, backendName: 'spec-last', kernelFunc: theirs });
    expect(present('spec-last')).to.equal(theirs);
    await tf.setBackend('spec-last');
    expect(present('spec-last')).to.equal(ours);
    await tf.setBackend('cpu');
    await tf.setBackend('spec-last');
    expect(present('spec-last')).to.equal(ours);
    expect(warnings).to.deep.equal([]);
  });

  it('leaves a kernel that it is told to leave', async () => {
    addBackend('spec-own');
    tf.registerKernel({ kernelName: NAME, backendName: 'spec-own', kernelFunc: theirs });
    replaceKernel(NAME, 'spec-own', (kernel) => kernel);
    await tf.setBackend('spec-own');
    expect(present('spec-own')).to.equal(theirs);
  });
});

describe('the gradient of an embedding', () => {
  /** How many tensors a backend makes for the gradient of four rows. */
  async function tensorsMade(vocabulary: number): Promise<number> {
    const backend = tf.backend();
    const { write } = backend;
    let writes = 0;
    backend.write = (...args) => {
      writes++;
      return write.apply(backend, args);
    };
    const gradient = tf.tidy(() => {
      const ids = tf.tensor1d([1, 3, 1, 9], 'int32');
      return tf.grad((weight) => tf.gather(weight, ids))(tf.zeros([vocabulary, 2]), tf.ones([4, 2]));
    });
    Reflect.deleteProperty(backend, 'write');
    const sums = new Float32Array(2 * vocabulary);
    for (const [id, count] of [1, 3, 1, 9].map((id) => [id, id === 1 ? 2 : 1] as const))
      sums.fill(count, 2 * id, 2 * id + 2);
    expect(await gradient.data()).to.deep.equal(sums);
    gradient.dispose();
    return writes;
  }

  for (const backend of ['cpu', 'wasm']) {
    it(`is one sum over the rows, however large the vocabulary is [${backend}]`, async () => {
      await tf.setBackend(backend);
      // The kernel of tfjs for cpu makes six tensors for each word.
      expect(await tensorsMade(10_000)).to.equal(await tensorsMade(10));
      await tf.setBackend('cpu');
    });

    it(`keeps a NaN in its own row [${backend}]`, async () => {
      await tf.setBackend(backend);
      const sums = tf.tidy(() =>
        tf.unsortedSegmentSum(tf.tensor1d([Number.NaN, 5]), tf.tensor1d([0, 2], 'int32'), 3),
      );
      expect(Array.from(await sums.data())).to.deep.equal([Number.NaN, 0, 5]);
      sums.dispose();
      await tf.setBackend('cpu');
    });
  }

  // Each order in a process of its own.
  for (const [title, imports] of [
    ['before', ['./src/kernels/unsorted-segment-sum.ts', '@tensorflow/tfjs-backend-cpu']],
    ['behind', ['@tensorflow/tfjs-backend-cpu', './src/kernels/unsorted-segment-sum.ts']],
  ] as const) {
    it(`is ours where the package is imported ${title} tfjs's backend`, () => {
      const script = `
        const tf = await import('@tensorflow/tfjs-core');
        console.warn = (text) => console.log(text);
        ${imports.map((name) => `await import('${name}');`).join('\n')}
        const sums = tf.unsortedSegmentSum(tf.tensor1d([1, 2]), tf.tensor1d([1, 1], 'int32'), 3);
        const [cpu, wasm] = ['cpu', 'wasm'].map((backend) => tf.getKernel('UnsortedSegmentSum', backend).kernelFunc);
        console.log(JSON.stringify([cpu === wasm, ...sums.dataSync()]));`;
      const args = ['--import', 'tsx', '--input-type=module', '-e', script];
      const lines = execFileSync(process.execPath, args, { encoding: 'utf8' }).split('\n');
      expect(lines.at(-2)).to.equal('[true,0,3,0]');
      expect(lines.join('\n')).not.to.include('already registered');
    });
  }
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { SHAPES, type Shape } from '../../../../scripts/bench/cases.js';
import { describeKernels, type GRU, gru } from '../../../../src/index.js';
import { describeEachBackend } from '../../../support/backends.js';
import { type GpuWork, gpuWorkOf } from '../../../support/gpu-work.js';

const NONE = { dispatches: 0, reads: 0, bytesRead: 0, programs: 0 };

const shapeOf = (name: string) => SHAPES.find((shape) => shape.name === name)!;

function layerOf({ hiddenSize, inputSize, layers, directions }: Shape): GRU {
  return gru({ hiddenSize, inputSize, numLayers: layers, bidirectional: directions === 2 });
}

/** A call whose output is read. */
async function call(layer: GRU, x: tf.Tensor): Promise<void> {
  const { output, hn } = layer.forward(x as tf.Tensor3D);
  await output.data();
  tf.dispose([output, hn]);
}

const lastReason = () => describeKernels().find(({ isActive }) => isActive)!.lastReason;

function expectEngine(): void {
  expect(lastReason()).to.match(/^engine: /);
}

/** A sequence from JS. */
function sequence({ batch, inputSize }: Shape, steps: number): tf.Tensor3D {
  const values = Float32Array.from({ length: batch * steps * inputSize }, (_, i) => Math.sin(i));
  return tf.tensor3d(values, [batch, steps, inputSize]);
}

/** Four bytes for each element. */
const bytesOf = (tensors: readonly tf.Tensor[]) => 4 * tensors.reduce((sum, { size }) => sum + size, 0);

describeEachBackend('the work of a call on a GPU backend', (backend) => {
  if (!['webgl', 'webgpu'].includes(backend)) return;

  for (const name of ['tiny', 'b1', 'cls'])
    it(`is none for the GPU where x comes from JS, nor for another number of steps: ${name}`, async () => {
      const shape = shapeOf(name);
      const layer = layerOf(shape);
      for (const steps of [shape.steps, shape.steps + 1]) {
        const work = await gpuWorkOf(async () => {
          const x = sequence(shape, steps);
          await call(layer, x);
          x.dispose();
        });
        expectEngine();
        expect(work).to.deep.equal(NONE);
      }
      layer.dispose();
    });

  if (backend === 'webgpu')
    it('is left to the kernels in WGSL where x is on the GPU, which compile nothing for another number of steps', async () => {
      const shape = shapeOf('tiny');
      const layer = layerOf(shape);
      const works: GpuWork[] = [];
      for (const steps of [shape.steps, shape.steps + 1]) {
        const source = sequence(shape, steps);
        const x = tf.mul(source, 2);
        works.push(await gpuWorkOf(() => call(layer, x)));
        expect(lastReason()).to.match(/^wgsl: /);
        tf.dispose([source, x]);
      }
      expect(works[1]!.programs).to.equal(0);
      expect(works[1]!.dispatches).to.be.above(0);
      layer.dispose();
    });

  if (backend !== 'webgl') return;

  it('is one read of x where that is on the GPU', async () => {
    const layer = layerOf(shapeOf('b1'));
    const source = sequence(shapeOf('b1'), 100);
    const x = tf.mul(source, 2);
    const { reads, bytesRead } = await gpuWorkOf(() => call(layer, x));
    expectEngine();
    expect({ reads, bytesRead }).to.deep.equal({ reads: 1, bytesRead: bytesOf([x]) });
    tf.dispose([source, x]);
    layer.dispose();
  });

  it('is in training one read of the weights, which the optimizer leaves there, and one of the gradient of the output', async () => {
    const shape = shapeOf('cls');
    const layer = layerOf(shape);
    const x = sequence(shape, shape.steps);
    layer.ensureBuilt(shape.inputSize);
    const weights = layer.weights.map((weight) => weight.read() as tf.Variable);
    const optimizer = tf.train.sgd(0.01);
    const step = () => optimizer.minimize(() => tf.mean(tf.square(layer.forward(x).output)), false, weights);
    step();
    const output = 4 * shape.batch * shape.steps * shape.directions * shape.hiddenSize;
    for (let i = 0; i < 2; i++) {
      const { reads, bytesRead } = await gpuWorkOf(step);
      expectEngine();
      const needed = bytesOf(weights) + output;
      expect(reads).to.equal(2);
      // A texture is a rectangle, and is read with its last, partly filled row.
      expect(bytesRead).to.be.within(needed, 1.01 * needed);
    }
    optimizer.dispose();
    x.dispose();
    layer.dispose();
  });
});

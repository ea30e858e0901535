// What a call costs the GPU: programs compiled, dispatches, memory.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { makeKernels } from '../../../src/kernels/webgpu/register.js';
import { weightCacheOf } from '../../../src/kernels/webgpu/weights.js';
import { webGpuBackend } from '../../../src/tfjs-internals/webgpu.js';
import { type Case, CaseTensors, describeOnWebGpu, lossOf, run } from './case.js';

const kernels = makeKernels();

const backend = () => webGpuBackend(tf.backend());

/** The keys of the programs that `body` runs, one for each dispatch. */
function dispatchesOf(body: () => void): string[] {
  const keys: string[] = [];
  const spied = backend() as unknown as { runWebGPUProgram?: (...args: unknown[]) => unknown };
  const { runWebGPUProgram } = backend();
  spied.runWebGPUProgram = (...args) => {
    keys.push((args[0] as { shaderKey: string }).shaderKey);
    return runWebGPUProgram.apply(backend(), args as unknown as Parameters<typeof runWebGPUProgram>);
  };
  try {
    body();
  } finally {
    // It is a method of the class.
    delete spied.runWebGPUProgram;
  }
  return keys;
}

/** The programs of the kernels: tfjs's own for a product depend on how large it is. */
function compiled(): string[] {
  const { pipelineCache } = tf.backend() as unknown as { pipelineCache: object };
  return Object.keys(pipelineCache).filter((key) => key.startsWith('torch'));
}

function infer(tensors: CaseTensors, by = kernels): void {
  tf.tidy(() => void run(tensors, by));
}

function train(tensors: CaseTensors, by = kernels): void {
  tf.tidy(() => void tf.variableGrads(() => lossOf(run(tensors, by, true)), [...tensors.named.values()]));
}

/** Reads something from the GPU: tfjs submits its commands then, and frees what was disposed. Small tensors stay on the host. */
async function settle(): Promise<void> {
  const one = tf.tidy(() => tf.add(tf.zeros([2000]), 1));
  await one.data();
  one.dispose();
}

const OF: Case = { cell: 'GRU', hiddenSize: 12, batch: 5, steps: 6, numLayers: 2 };

describeOnWebGpu('the work of the WGSL kernels', () => {
  it('compiles nothing for another T or B', async () => {
    const sizes = [
      [5, 6],
      [6, 9],
      [1, 1],
      [40, 3],
    ] as const;
    const first = new CaseTensors({ ...OF, lengths: [3, 1, 0, 6, 2] });
    train(first);
    infer(first);
    first.dispose();
    const before = compiled();
    for (const [batch, steps] of sizes) {
      const lengths = Array.from({ length: batch }, (_, b) => b % (steps + 1));
      const tensors = new CaseTensors({ ...OF, batch, steps, lengths });
      train(tensors);
      infer(tensors);
      tensors.dispose();
    }
    expect(compiled()).to.deep.equal(before);
    await settle();
  });

  it('runs one shader a layer and chunk, and as many dispatches for any T', async () => {
    const dispatched = [3, 6, 20].map((steps) => {
      const tensors = new CaseTensors({ ...OF, steps });
      infer(tensors);
      train(tensors);
      const [inference, training] = [dispatchesOf(() => infer(tensors)), dispatchesOf(() => train(tensors))];
      tensors.dispose();
      return { inference, training };
    });
    const count = (keys: readonly string[], start: string) =>
      keys.filter((key) => key.startsWith(start)).length;
    for (const { inference, training } of dispatched) {
      expect(count(inference, 'torch')).to.equal(2);
      // A projection and a copy of the output a layer, and a copy of the states.
      expect(inference.length).to.equal(2 * 3 + 1);
      expect(count(training, 'torchForward')).to.equal(2);
      expect(count(training, 'torchBackward')).to.equal(2);
      expect(count(training, 'torch')).to.equal(4);
      // tfjs has several programs for a product, some of two dispatches; the copies are ours.
      expect(count(training, 'slice')).to.equal(17);
    }
    const tensors = new CaseTensors({ ...OF, steps: 6 });
    const inChunks = makeKernels(2 * OF.batch * 3 * OF.hiddenSize ** 2);
    infer(tensors, inChunks);
    train(tensors, inChunks);
    expect(
      count(
        dispatchesOf(() => infer(tensors, inChunks)),
        'torch',
      ),
    ).to.equal(2 * 3);
    expect(
      count(
        dispatchesOf(() => train(tensors, inChunks)),
        'torch',
      ),
    ).to.equal(2 * 2 * 3);
    tensors.dispose();
    await settle();
  });

  it('packs weights once, again when they change, and frees what belongs to weights that are gone', async () => {
    const packed = (keys: readonly string[]) => keys.filter((key) => key.startsWith('torchPack')).length;
    weightCacheOf(backend()).sweepAll();
    await settle();
    const bytes = tf.memory() as unknown as { numBytesInGPU: number };
    const before = { ids: backend().numDataIds(), bytes: bytes.numBytesInGPU };
    const tensors = new CaseTensors(OF);
    expect(packed(dispatchesOf(() => infer(tensors)))).to.equal(2);
    expect(packed(dispatchesOf(() => infer(tensors)))).to.equal(0);
    // W_hh of each layer for the way back.
    expect(packed(dispatchesOf(() => train(tensors)))).to.equal(2);
    expect(packed(dispatchesOf(() => train(tensors)))).to.equal(0);
    const weight = tensors.named.get('weight_hh_l1') as tf.Variable;
    tf.tidy(() => weight.assign(tf.zerosLike(weight)));
    expect(packed(dispatchesOf(() => infer(tensors)))).to.equal(1);
    expect(weightCacheOf(backend()).sweepAll()).to.equal(2);
    tensors.dispose();
    expect(weightCacheOf(backend()).sweepAll()).to.equal(0);
    await settle();
    const after = tf.memory() as unknown as { numBytesInGPU: number };
    expect({ ids: backend().numDataIds(), bytes: after.numBytesInGPU }).to.deep.equal(before);
  });

  it('leaves no data and no buffers from step to step of a training', async () => {
    const tensors = new CaseTensors({ ...OF, lengths: [3, 1, 0, 6, 2] });
    const optimizer = tf.train.sgd(0.1);
    const counts: object[] = [];
    for (let i = 0; i < 4; i++) {
      tf.tidy(() => {
        const { grads } = tf.variableGrads(
          () => lossOf(run(tensors, kernels, true)),
          [...tensors.named.values()],
        );
        optimizer.applyGradients(grads);
      });
      weightCacheOf(backend()).sweepAll();
      await settle();
      const { numTensors, numBytesInGPU } = tf.memory() as unknown as Record<string, number>;
      // The gradients of the last step are kept until the next.
      counts.push({ ids: backend().numDataIds(), numTensors, numBytesInGPU });
    }
    expect(counts[3]).to.deep.equal(counts[1]);
    optimizer.dispose();
    tensors.dispose();
  });

  it('passes tfjs’s own check for leaks in kernels', async () => {
    tf.env().set('IS_TEST', true);
    try {
      const tensors = new CaseTensors(OF);
      infer(tensors);
      train(tensors);
      tensors.dispose();
    } finally {
      tf.env().set('IS_TEST', false);
    }
    await settle();
  });
});

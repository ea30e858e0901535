import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { makeKernels } from '../../../src/kernels/webgpu/register.js';
import { type Case, CaseTensors, describeOnWebGpu, expectSame, resultsOf, run } from './case.js';

const kernels = makeKernels();

describeOnWebGpu('what the WGSL kernels read', () => {
  for (const batchFirst of [true, false])
    it(`padding may hold NaN and infinities, ${batchFirst ? 'batch' : 'time'} first`, async () => {
      const [batch, steps, inputSize] = [5, 4, 3];
      const lengths = [2, 0, 4, 1, 3];
      const of: Case = {
        cell: 'GRU',
        hiddenSize: 6,
        batch,
        steps,
        inputSize,
        lengths,
        batchFirst,
        numLayers: 2,
      };
      const tensors = new CaseTensors(of);
      const clean = await resultsOf(tensors, kernels);
      const x = tensors.named.get('x') as tf.Variable;
      const values = (await x.data()).slice();
      for (let b = 0; b < batch; b++)
        for (let t = lengths[b] as number; t < steps; t++) {
          const row = batchFirst ? b * steps + t : t * batch + b;
          values.fill((b + t) % 2 ? Number.NaN : Infinity, row * inputSize, (row + 1) * inputSize);
        }
      tf.tidy(() => x.assign(tf.tensor(values, x.shape)));
      expectSame(await resultsOf(tensors, kernels), clean);
      tensors.dispose();
    });

  it('lengths on the GPU that no row can have count as 0 or T', async () => {
    const of: Case = { cell: 'GRU', hiddenSize: 5, batch: 3, steps: 4, lengths: [0, 4, 2] };
    const tensors = new CaseTensors(of);
    const beyond = tf.tensor1d([-3, 99, 2], 'int32');
    const [expected, actual] = [tensors.inputs.lengths, beyond].map((lengths) => {
      const given = Object.assign(Object.create(tensors), { inputs: { ...tensors.inputs, lengths } });
      return run(given as CaseTensors, kernels);
    }) as [ReturnType<typeof run>, ReturnType<typeof run>];
    expect(await actual.output.data()).to.deep.equal(await expected.output.data());
    for (const { output, finalStates } of [expected, actual]) tf.dispose([output, ...finalStates]);
    beyond.dispose();
    tensors.dispose();
  });

  for (const cell of ['GRU', 'LSTM', 'RNN_TANH'] as const)
    it(`${cell}: inputs of 1e30 saturate the gates, and make no NaN`, async () => {
      const tensors = new CaseTensors({ cell, hiddenSize: 5, batch: 2, steps: 6, scale: 1e30 });
      for (const [name, values] of await resultsOf(tensors, kernels))
        expect(values.every(Number.isFinite), name).to.equal(true);
      const { output, finalStates } = run(tensors, kernels);
      const largest = Math.max(...(await output.data()).map(Math.abs));
      expect(largest).to.be.within(0.5, 1);
      tf.dispose([output, ...finalStates]);
      tensors.dispose();
    });
});

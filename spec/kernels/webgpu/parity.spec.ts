// The reference runs on the same backend. Every result is compared: the output, the states, the gradient of each input.
import { makeKernels } from '../../../src/kernels/webgpu/register.js';
import type { Cell } from '../../../src/torch/cells.js';
import { describeOnWebGpu, expectAsReference } from './case.js';

const kernels = makeKernels();

/** One row of all steps, and one of none. */
function lengthsOf(batch: number, steps: number): number[] {
  return Array.from({ length: batch }, (_, b) => (b * 5 + steps) % (steps + 1));
}

describeOnWebGpu('the WGSL kernels against the reference', () => {
  for (const cell of ['GRU', 'LSTM', 'RNN_TANH', 'RNN_RELU'] as const satisfies readonly Cell[])
    it(`${cell}: two layers in both directions, rows of several tiles, lengths from 0 to T in any order`, async () => {
      const batch = 33;
      await expectAsReference(
        {
          cell,
          hiddenSize: 7,
          batch,
          steps: 5,
          numLayers: 2,
          bidirectional: true,
          lengths: lengthsOf(batch, 5),
        },
        kernels,
      );
    });

  it('one row, three layers in one direction, without biases, states and lengths, time-major', async () => {
    const options = { numLayers: 3, bias: false, hasStates: false, batchFirst: false } as const;
    await expectAsReference({ cell: 'GRU', hiddenSize: 6, batch: 1, steps: 4, ...options }, kernels);
  });

  it('time-major rows with lengths', async () => {
    const sizes = { hiddenSize: 5, batch: 3, steps: 6, inputSize: 4 };
    await expectAsReference({ cell: 'LSTM', ...sizes, batchFirst: false, lengths: [2, 6, 0] }, kernels);
  });

  it('more units than a workgroup has threads', async () => {
    await expectAsReference({ cell: 'GRU', hiddenSize: 259, batch: 2, steps: 3 }, kernels);
  });

  for (const [batch, lengths] of [
    [1, [7]],
    [6, [7, 2, 0, 5, 3, 1]],
  ] as const)
    it(`steps in several dispatches, ${batch} rows`, async () => {
      const sizes = { hiddenSize: 4, batch, steps: 7, numLayers: 2, bidirectional: true };
      // Two steps of both directions and four gates.
      const inChunks = makeKernels(2 * batch * 2 * 4 * 4 ** 2);
      await expectAsReference({ cell: 'LSTM', ...sizes, lengths }, inChunks);
    });
});

/** What the contract of a kernel says beyond what layers ask of it: spec/layers compares the rest with PyTorch. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import type { StackAttrs, StackInputs } from '../../../src/kernels/contract.js';
import { runRecurrent } from '../../../src/ops/recurrent.js';
import { gateBlocks, linear } from '../../../src/ops/reference/cell-step.js';
import { runStep } from '../../../src/ops/run-step.js';
import { CELLS, type Cell, stackParameters, stateSizes } from '../../../src/torch/cells.js';
import { describeEachBackend } from '../../support/backends.js';
import { expectClose, expectSame } from '../../support/expect-same.js';
import { tidied } from '../../support/tidied.js';
import { repeatTolerance } from '../../support/tolerance.js';

const [B, T, I, H] = [3, 4, 2, 3];

const OPS: Readonly<Record<string, { cell: Cell; projSize: number }>> = {
  gru: { cell: 'GRU', projSize: 0 },
  lstm: { cell: 'LSTM', projSize: 0 },
  'lstm with a projection': { cell: 'LSTM', projSize: 2 },
  rnn: { cell: 'RNN_TANH', projSize: 0 },
};

for (const [name, { cell, projSize }] of Object.entries(OPS)) {
  const run = (inputs: StackInputs, attrs: StackAttrs) => runRecurrent(cell, inputs, attrs, 'auto');
  const { gates } = CELLS[cell];
  const states = stateSizes(cell, { hiddenSize: H, projSize });
  describeEachBackend(`the op ${name}`, () => {
    const attrs: StackAttrs = { batchFirst: true, bidirectional: true, hiddenSize: H, projSize };

    function inputs(): StackInputs {
      const options = { hiddenSize: H, numLayers: 2, bias: true, bidirectional: true, projSize };
      const shapes = [...stackParameters(gates, I, options)];
      const weights = ['l0', 'l0_reverse', 'l1', 'l1_reverse'].map((suffix) =>
        Object.fromEntries(
          shapes
            .filter(([key]) => key.endsWith(`_${suffix}`))
            .map(([key, shape]) => [key.slice(0, -suffix.length - 1), tf.randomUniform(shape, -0.5, 0.5)]),
        ),
      );
      return {
        x: tf.randomNormal([B, T, I]) as tf.Tensor3D,
        initialStates: states.map((columns) => tf.randomNormal([4, B, columns]) as tf.Tensor3D),
        weights: weights as unknown as StackInputs['weights'],
      };
    }

    it('gives a row without steps its initial states back, and zeros', async () => {
      await tidied(async () => {
        const given = inputs();
        const lengths = tf.tensor1d([2, 0, T], 'int32');
        const { output, finalStates } = run({ ...given, lengths }, attrs);
        const rows = tf.unstack(output);
        await expectSame(rows[1]!, tf.zerosLike(rows[1]!));
        for (const [i, state] of finalStates.entries()) {
          const [initial, final] = [given.initialStates![i]!, state].map((each) => tf.unstack(each, 1));
          await expectSame(final![1]!, initial![1]!);
          for (const row of [0, 2])
            expect(await tf.max(tf.abs(tf.sub(final![row]!, initial![row]!))).array()).to.be.above(1e-3);
        }
        const full = run({ ...given, lengths: tf.tensor1d([T, T, T], 'int32') }, attrs);
        const plain = run(given, attrs);
        await expectClose(full.output, plain.output);
      });
    });

    it('reads no step of such a row, forward or backward', async () => {
      await tidied(async () => {
        const given = inputs();
        const lengths = tf.tensor1d([2, 0, T], 'int32');
        const present = tf.tensor([1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1], [B, T, 1]);
        const x = tf.where(
          tf.cast(tf.tile(present, [1, 1, I]), 'bool'),
          given.x,
          tf.fill(given.x.shape, Number.NaN),
        );
        const loss = (y: tf.Tensor) => {
          const { output, finalStates } = run({ ...given, x: y as tf.Tensor3D, lengths }, attrs);
          return tf.addN([output, ...finalStates].map((tensor) => tf.sum(tf.square(tensor)))) as tf.Scalar;
        };
        const [clean, poisoned] = [given.x, x].map((y) => tf.grad(loss as (y: tf.Tensor) => tf.Tensor)(y));
        await expectSame(poisoned!, clean!);
        const zeros = tf.mul(clean!, tf.sub(1, present));
        await expectSame(zeros, tf.zerosLike(zeros));
        expect(await tf.max(tf.abs(clean!)).array()).to.be.above(1e-3);
      });
    });

    it('takes absent initial states for zeros', async () => {
      await tidied(async () => {
        const { initialStates, ...given } = inputs();
        const zeros = initialStates!.map((state) => tf.zerosLike(state));
        const [absent, present] = [run(given, attrs), run({ ...given, initialStates: zeros }, attrs)];
        await expectSame(absent.output, present.output, repeatTolerance());
        for (const [i, state] of absent.finalStates.entries())
          await expectSame(state, present.finalStates[i]!, repeatTolerance());
      });
    });

    it('gives its outputs and nothing else', () => {
      const given = inputs();
      const before = tf.memory().numTensors;
      const { output, finalStates } = run(given, attrs);
      expect(tf.memory().numTensors).to.equal(before + 1 + states.length);
      expect([output, ...finalStates].map(({ shape }) => shape)).to.deep.equal([
        [B, T, 2 * states[0]!],
        ...states.map((columns) => [4, B, columns]),
      ]);
      tf.dispose([output, finalStates, { ...given }] as tf.TensorContainer);
    });

    if (projSize > 0) return;

    it('runs one step of a cell', async () => {
      await tidied(async () => {
        const { x, weights, initialStates } = inputs();
        const first = tf.unstack(x, 1)[0] as tf.Tensor2D;
        const initial = initialStates!.map((state) => tf.unstack(state)[0] as tf.Tensor2D);
        const ofCell = { batchFirst: false, bidirectional: false, hiddenSize: H, projSize };
        const next = runStep(cell, first, initial, weights[0]!, ofCell, 'auto');
        const sequence = run(
          {
            x: tf.expandDims(first, 1) as tf.Tensor3D,
            initialStates: initial.map((state) => tf.expandDims(state, 0) as tf.Tensor3D),
            weights: weights.slice(0, 1),
          },
          { ...attrs, bidirectional: false },
        );
        expect(next).to.have.length(states.length);
        for (const [i, state] of next.entries())
          await expectClose(state, tf.squeeze(sequence.finalStates[i]!, [0]));
      });
    });
  });
}

describeEachBackend('the parts of a recurrence', () => {
  it('are a product with the transposed weight and a bias', async () => {
    await tidied(async () => {
      const [weight, bias] = [tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]), tf.tensor1d([10, 20, 30])];
      const x = tf.tensor2d([1, 1, 0, 2], [2, 2]);
      expect(await linear(x, weight, bias).array()).to.deep.equal([
        [13, 27, 41],
        [14, 28, 42],
      ]);
      expect(await linear(x, weight).array()).to.deep.equal([
        [3, 7, 11],
        [4, 8, 12],
      ]);
    });
  });

  it('are the gate blocks of each step, one after the other', async () => {
    await tidied(async () => {
      const gates = tf.range(0, 12).reshape([2, 1, 6]) as tf.Tensor3D;
      const rows = (count: number) =>
        Promise.all(gateBlocks(gates, count).map(async (block) => (await block.array())[0]));
      expect(await rows(3)).to.deep.equal([
        [0, 1],
        [2, 3],
        [4, 5],
        [6, 7],
        [8, 9],
        [10, 11],
      ]);
      expect(await rows(1)).to.deep.equal([
        [0, 1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10, 11],
      ]);
    });
  });
});

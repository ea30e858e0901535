import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { kernelsOf } from '../../../src/kernels/contract.js';
import { selfCheck, type Verdict } from '../../../src/kernels/cudnn/self-check.js';
import type { Cell } from '../../../src/torch/cells.js';
import { describeEachBackend } from '../../support/backends.js';
import { collectWarnings } from '../../support/warnings.js';

const CELLS: readonly Cell[] = ['GRU', 'LSTM', 'RNN_TANH', 'RNN_RELU'];

/** The faults of the stand-in, and the cells whose results they change: one gate has no order, and the sum of two biases none either. */
const FAULTS: Readonly<Record<string, readonly Cell[]>> = {
  gates: ['GRU', 'LSTM'],
  biases: ['GRU'],
  directions: CELLS,
  order: CELLS,
};

describeEachBackend("the self-check of cuDNN's kernels", (backend) => {
  if (backend !== 'tensorflow' || process.env.CUDNN !== 'stand-in') return;

  const warnings = collectWarnings();

  /** Of a backend that has not been asked before, whose stand-in has a fault. */
  function verdict(cell: Cell, fault = ''): Verdict {
    const cudnn = kernelsOf('tensorflow').find(({ name }) => name === 'cudnn')!;
    process.env.CUDNN_STAND_IN = fault;
    try {
      const fresh = Object.create(tf.backend()) as tf.KernelBackend;
      const found = selfCheck(cell, cudnn, fresh);
      expect(selfCheck(cell, cudnn, fresh)).to.equal(found);
      return found;
    } finally {
      delete process.env.CUDNN_STAND_IN;
    }
  }

  for (const cell of CELLS) {
    it(`takes the ${cell} for float32 where it computes as documented`, () => {
      const { difference, precision, fault } = verdict(cell);
      expect(difference).to.be.at.most(1e-5);
      expect([precision, fault, warnings]).to.deep.equal(['float32', undefined, []]);
    });

    it(`takes the ${cell} in TF32, and tells once how to have float32`, () => {
      const { difference, precision, fault } = verdict(cell, 'tf32');
      expect(difference).to.be.within(3e-4, 5e-3);
      expect([precision, fault]).to.deep.equal(['TF32', undefined]);
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.match(
        new RegExp(
          `^tfjs-torch-rnn: cuDNN computes in TF32 on this GPU: its ${cell} differs from float32 by 0\\.\\d+ of the largest value. ` +
            'Start Node with NVIDIA_TF32_OVERRIDE=0 in the environment for float32$',
        ),
      );
    });

    it(`declines the ${cell} where the op fails, and warns once`, () => {
      const { difference, precision, fault } = verdict(cell, 'refuses');
      expect([difference, precision]).to.deep.equal([undefined, undefined]);
      expect(fault).to.match(new RegExp(`^its ${cell} fails: .*stand-in: fault`));
      expect(warnings).to.deep.equal([`tfjs-torch-rnn: cuDNN is not used: ${fault}`]);
    });
  }

  for (const [name, cells] of Object.entries(FAULTS))
    for (const cell of cells)
      it(`declines the ${cell} with ${name} in another order, and warns once`, () => {
        const { difference, precision, fault } = verdict(cell, name);
        expect(difference).to.be.at.least(0.5);
        expect(precision).to.equal(undefined);
        expect(fault).to.match(
          new RegExp(`^its ${cell} differs from the engine by \\S+ of the largest value$`),
        );
        expect(warnings).to.deep.equal([`tfjs-torch-rnn: cuDNN is not used: ${fault}`]);
      });
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru, lstm, rnn } from '../../../../src/index.js';
import { OPS_OF_STEP } from '../../../../src/kernels/host/gpu/costs.js';
import type { Cell } from '../../../../src/torch/cells.js';
import { forward } from '../../../support/family.js';
import type { RecurrentLayer } from '../../../support/parity.js';

/** Ops that move no data on a GPU. */
const FREE = new Set(['Reshape', 'Identity']);

/** How many ops a layer runs on T steps. */
async function countOps(run: (x: tf.Tensor) => unknown, steps: number): Promise<number> {
  const x = tf.ones([2, steps, 4]);
  const { kernels } = await tf.profile(() => tf.tidy(() => void run(x)) as unknown as tf.TensorContainer);
  x.dispose();
  return kernels.filter(({ name }) => !FREE.has(name) && !name.includes('unnamed scope')).length;
}

const ARGS = { hiddenSize: 4, inputSize: 4, implementation: 'reference' } as const;

const MAKERS: Readonly<Record<Cell, () => RecurrentLayer>> = {
  GRU: () => gru(ARGS),
  LSTM: () => lstm(ARGS),
  RNN_TANH: () => rnn(ARGS),
  RNN_RELU: () => rnn({ ...ARGS, nonlinearity: 'relu' }),
};

describe('the costs of a step in tf ops', () => {
  before(() => tf.setBackend('cpu'));

  for (const [cell, make] of Object.entries(MAKERS))
    it(`are those that the reference runs: ${cell}`, async () => {
      const layer = make();
      layer.ensureBuilt(4);
      const inference = (x: tf.Tensor) => forward(layer, x);
      const training = (x: tf.Tensor) => tf.variableGrads(() => tf.sum(forward(layer, x).output));
      const ofStep = async (run: (x: tf.Tensor) => unknown) =>
        ((await countOps(run, 12)) - (await countOps(run, 2))) / 10;
      expect({ inference: await ofStep(inference), training: await ofStep(training) }).to.deep.equal(
        OPS_OF_STEP[cell as Cell],
      );
      layer.dispose();
    });
});

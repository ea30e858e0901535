import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { UnsupportedError } from '../../src/errors.js';
import { gruCell, lstmCell, rnnCell } from '../../src/index.js';
import { loadStateDict } from '../../src/models/load-state-dict.js';
import { toStateDict } from '../../src/models/to-state-dict.js';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';
import { describeEachBackend } from '../support/backends.js';
import { tidied } from '../support/tidied.js';
import { below, expectSameBits, f32 } from './torch-modules.js';

const [I, H] = [2, 3];

const weights = (gates: number): StateDict =>
  new Map([
    ['weight_ih', f32([gates * H, I])],
    ['weight_hh', f32([gates * H, H])],
    ['bias_ih', f32([gates * H])],
    ['bias_hh', f32([gates * H])],
  ]);

const CELLS = [
  { make: () => gruCell({ name: 'cell', hiddenSize: H }), gates: 3 },
  { make: () => lstmCell({ name: 'cell', hiddenSize: H }), gates: 4 },
  { make: () => rnnCell({ name: 'cell', hiddenSize: H, nonlinearity: 'relu' }), gates: 1 },
];

describeEachBackend('cells and state_dicts', () => {
  for (const { make, gates } of CELLS) {
    const { name } = make().constructor;

    it(`loads and exports a ${name} under torch's names, built or not`, async () => {
      const cell = make();
      for (let time = 0; time < 2; time++) {
        loadStateDict(cell, below('decoder', weights(gates)), { prefix: 'decoder' });
        expectSameBits(await toStateDict(cell), weights(gates));
      }
      cell.dispose();
    });

    it(`loads a ${name} inside tf.layers.rnn by the name of that layer`, async () => {
      const cell = make();
      const model = tf.sequential({
        layers: [
          tf.layers.rnn({ name: 'decoder', cell, returnSequences: true, inputShape: [5, I] }),
          tf.layers.dense({ name: 'fc', units: 2, useBias: false }),
        ],
      });
      const file = new Map([...below('decoder', weights(gates)), ['fc.weight', f32([2, H])] as const]);
      loadStateDict(model, file);
      expectSameBits(await toStateDict(model), file);
      await tidied(async () => {
        const x = tf.randomNormal([4, 5, I]);
        const alone = make();
        loadStateDict(alone, weights(gates));
        let states: tf.Tensor[] = new Array([alone.stateSize].flat().length)
          .fill(0)
          .map(() => tf.zeros([4, H]));
        for (const step of tf.unstack(x, 1)) [, ...states] = alone.call([step, ...states]);
        const sequence = (model.layers[0] as tf.layers.Layer).apply(x) as tf.Tensor;
        const last = tf.unstack(sequence, 1)[4] as tf.Tensor;
        expect(await tf.max(tf.abs(tf.sub(last, states[0] as tf.Tensor))).array()).to.be.at.most(1e-6);
        alone.dispose();
      });
      model.dispose();
    });
  }

  it('builds the cell inside an unbuilt tf.layers.rnn, which is built around it later', async () => {
    const layer = tf.layers.rnn({ cell: gruCell({ hiddenSize: H }), returnSequences: false });
    loadStateDict(layer, weights(3));
    const [before] = await Promise.all(layer.getWeights().map((weight) => weight.data()));
    tf.tidy(() => {
      expect((layer.apply(tf.zeros([1, 4, I])) as tf.Tensor).shape).to.deep.equal([1, H]);
    });
    expect(await layer.getWeights()[0].data()).to.deep.equal(before);
    layer.dispose();
  });

  it('names the classes it can load for a tf.layers.rnn around other cells', () => {
    const layer = tf.layers.rnn({ cell: tf.layers.gruCell({ units: H }) as never });
    expect(() => loadStateDict(layer, weights(3))).to.throw(
      UnsupportedError,
      'Of tf.layers.rnn, one gruCell(), lstmCell() or rnnCell() of this package can be loaded',
    );
  });
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { type LSTMArgs, lstm, lstmCell, type RNNArgs, rnn } from '../../../src/index.js';
import { expectClose } from '../../support/expect-same.js';
import { EVERY_LAYER } from '../../support/family.js';
import { torchMessage, torchMessageIds } from '../../support/fixtures.js';
import { describeMisuses, type Misuse, warningsOf } from '../../support/misuse.js';
import { tidied } from '../../support/tidied.js';

const STEPS = 'Expected sequence length to be larger than 0 in RNN';
const DISABLE = 'proj_size should be a positive integer or zero to disable projections';
const RANK = 'Expected input to be 2D or 3D, got 4D';

const newLstm = (extra: object) => lstm({ hiddenSize: 5, inputSize: 3, ...extra } as LSTMArgs);
const newRnn = (extra: object) => rnn({ hiddenSize: 5, inputSize: 3, ...extra } as RNNArgs);

/** Runs an LSTM on x with initial states, each of these shapes. */
const runLstm =
  (x: number[], h0?: number[], c0?: number[], extra: object = {}) =>
  () =>
    newLstm(extra).forward(tf.ones(x), {
      ...(h0 && { h0: tf.ones(h0) }),
      ...(c0 && { c0: tf.ones(c0) }),
    });

const runRnn = (x: number[], h0?: number[]) => () =>
  newRnn({}).forward(tf.ones(x), h0 && { h0: tf.ones(h0) });

/** By the id in spec/fixtures/torch/messages.json. Shapes are torch's, transposed to batch-first. */
const LSTM_MISUSES: Record<string, Misuse> = {
  'lstm/proj-size-negative': {
    run: () => newLstm({ projSize: -1 }),
    type: RangeError,
    text: `LSTM: projSize: expected an integer >= 0, got -1. ${DISABLE}`,
    words: DISABLE,
  },
  'lstm/proj-size-not-smaller': {
    run: () => newLstm({ projSize: 5 }),
    type: RangeError,
    text: 'LSTM: projSize: expected an integer below hiddenSize 5, got 5. proj_size has to be smaller than hidden_size',
    words: 'proj_size has to be smaller than hidden_size',
  },
  'lstm/proj-size-float': {
    run: () => newLstm({ projSize: 2.5 }),
    type: RangeError,
    text: `LSTM: projSize: expected an integer >= 0, got 2.5. ${DISABLE}`,
  },
  'lstm/hidden-size-zero': {
    run: () => newLstm({ hiddenSize: 0 }),
    type: RangeError,
    text: 'LSTM: hiddenSize: expected an integer >= 1, got 0. hidden_size must be greater than zero',
    words: 'hidden_size must be greater than zero',
  },
  'lstm/nonlinearity': {
    run: () => newLstm({ nonlinearity: 'relu' }),
    type: TypeError,
    text: 'LSTM: nonlinearity: expected a known argument, got unknown argument "nonlinearity". only RNN and RNNCell have it in torch',
  },
  'lstm/input-rank': {
    run: runLstm([2, 2, 7, 3]),
    type: RangeError,
    text: `LSTM.forward: x: expected [B, T, I] or unbatched [T, I], got [2, 2, 7, 3]. ${RANK} instead`,
    words: `${RANK} instead`,
  },
  'lstm/input-last-dimension': {
    run: runLstm([2, 6, 7]),
    type: RangeError,
    text: 'LSTM.forward: x: expected a last dimension of 3 (inputSize), got [2, 6, 7]. input.size(-1) must be equal to input_size. Expected 3, got 7',
    words: 'input.size(-1) must be equal to input_size. Expected 3, got 7',
  },
  'lstm/h0-shape': {
    run: runLstm([2, 7, 3], [1, 3, 5], [1, 2, 5]),
    type: RangeError,
    text: 'LSTM.forward: h0: expected shape [1, 2, 5], got [1, 3, 5]. Expected hidden[0] size (1, 2, 5), got [1, 3, 5]',
    words: 'Expected hidden[0] size (1, 2, 5), got [1, 3, 5]',
  },
  'lstm/c0-shape': {
    run: runLstm([2, 7, 3], [1, 2, 5], [1, 3, 5]),
    type: RangeError,
    text: 'LSTM.forward: c0: expected shape [1, 2, 5], got [1, 3, 5]. Expected hidden[1] size (1, 2, 5), got [1, 3, 5]',
    words: 'Expected hidden[1] size (1, 2, 5), got [1, 3, 5]',
  },
  'lstm/h0-shape-projected': {
    run: runLstm([2, 7, 3], [1, 2, 5], [1, 2, 5], { projSize: 2 }),
    type: RangeError,
    text: 'LSTM.forward: h0: expected shape [1, 2, 2], got [1, 2, 5]. Expected hidden[0] size (1, 2, 2), got [1, 2, 5]',
    words: 'Expected hidden[0] size (1, 2, 2), got [1, 2, 5]',
  },
  'lstm/c0-shape-projected': {
    run: runLstm([2, 7, 3], [1, 2, 2], [1, 2, 2], { projSize: 2 }),
    type: RangeError,
    text: 'LSTM.forward: c0: expected shape [1, 2, 5], got [1, 2, 2]. Expected hidden[1] size (1, 2, 5), got [1, 2, 2]',
    words: 'Expected hidden[1] size (1, 2, 5), got [1, 2, 2]',
  },
  'lstm/c0-shape-unbatched': {
    run: runLstm([7, 3], [1, 5], [1, 6]),
    type: RangeError,
    text: 'LSTM.forward: c0: expected shape [1, 5], got [1, 6]. Expected hidden[1] size (1, 5), got [1, 6]',
    words: 'Expected hidden[1] size (1, ',
  },
  'lstm/hx-rank-batched': {
    run: runLstm([2, 7, 3], [1, 5], [1, 5]),
    type: RangeError,
    text: 'LSTM.forward: h0: expected shape [1, 2, 5], got [1, 5]. For batched 3-D input, hx and cx should also be 3-D but got (2-D, 2-D) tensors',
    words: 'For batched 3-D input, hx and cx should also be 3-D but got (2-D, 2-D) tensors',
  },
  'lstm/hx-rank-unbatched': {
    run: runLstm([7, 3], [1, 2, 5], [1, 2, 5]),
    type: RangeError,
    text: 'LSTM.forward: h0: expected shape [1, 5], got [1, 2, 5]. For unbatched 2-D input, hx and cx should also be 2-D but got (3-D, 3-D) tensors',
    words: 'For unbatched 2-D input, hx and cx should also be 2-D but got (3-D, 3-D) tensors',
  },
  'lstm/c0-rank-batched': {
    run: runLstm([2, 7, 3], [1, 2, 5], [1, 5]),
    type: RangeError,
    text: 'LSTM.forward: c0: expected shape [1, 2, 5], got [1, 5]. For batched 3-D input, hx and cx should also be 3-D but got (3-D, 2-D) tensors',
    words: 'For batched 3-D input, hx and cx should also be 3-D but got (3-D, 2-D) tensors',
  },
  'lstm/c0-rank-unbatched': {
    run: runLstm([7, 3], [1, 5], [1, 1, 5]),
    type: RangeError,
    text: 'LSTM.forward: c0: expected shape [1, 5], got [1, 1, 5]. For unbatched 2-D input, hx and cx should also be 2-D but got (2-D, 3-D) tensors',
    words: 'For unbatched 2-D input, hx and cx should also be 2-D but got (2-D, 3-D) tensors',
  },
  // As a positional argument it would be the options.
  'lstm/h0-alone': {
    run: () => newLstm({}).forward(tf.ones([2, 7, 3]), tf.ones([1, 2, 5]) as never),
    type: TypeError,
    text: 'LSTM.forward: options: expected an object such as { h0, c0, lengths }, got a tensor. Pass h0 and c0 by name: forward(x, { h0, c0 })',
  },
  'lstm/no-steps': {
    run: runLstm([2, 0, 3]),
    type: RangeError,
    text: `LSTM.forward: x: expected at least one time step, got [2, 0, 3]. ${STEPS}`,
    words: STEPS,
  },
};

const RNN_MISUSES: Record<string, Misuse> = {
  'rnn/nonlinearity': {
    run: () => newRnn({ nonlinearity: 'garbage' }),
    type: RangeError,
    text: `RNN: nonlinearity: expected one of tanh, relu, got "garbage". Unknown nonlinearity 'garbage'. Select from 'tanh' or 'relu'`,
    words: `Unknown nonlinearity 'garbage'. Select from 'tanh' or 'relu'`,
  },
  'rnn/proj-size': {
    run: () => newRnn({ projSize: 2 }),
    type: TypeError,
    text: 'RNN: projSize: expected a known argument, got unknown argument "projSize". proj_size argument is only supported for LSTM, not RNN or GRU',
    words: 'proj_size argument is only supported for LSTM, not RNN or GRU',
  },
  'rnn/hidden-size-zero': {
    run: () => newRnn({ hiddenSize: 0 }),
    type: RangeError,
    text: 'RNN: hiddenSize: expected an integer >= 1, got 0. hidden_size must be greater than zero',
    words: 'hidden_size must be greater than zero',
  },
  'rnn/input-rank': {
    run: runRnn([2, 2, 7, 3]),
    type: RangeError,
    text: `RNN.forward: x: expected [B, T, I] or unbatched [T, I], got [2, 2, 7, 3]. ${RANK} instead`,
    words: RANK,
  },
  'rnn/input-last-dimension': {
    run: runRnn([2, 6, 7]),
    type: RangeError,
    text: 'RNN.forward: x: expected a last dimension of 3 (inputSize), got [2, 6, 7]. input.size(-1) must be equal to input_size. Expected 3, got 7',
    words: 'input.size(-1) must be equal to input_size. Expected 3, got 7',
  },
  'rnn/hx-shape': {
    run: runRnn([2, 7, 3], [1, 3, 5]),
    type: RangeError,
    text: 'RNN.forward: h0: expected shape [1, 2, 5], got [1, 3, 5]. Expected hidden size (1, 2, 5), got [1, 3, 5]',
    words: 'Expected hidden size (1, 2, 5), got [1, 3, 5]',
  },
  'rnn/hx-rank-batched': {
    run: runRnn([2, 7, 3], [1, 5]),
    type: RangeError,
    text: 'RNN.forward: h0: expected shape [1, 2, 5], got [1, 5]. For batched 3-D input, hx should also be 3-D but got 2-D tensor',
    words: 'For batched 3-D input, hx should also be 3-D but got 2-D tensor',
  },
  'rnn/hx-rank-unbatched': {
    run: runRnn([7, 3], [1, 2, 5]),
    type: RangeError,
    text: 'RNN.forward: h0: expected shape [1, 5], got [1, 2, 5]. For unbatched 2-D input, hx should also be 2-D but got 3-D tensor',
    words: 'For unbatched 2-D input, hx should also be 2-D but got 3-D tensor',
  },
  'rnn/no-steps': {
    run: runRnn([2, 0, 3]),
    type: RangeError,
    text: `RNN.forward: x: expected at least one time step, got [2, 0, 3]. ${STEPS}`,
    words: STEPS,
  },
};

describeMisuses('LSTM on what PyTorch refuses', {
  prefixes: ['lstm/'],
  misuses: LSTM_MISUSES,
  elsewhere: ['lstm/dropout-one-layer'],
});

describeMisuses('RNN on what PyTorch refuses', {
  prefixes: ['rnn/'],
  misuses: RNN_MISUSES,
  elsewhere: ['rnn/dropout-one-layer'],
});

describe('dropout with one layer', () => {
  const words = 'dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects';

  for (const { title, make, module } of EVERY_LAYER) {
    it(`of ${title} warns in the words of torch`, () => {
      const torch = torchMessage(`${module.toLowerCase()}/dropout-one-layer`);
      const warnings = warningsOf(() => {
        make({ hiddenSize: 5, dropout: 0.5 });
        make({ hiddenSize: 5, dropout: 0.5, numLayers: 2 });
      });
      expect(warnings).to.deep.equal([
        `${module}: ${words} numLayers greater than 1, but got dropout=0.5 and numLayers=1`,
      ]);
      expect(torch.outcome === 'warning' && torch.message).to.include(words);
    });
  }

  it('is the only warning, as in torch', () => {
    const ids = torchMessageIds().filter((id) => torchMessage(id).outcome === 'warning');
    expect(ids).to.have.members(['gru', 'lstm', 'rnn'].map((folder) => `${folder}/dropout-one-layer`));
  });
});

describe('states of one call', () => {
  const x = () => tf.ones([2, 4, 3]);
  const state = () => tf.ones([1, 2, 5]);

  it('go together, of an LSTM and of its cell: one alone was forgotten in the other call', () => {
    tf.tidy(() => {
      const layer = newLstm({});
      const cell = lstmCell({ hiddenSize: 5 });
      const step = tf.ones([2, 3]);
      const h = tf.ones([2, 5]);
      for (const [call, text] of [
        [
          () => layer.forward(x(), { h0: state() }),
          'LSTM.forward: c0: expected h0 and c0 together, got h0 alone',
        ],
        [
          () => layer.forward(x(), { c0: state(), h0: null }),
          'LSTM.forward: h0: expected h0 and c0 together, got c0 alone',
        ],
        [
          () => cell.forward(step, { h } as never),
          'LSTMCell.forward: c: expected h and c together, got h alone',
        ],
        [
          () => cell.forward(step, { c: h } as never),
          'LSTMCell.forward: h: expected h and c together, got c alone',
        ],
      ] as const)
        expect(call).to.throw(TypeError, text);
      expect(() => layer.forward(x(), { h0: state() })).to.throw('Carry both from call to call: { h0, c0 }');
    });
  });

  it('are named: a list of them gets the remedy of a single one', () => {
    tf.tidy(() => {
      expect(() => newLstm({}).forward(x(), [state(), state()] as never)).to.throw(
        TypeError,
        'Pass h0 and c0 by name: forward(x, { h0, c0 })',
      );
      expect(() => newRnn({}).forward(x(), [state()] as never)).to.throw(
        TypeError,
        'Pass h0 by name: forward(x, { h0 })',
      );
    });
  });

  it('of a batch with one step and no axis of time tell how to make the axis, which gives right numbers', async () => {
    await tidied(async () => {
      for (const [batchFirst, axis] of [
        [true, 1],
        [false, 0],
      ] as const) {
        const layer = newLstm({ batchFirst });
        const step = tf.randomNormal([2, 3]);
        const states = { h0: state(), c0: state() };
        expect(() => layer.forward(step, states)).to.throw(
          RangeError,
          `One step of a batch needs its axis of time: x.expandDims(${axis})`,
        );
        const { hn } = layer.forward(step.expandDims(axis), states);
        const row = { h0: tf.ones([1, 5]), c0: tf.ones([1, 5]) };
        await expectClose(
          hn.slice([0, 1, 0], [1, 1, 5]).squeeze([1]),
          layer.forward(step.slice(1, 1), row).hn,
        );
      }
    });
  });
});

describe('a nonlinearity that is no text', () => {
  it('is refused as another word is', () => {
    expect(() => rnn({ hiddenSize: 2, nonlinearity: Symbol('tanh') as never })).to.throw(
      RangeError,
      'RNN: nonlinearity: expected one of tanh, relu, got Symbol(tanh). Unknown nonlinearity',
    );
  });
});

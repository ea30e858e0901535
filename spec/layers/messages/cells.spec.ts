import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gruCell, lstmCell, type RNNCellArgs, rnnCell } from '../../../src/index.js';
import { CELL_CLASSES, EVERY_CELL } from '../../support/cells.js';
import { describeMisuses, type Misuse } from '../../support/misuse.js';

const args = (extra: object) => ({ hiddenSize: 20, inputSize: 10, ...extra }) as RNNCellArgs;
const ones = (shape?: number[]) => shape && tf.ones(shape);

const runGru = (x: number[], h?: number[]) => () => gruCell(args({})).forward(tf.ones(x), ones(h));
const runRnn = (x: number[], h?: number[]) => () => rnnCell(args({})).forward(tf.ones(x), ones(h));
const runLstm = (x: number[], h?: number[], c?: number[]) => () =>
  lstmCell(args({})).forward(tf.ones(x), { h: ones(h), c: ones(c) });

const FORMS = 'An unbatched input [I] goes with [H], a batch [B, I] with [B, H]';

/** Misuses of x and h that every cell has, by the end of their ids. */
function commonMisuses(
  module: string,
  run: (x: number[], h?: number[]) => () => unknown,
  hidden: string,
): Record<string, Misuse> {
  const [x, h] = [`${module}.forward: x: expected`, `${module}.forward: h: expected`];
  const last = `${x} a last dimension of 10 (inputSize), got`;
  const inputSize = 'input has inconsistent input_size: got 11 expected 10';
  const batched = "Input batch size 3 doesn't match hidden0 batch size";
  const size = 'hidden0 has inconsistent hidden_size: got';
  return {
    'input-rank': {
      run: run([3, 3, 10]),
      type: RangeError,
      text: `${x} [B, I] or unbatched [I], got [3, 3, 10]. ${module}: Expected input to be 1D or 2D, got 3D instead`,
      words: `${module}: Expected input to be 1D or 2D, got 3D instead`,
    },
    'input-size': {
      run: run([3, 11], [3, 20]),
      type: RangeError,
      text: `${last} [3, 11]. ${inputSize}`,
      words: inputSize,
    },
    'input-size-unbatched': {
      run: run([11]),
      type: RangeError,
      text: `${last} [11]. ${inputSize}`,
      words: inputSize,
    },
    'hidden-rank': {
      run: run([3, 10], [1, 1, 3, 20]),
      type: RangeError,
      text: `${h} shape [3, 20], got [1, 1, 3, 20]. ${module}: Expected ${hidden} to be 1D or 2D, got 4D instead`,
      words: `${module}: Expected ${hidden} to be 1D or 2D, got `,
    },
    'hidden-size': {
      run: run([3, 10], [3, 21]),
      type: RangeError,
      text: `${h} shape [3, 20], got [3, 21]. ${size} 21, expected 20`,
      words: `${size} 21, expected 20`,
    },
    'hidden-size-unbatched': {
      run: run([10], [21]),
      type: RangeError,
      text: `${h} shape [20], got [21]. ${size} 21, expected 20`,
      words: `${size} 21, expected 20`,
    },
    batch: {
      run: run([3, 10], [5, 20]),
      type: RangeError,
      text: `${h} shape [3, 20], got [5, 20]. ${batched} 5`,
      words: `${batched} 5`,
    },
    'unbatched-input-batched-hidden': {
      run: run([10], [3, 20]),
      type: RangeError,
      text: `${h} shape [20], got [3, 20]. ${size} 3, expected 20. ${FORMS}`,
      words: `${size} 3, expected 20`,
    },
    'batched-input-unbatched-hidden': {
      run: run([3, 10], [20]),
      type: RangeError,
      text: `${h} shape [3, 20], got [20]. ${batched} 20. ${FORMS}`,
      words: `${batched} 20`,
    },
  };
}

function pick(folder: string, misuses: Record<string, Misuse>, names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [`${folder}/${name}`, misuses[name] as Misuse]));
}

const ofGru = commonMisuses('GRUCell', runGru, 'hidden');
describeMisuses('GRUCell on what PyTorch refuses', {
  prefixes: ['gru-cell/'],
  misuses: {
    ...pick('gru-cell', ofGru, Object.keys(ofGru)),
    'gru-cell/hidden-size-negative': {
      run: () => gruCell(args({ hiddenSize: -1 })),
      type: RangeError,
      text: 'GRUCell: hiddenSize: expected an integer >= 0, got -1',
    },
    'gru-cell/input-dtype': {
      run: () => gruCell(args({})).forward(tf.ones([3, 10], 'int32')),
      type: TypeError,
      text: 'GRUCell.forward: x: expected dtype float32, got int32. RNN input dtype (int32) does not match weight dtype (float32): convert it with tf.cast',
    },
  },
  notApplicable: { 'gru-cell/hidden-size-zero': 'torch accepts it, and so do we: see cells.spec.ts' },
});

const C = 'LSTMCell.forward: c: expected shape [3, 20], got';
const ofLstm = commonMisuses('LSTMCell', runLstm, 'hx[0]');
describeMisuses('LSTMCell on what PyTorch refuses', {
  prefixes: ['lstm-cell/'],
  misuses: {
    ...pick('lstm-cell', ofLstm, [
      'input-rank',
      'input-size',
      'hidden-rank',
      'hidden-size',
      'unbatched-input-batched-hidden',
      'batched-input-unbatched-hidden',
    ]),
    'lstm-cell/hidden-batch': ofLstm.batch as Misuse,
    'lstm-cell/cell-rank': {
      run: runLstm([3, 10], [3, 20], [1, 3, 20]),
      type: RangeError,
      text: `${C} [1, 3, 20]. LSTMCell: Expected hx[1] to be 1D or 2D, got 3D instead`,
      words: 'LSTMCell: Expected hx[1] to be 1D or 2D, got 3D instead',
    },
    'lstm-cell/cell-size': {
      run: runLstm([3, 10], [3, 20], [3, 21]),
      type: RangeError,
      text: `${C} [3, 21]. hidden1 has inconsistent hidden_size: got 21, expected 20`,
      words: 'hidden1 has inconsistent hidden_size: got 21, expected 20',
    },
    'lstm-cell/cell-batch': {
      run: runLstm([3, 10], [3, 20], [5, 20]),
      type: RangeError,
      text: `${C} [5, 20]. Input batch size 3 doesn't match hidden1 batch size 5`,
      words: "Input batch size 3 doesn't match hidden1 batch size 5",
    },
    'lstm-cell/hidden-alone': {
      run: () => lstmCell(args({})).forward(tf.ones([3, 10]), tf.ones([3, 20]) as never),
      type: TypeError,
      text: 'LSTMCell.forward: state: expected an object { h, c }, got a tensor. Pass h and c by name: forward(x, { h, c })',
    },
  },
  notApplicable: { 'lstm-cell/hidden-size-zero': 'torch accepts it, and so do we: see cells.spec.ts' },
});

const ofRnn = commonMisuses('RNNCell', runRnn, 'hidden');
describeMisuses('RNNCell on what PyTorch refuses', {
  prefixes: ['rnn-cell/'],
  misuses: {
    ...pick('rnn-cell', ofRnn, [
      'input-rank',
      'input-size',
      'hidden-rank',
      'hidden-size',
      'batch',
      'unbatched-input-batched-hidden',
    ]),
    'rnn-cell/nonlinearity': {
      run: () => rnnCell(args({ nonlinearity: 'garbage' })),
      type: RangeError,
      text: `RNNCell: nonlinearity: expected one of tanh, relu, got "garbage". Unknown nonlinearity 'garbage'. Select from 'tanh' or 'relu'`,
      words: 'Unknown nonlinearity',
    },
  },
  notApplicable: { 'rnn-cell/hidden-size-zero': 'torch accepts it, and so do we: see cells.spec.ts' },
});

for (const { title, module, make, stateNames } of EVERY_CELL) {
  describe(`${title} on other misuses`, () => {
    const given = (extra: object) => () => make({ hiddenSize: 5, ...extra });
    const layer = module.replace('Cell', '');
    const ofLayer = `A cell is one step of one layer in one direction; ${layer} has it`;
    const isRnn = module === 'RNNCell';

    const remedies: Record<string, string> = {
      units: 'Use hiddenSize',
      hidden_size: 'Use hiddenSize',
      useBias: 'Use bias',
      numLayers: ofLayer,
      batch_first: ofLayer,
      bidirectional: ofLayer,
      dropout: ofLayer,
      returnSequences: ofLayer,
      stateful: ofLayer,
      activation: isRnn ? 'Use nonlinearity' : 'Leave it out: the activations are those of torch',
      recurrentActivation: 'Leave it out: the activations are those of torch',
      resetAfter: 'Leave it out: the reset gate always acts after the product, as in torch.nn.GRU',
      unitForgetBias: 'Leave it out: torch initialises every bias alike',
      projSize: 'proj_size argument is only supported for LSTM, not RNN or GRU',
      ...(isRnn ? {} : { nonlinearity: 'only RNN and RNNCell have it in torch' }),
    };
    for (const [key, remedy] of Object.entries(remedies)) {
      it(`names the remedy for ${key}`, () => {
        expect(given({ [key]: true })).to.throw(
          TypeError,
          `${module}: ${key}: expected a known argument, got unknown argument "${key}". ${remedy}`,
        );
      });
    }

    it('lists the known arguments for any other key', () => {
      const own = isRnn ? ', nonlinearity' : '';
      expect(given({ hiddensize: 1 })).to.throw(
        TypeError,
        `${module}: hiddensize: expected one of hiddenSize, inputSize, bias, seed, implementation${own}, inputShape`,
      );
    });

    it('refuses wrong types of every argument', () => {
      const CellClass = CELL_CLASSES[module] as new (given: unknown) => object;
      for (const nothing of [undefined, null])
        expect(() => new CellClass(nothing)).to.throw(
          TypeError,
          `${module}: args: expected an object such as { hiddenSize: 128 }, got ${nothing}`,
        );
      for (const value of [undefined, '5'])
        expect(given({ hiddenSize: value })).to.throw(
          TypeError,
          `${module}: hiddenSize: expected an integer, got ${value === undefined ? value : '"5"'}. hidden_size should be of type int`,
        );
      expect(given({ hiddenSize: 1.5 })).to.throw(
        RangeError,
        `${module}: hiddenSize: expected an integer >= 0, got 1.5. hidden_size should be of type int`,
      );
      expect(given({ inputSize: 0 })).to.throw(
        RangeError,
        `${module}: inputSize: expected an integer >= 1, got 0. input_size must be greater than zero`,
      );
      expect(given({ bias: 1 })).to.throw(TypeError, `${module}: bias: expected a boolean, got 1`);
      expect(given({ seed: -1 })).to.throw(RangeError, `${module}: seed: expected an integer >= 0, got -1`);
      expect(given({ implementation: 'fast' })).to.throw(
        RangeError,
        `${module}: implementation: expected one of auto, fused, engine, cudnn, reference, got "fast"`,
      );
    });

    it('refuses wrong calls of forward and apply', () => {
      const cell = make({ hiddenSize: 2 });
      tf.tidy(() => {
        const [x, states] = [tf.zeros([1, 3]), stateNames.map(() => tf.zeros([1, 2]))];
        expect(() => cell.forward([1] as never)).to.throw(
          TypeError,
          `${module}.forward: x: expected a tensor, got [1]. Make one with tf.tensor`,
        );
        expect(() => cell.apply([null, ...states] as never)).to.throw(
          TypeError,
          `${module}.apply: x: expected a tensor, got null`,
        );
        expect(() => cell.apply(tf.zeros([3]))).to.throw(
          RangeError,
          `${module}.apply: inputs: expected [x, `,
        );
        expect(() => cell.apply([tf.zeros([3]), ...states])).to.throw(
          RangeError,
          `${module}.apply: x: expected [B, I], got [3]. Unbatched [I] input goes to forward()`,
        );
        expect(() => cell.forward(tf.zeros([1, 0]))).to.throw(
          RangeError,
          `${module}.forward: x: expected a last dimension of at least 1, got [1, 0]. input_size must be greater than zero`,
        );
        x.dispose();
        for (const call of [() => cell.forward(x), () => cell.apply([x, ...states])])
          expect(call).to.throw(RangeError, 'x: expected a live tensor, got a disposed one');
      });
      expect(cell.built).to.equal(false);
    });
  });
}

describe('LSTMCell.forward', () => {
  it('refuses states that are not { h, c }', () => {
    const cell = lstmCell({ hiddenSize: 2 });
    tf.tidy(() => {
      const x = tf.zeros([1, 3]);
      const start = 'LSTMCell.forward: ';
      for (const [state, text] of [
        [
          [x, x],
          `${start}state: expected an object { h, c }, got [Tensor, Tensor]. Pass h and c by name: forward(x, { h, c })`,
        ],
        [{ h0: x }, `${start}h0: expected one of h, c, got unknown option "h0"`],
        [7, `${start}state: expected an object, got 7`],
        [{ h: [1, 2] }, `${start}h: expected a tensor, got [1, 2]. Make one with tf.tensor`],
        [{ c: 'c' }, `${start}c: expected a tensor, got "c"`],
      ] as const)
        expect(() => cell.forward(x, state as never)).to.throw(TypeError, text);
    });
    expect(cell.built).to.equal(false);
  });
});

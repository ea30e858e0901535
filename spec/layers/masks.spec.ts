import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { type GRU, gru } from '../../src/index.js';
import { describeEachBackend } from '../support/backends.js';
import { maxDifference } from '../support/parity.js';

/** Right-padded token rows of lengths 4, 2 and 3; index 0 pads. */
const IDS = [
  [3, 1, 2, 4],
  [5, 2, 0, 0],
  [1, 4, 3, 0],
];
const LENGTHS = [4, 2, 3];

function ids(rows: number[][] = IDS): tf.Tensor2D {
  return tf.tensor2d(rows, undefined, 'int32');
}

function embedding(): tf.layers.Layer {
  return tf.layers.embedding({ inputDim: 6, outputDim: 3, maskZero: true });
}

function expectClose(actual: tf.Tensor, expected: tf.Tensor): void {
  expect(actual.shape).to.deep.equal(expected.shape);
  expect(maxDifference(actual.dataSync(), expected.dataSync())).to.be.at.most(1e-6);
}

/** Applies a chain of layers to a `[4]` integer input. */
function modelOf(...layers: tf.layers.Layer[]): tf.LayersModel {
  const input = tf.input({ shape: [4], dtype: 'int32' });
  const output = layers.reduce<tf.SymbolicTensor>((x, layer) => layer.apply(x) as tf.SymbolicTensor, input);
  return tf.model({ inputs: input, outputs: output });
}

describeEachBackend('masks', () => {
  it('carry the lengths of an embedding through a stack of layers in a model', () => {
    const [embed, first, second] = [
      embedding(),
      gru({ hiddenSize: 4, bidirectional: true }),
      gru({ hiddenSize: 3 }),
    ];
    const model = modelOf(embed, first, tf.layers.dropout({ rate: 0.5 }), second);
    tf.tidy(() => {
      const x = tf.gather(embed.getWeights()[0], ids());
      const middle = first.forward(x, { lengths: LENGTHS }).output;
      expectClose(model.predict(ids()) as tf.Tensor, second.forward(middle, { lengths: LENGTHS }).output);
    });
    model.dispose();
  });

  it('follow the batch of each call in a nested model, not that of the first call', () => {
    const [embed, inner] = [embedding(), gru({ hiddenSize: 4, bidirectional: true, returnSequences: false })];
    const nested = modelOf(embed, inner);
    const outer = modelOf(nested);
    tf.tidy(() => {
      for (const [rows, lengths] of [
        [IDS, LENGTHS],
        [
          [
            [1, 0, 0, 0],
            [2, 3, 4, 5],
            [5, 5, 0, 0],
          ],
          [1, 4, 2],
        ],
        [[[1, 2, 0, 0]], [2]],
      ] as [number[][], number[]][]) {
        const x = tf.gather(embed.getWeights()[0], ids(rows));
        expectClose(outer.predict(ids(rows)) as tf.Tensor, inner.apply(x, { lengths }) as tf.Tensor);
      }
    });
    outer.dispose();
  });

  it('are ignored when left over from a layer that drops them, even where the size fits', () => {
    const decoder = gru({ hiddenSize: 4 });
    const [embed, encoder] = [embedding(), gru({ hiddenSize: 5, returnSequences: false })];
    const model = modelOf(embed, encoder, tf.layers.repeatVector({ n: 4 }), decoder);
    tf.tidy(() => {
      const summary = encoder.apply(tf.gather(embed.getWeights()[0], ids()), {
        lengths: LENGTHS,
      }) as tf.Tensor2D;
      const repeated = tf.tile(tf.expandDims(summary, 1), [1, 4, 1]);
      expectClose(model.predict(ids()) as tf.Tensor, decoder.forward(repeated).output);
    });
    model.dispose();
  });

  it('are ignored when left over with another size', () => {
    const decoder = gru({ hiddenSize: 4 });
    const model = modelOf(
      embedding(),
      gru({ hiddenSize: 5, returnSequences: false }),
      tf.layers.repeatVector({ n: 6 }),
      decoder,
    );
    tf.tidy(() => {
      expect((model.predict(ids()) as tf.Tensor).shape).to.deep.equal([3, 6, 4]);
    });
    model.dispose();
  });

  it('train through fit', async () => {
    const layer = gru({ hiddenSize: 3, returnSequences: false });
    const model = modelOf(embedding(), layer, tf.layers.dense({ units: 1 }));
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const [x, y] = [ids(), tf.tensor2d([[1], [0], [2]])];
    const { history } = await model.fit(x, y, { epochs: 4, batchSize: 2, verbose: 0 });
    expect(history.loss).to.have.length(4);
    for (const loss of history.loss) expect(loss).to.be.a('number').and.satisfy(Number.isFinite);
    tf.dispose([x, y]);
    model.dispose();
  });

  it('given eagerly count as lengths; explicit lengths have precedence', () => {
    const layer = gru({ hiddenSize: 3, bidirectional: true });
    tf.tidy(() => {
      const x = tf.randomNormal([3, 4, 2]);
      const mask = tf.notEqual(ids(), 0);
      const expected = layer.forward(x, { lengths: LENGTHS }).output;
      expectClose(layer.apply(x, { mask }) as tf.Tensor, expected);
      expectClose(layer.apply(x, { mask: [mask] }) as tf.Tensor, expected);
      expectClose(layer.apply(x, { mask: tf.onesLike(mask), lengths: LENGTHS }) as tf.Tensor, expected);
      expectClose(
        layer.apply(x, { mask: tf.notEqual(tf.zeros([3, 5]), 1) }) as tf.Tensor,
        layer.forward(x).output,
      );
    });
    layer.dispose();
  });

  it('with holes, left padding or empty rows throw a RangeError with the remedy', () => {
    const model = modelOf(embedding(), gru({ hiddenSize: 2 }));
    tf.tidy(() => {
      const predict = (row: number[]) => () => model.predict(ids([IDS[0], row]));
      const rule = 'GRU.apply: mask: expected each row to be right-padded, 1..T leading ones, got row 1: ';
      const padRight =
        'Pad on the right, and give unknown tokens an index other than 0, or the embedding masks them too';
      expect(predict([1, 0, 2, 0])).to.throw(RangeError, `${rule}1010. ${padRight}`);
      expect(predict([0, 0, 2, 3])).to.throw(RangeError, `${rule}0011. ${padRight}`);
      expect(predict([0, 0, 0, 0])).to.throw(
        RangeError,
        `${rule}0000. An empty sequence has no PyTorch counterpart`,
      );
    });
    model.dispose();
  });

  it('are handed on with sequences only', () => {
    tf.tidy(() => {
      const [x, mask] = [tf.zeros([3, 4, 2]), tf.notEqual(ids(), 0)];
      const pass = (args: Partial<ConstructorParameters<typeof GRU>[0]>, given = mask) =>
        gru({ hiddenSize: 2, ...args }).computeMask(x, given) as unknown;
      expect(pass({})).to.equal(mask);
      expect(pass({ returnSequences: false })).to.equal(null);
      expect(pass({ returnState: true })).to.deep.equal([mask, null]);
      expect(pass({}, tf.notEqual(tf.zeros([3, 5]), 1) as tf.Tensor2D)).to.equal(null);
    });
  });
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { UnsupportedError } from '../../../src/index.js';
import { expectClose } from '../../support/expect-same.js';
import { describeEachLayer, EACH_CLASS, forward, type LayerArgs } from '../../support/family.js';
import { skip } from '../../support/skip.js';
import { tidied } from '../../support/tidied.js';

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

/** Applies a chain of layers to a `[4]` integer input. */
function modelOf(...layers: tf.layers.Layer[]): tf.LayersModel {
  const input = tf.input({ shape: [4], dtype: 'int32' });
  const output = layers.reduce<tf.SymbolicTensor>((x, layer) => layer.apply(x) as tf.SymbolicTensor, input);
  return tf.model({ inputs: input, outputs: output });
}

describeEachLayer('masks', EACH_CLASS, ({ make, module, stateNames, stateSizes }) => {
  it('carry the lengths of an embedding through a stack of layers in a model', async () => {
    const [embed, first, second] = [
      embedding(),
      make({ hiddenSize: 4, bidirectional: true }),
      make({ hiddenSize: 3 }),
    ];
    const model = modelOf(embed, first, tf.layers.dropout({ rate: 0.5 }), second);
    await tidied(async () => {
      const x = tf.gather(embed.getWeights()[0], ids());
      const middle = first.forward(x, { lengths: LENGTHS }).output;
      await expectClose(
        model.predict(ids()) as tf.Tensor,
        second.forward(middle, { lengths: LENGTHS }).output,
      );
    });
    model.dispose();
  });

  it('follow the batch of each call in a nested model, not that of the first call', async () => {
    const [embed, inner] = [
      embedding(),
      make({ hiddenSize: 4, bidirectional: true, returnSequences: false }),
    ];
    const nested = modelOf(embed, inner);
    const outer = modelOf(nested);
    await tidied(async () => {
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
        await expectClose(outer.predict(ids(rows)) as tf.Tensor, inner.apply(x, { lengths }) as tf.Tensor);
      }
    });
    outer.dispose();
  });

  it('enter a nested model from an embedding outside it', async () => {
    const [embed, inner] = [
      embedding(),
      make({ hiddenSize: 4, bidirectional: true, returnSequences: false }),
    ];
    const nested = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4, 3] }), inner] });
    const model = modelOf(embed, nested);
    await tidied(async () => {
      const dense = nested.layers[0].apply(tf.gather(embed.getWeights()[0], ids())) as tf.Tensor;
      await expectClose(
        model.predict(ids()) as tf.Tensor,
        forward(inner, dense, { lengths: LENGTHS })
          .states[0]!.transpose([1, 0, 2])
          .reshape([3, 2 * stateSizes(4)[0]!]),
      );
    });
    model.dispose();
  });

  it('are ignored when they belong to another branch of the model', async () => {
    const [embed, a, b] = [
      embedding(),
      make({ hiddenSize: 2 }),
      make({ hiddenSize: 2, bidirectional: true }),
    ];
    const [tokens, vectors] = [tf.input({ shape: [4], dtype: 'int32' }), tf.input({ shape: [4, 3] })];
    const outputs = [
      a.apply(embed.apply(tokens) as tf.SymbolicTensor),
      b.apply(vectors),
    ] as tf.SymbolicTensor[];
    const model = tf.model({ inputs: [tokens, vectors], outputs });
    await tidied(async () => {
      const x = tf.randomNormal([3, 4, 3]);
      await expectClose((model.predict([ids(), x]) as tf.Tensor[])[1], b.forward(x).output);
    });
    model.dispose();
  });

  it('belong to the masked one of two calls of a layer in one model', async () => {
    const [embed, shared] = [embedding(), make({ hiddenSize: 2, bidirectional: true })];
    const [tokens, vectors] = [tf.input({ shape: [4], dtype: 'int32' }), tf.input({ shape: [4, 3] })];
    const outputs = [
      shared.apply(embed.apply(tokens) as tf.SymbolicTensor),
      shared.apply(vectors),
    ] as tf.SymbolicTensor[];
    const model = tf.model({ inputs: [tokens, vectors], outputs });
    await tidied(async () => {
      const x = tf.gather(embed.getWeights()[0], ids());
      const [masked, plain] = model.predict([ids(), x]) as tf.Tensor[];
      await expectClose(masked, shared.forward(x, { lengths: LENGTHS }).output);
      await expectClose(plain, shared.forward(x).output);
    });
    model.dispose();
    shared.dispose();
  });

  it('are used in one model and absent in another that shares the layer', async () => {
    const [embed, shared] = [embedding(), make({ hiddenSize: 2, bidirectional: true })];
    const masked = modelOf(embed, shared);
    const input = tf.input({ shape: [4, 3] });
    const plain = tf.model({ inputs: input, outputs: shared.apply(input) as tf.SymbolicTensor });
    await tidied(async () => {
      const x = tf.gather(embed.getWeights()[0], ids());
      await expectClose(masked.predict(ids()) as tf.Tensor, shared.forward(x, { lengths: LENGTHS }).output);
      await expectClose(plain.predict(x) as tf.Tensor, shared.forward(x).output);
    });
    plain.dispose();
    masked.dispose();
  });

  it('throw behind a custom layer that supports masks and returns none', async () => {
    class Unmask extends tf.layers.Layer {
      static className = 'Unmask';
      constructor(supportsMasking: boolean) {
        super({});
        this.supportsMasking = supportsMasking;
      }
      override computeMask() {
        return null as unknown as tf.Tensor;
      }
      override computeOutputShape(shape: tf.Shape) {
        return shape;
      }
      override call(inputs: tf.Tensor | tf.Tensor[]) {
        return Array.isArray(inputs) ? inputs[0] : inputs;
      }
    }
    const model = modelOf(embedding(), new Unmask(true), make({ name: 'last', hiddenSize: 2 }));
    tf.tidy(() => {
      expect(() => model.predict(ids())).to.throw(
        UnsupportedError,
        `${module}.apply: mask: expected a mask for layer "last" from a layer before it, got none. ` +
          'A layer there supports masks and returned none, so tfjs passed the mask of another one: let it return a mask, ' +
          'or set supportsMasking = false on it',
      );
    });
    model.dispose();
    const [embed, last] = [embedding(), make({ hiddenSize: 2, bidirectional: true })];
    const remedied = modelOf(embed, new Unmask(false), last);
    await tidied(async () => {
      const x = tf.gather(embed.getWeights()[0], ids());
      await expectClose(remedied.predict(ids()) as tf.Tensor, last.forward(x).output);
    });
    remedied.dispose();
  });

  it('of an encoder do not break the fit of a nested decoder, to which tfjs passes a disposed one', async () => {
    const encoder = modelOf(
      embedding(),
      make({ hiddenSize: 3, returnSequences: false }),
      tf.layers.repeatVector({ n: 4 }),
    );
    const decoder = tf.sequential({ layers: [make({ hiddenSize: 2, inputShape: [4, stateSizes(3)[0]!] })] });
    const model = modelOf(encoder, decoder);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const [x, y] = [ids(), tf.zeros([3, 4, stateSizes(2)[0]!])];
    const { history } = await model.fit(x, y, { epochs: 2, batchSize: 2, verbose: 0 });
    for (const loss of history.loss) expect(loss).to.be.a('number').and.satisfy(Number.isFinite);
    tf.dispose([x, y]);
    model.dispose();
  });

  it('and options that a tf.layers RNN with an initial state leaves behind do not reach the next layer', async () => {
    const layer = make({ hiddenSize: 2 });
    const [x, h0] = [tf.input({ shape: [4, 3] }), tf.input({ shape: [3] })];
    const first = tf.layers.simpleRNN({ units: 3, returnSequences: true });
    const sequence = first.apply([x, h0]) as tf.SymbolicTensor;
    const model = tf.model({ inputs: [x, h0], outputs: layer.apply(sequence) as tf.SymbolicTensor });
    await tidied(async () => {
      const inputs = [tf.randomNormal([2, 4, 3]), tf.randomNormal([2, 3])];
      const expected = layer.forward(first.apply(inputs) as tf.Tensor).output;
      await expectClose(model.predict(inputs) as tf.Tensor, expected);
    });
    model.dispose();
  });

  it('leave no tensor behind, and are refused when they are not tensors [B, T]', async () => {
    const layer = make({ hiddenSize: 2, bidirectional: true });
    const input = tf.input({ shape: [4, 3] });
    const model = tf.model({
      inputs: input,
      outputs: layer.apply(tf.layers.masking().apply(input) as tf.SymbolicTensor) as tf.SymbolicTensor,
    });
    const [x, mask] = [tf.randomNormal([3, 4, 3]), tf.tidy(() => tf.notEqual(ids(), 0))];
    const before = tf.memory().numTensors;
    const output = layer.apply([x], { mask }) as tf.Tensor;
    expect(tf.memory().numTensors).to.equal(before + 1);
    await tidied(() => expectClose(output, layer.forward(x, { lengths: LENGTHS }).output));
    tf.tidy(() => {
      expect(() => layer.apply([x], { mask: mask.expandDims(0) })).to.throw(
        RangeError,
        `${module}.apply: mask: expected shape [3, 4], one value per step of x, got [1, 3, 4]`,
      );
    });
    expect(() => layer.apply(x, { mask: 'x' as never })).to.throw(
      TypeError,
      `${module}.apply: mask: expected a tensor [B, T], got "x"`,
    );
    tf.dispose([x, mask, output]);
    model.dispose();
  });

  it('come from merged embeddings, tf.layers.masking and custom layers', async () => {
    class MasksZeroRows extends tf.layers.Layer {
      static className = 'TorchMasksZeroRows';
      override supportsMasking = true;
      override computeMask(inputs: tf.Tensor | tf.Tensor[]) {
        return tf.tidy(() => tf.any(tf.notEqual(Array.isArray(inputs) ? inputs[0] : inputs, 0), -1));
      }
      override computeOutputShape(shape: tf.Shape) {
        return shape;
      }
      override call(inputs: tf.Tensor | tf.Tensor[]) {
        return Array.isArray(inputs) ? inputs[0] : inputs;
      }
    }
    const masked = tf.tidy(() => {
      const present = tf.cast(tf.notEqual(ids(), 0), 'float32').expandDims(2);
      return tf.mul(tf.add(tf.abs(tf.randomNormal([3, 4, 3])), 0.1), present);
    });
    for (const source of [tf.layers.masking(), new MasksZeroRows()]) {
      const layer = make({ hiddenSize: 3, bidirectional: true });
      const x = tf.input({ shape: [4, 3] });
      const model = tf.model({
        inputs: x,
        outputs: layer.apply(source.apply(x) as tf.SymbolicTensor) as tf.SymbolicTensor,
      });
      await tidied(async () => {
        await expectClose(
          model.predict(masked) as tf.Tensor,
          layer.forward(masked, { lengths: LENGTHS }).output,
        );
      });
      model.dispose();
    }
    masked.dispose();
    const [tokens, positions, layer] = [
      embedding(),
      embedding(),
      make({ hiddenSize: 3, bidirectional: true }),
    ];
    const input = tf.input({ shape: [4], dtype: 'int32' });
    const both = [tokens.apply(input), positions.apply(input)] as tf.SymbolicTensor[];
    const merged = tf.model({
      inputs: input,
      outputs: layer.apply(tf.layers.add().apply(both) as tf.SymbolicTensor) as tf.SymbolicTensor,
    });
    await tidied(async () => {
      const x = tf.add(tf.gather(tokens.getWeights()[0], ids()), tf.gather(positions.getWeights()[0], ids()));
      await expectClose(merged.predict(ids()) as tf.Tensor, layer.forward(x, { lengths: LENGTHS }).output);
    });
    merged.dispose();
  });

  it('do not come with the final states of a masked layer, even if the size fits', async () => {
    const [embed, encoder, decoder] = [
      embedding(),
      make({ hiddenSize: 3, numLayers: 4, returnState: true }),
      make({ hiddenSize: 2 }),
    ];
    const input = tf.input({ shape: [4], dtype: 'int32' });
    const [, hn] = encoder.apply(embed.apply(input) as tf.SymbolicTensor) as tf.SymbolicTensor[];
    const model = tf.model({ inputs: input, outputs: decoder.apply(hn) as tf.SymbolicTensor });
    await tidied(async () => {
      const states = encoder.forward(tf.gather(embed.getWeights()[0], ids()), { lengths: LENGTHS }).hn;
      await expectClose(
        model.predict(ids()) as tf.Tensor,
        decoder.forward(states.transpose([1, 0, 2])).output,
      );
    });
    model.dispose();
  });

  it('are found in a graph of many residual blocks without walking every path', () => {
    const input = tf.input({ shape: [4], dtype: 'int32' });
    const embed = embedding();
    let x = embed.apply(input) as tf.SymbolicTensor;
    for (let i = 0; i < 40; i++)
      x = tf.layers
        .add()
        .apply([x, tf.layers.dense({ units: 3 }).apply(x) as tf.SymbolicTensor]) as tf.SymbolicTensor;
    const model = tf.model({
      inputs: input,
      outputs: make({ hiddenSize: 2 }).apply(x) as tf.SymbolicTensor,
    });
    tf.tidy(() => {
      expect((model.predict(ids()) as tf.Tensor).shape).to.deep.equal([3, 4, stateSizes(2)[0]]);
    });
    model.dispose();
  });

  it('are ignored when left over from a layer that drops them, even if the size fits', async () => {
    const decoder = make({ hiddenSize: 4 });
    const [embed, encoder] = [embedding(), make({ hiddenSize: 5, returnSequences: false })];
    const model = modelOf(embed, encoder, tf.layers.repeatVector({ n: 4 }), decoder);
    await tidied(async () => {
      const summary = encoder.apply(tf.gather(embed.getWeights()[0], ids()), {
        lengths: LENGTHS,
      }) as tf.Tensor2D;
      const repeated = tf.tile(tf.expandDims(summary, 1), [1, 4, 1]);
      await expectClose(model.predict(ids()) as tf.Tensor, decoder.forward(repeated).output);
    });
    model.dispose();
  });

  it('are ignored when left over with another size', () => {
    const decoder = make({ hiddenSize: 4 });
    const model = modelOf(
      embedding(),
      make({ hiddenSize: 5, returnSequences: false }),
      tf.layers.repeatVector({ n: 6 }),
      decoder,
    );
    tf.tidy(() => {
      expect((model.predict(ids()) as tf.Tensor).shape).to.deep.equal([3, 6, stateSizes(4)[0]]);
    });
    model.dispose();
  });

  it('train through fit', async () => {
    const layer = make({ hiddenSize: 3, returnSequences: false });
    const model = modelOf(embedding(), layer, tf.layers.dense({ units: 1 }));
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const [x, y] = [ids(), tf.tensor2d([[1], [0], [2]])];
    const { history } = await model.fit(x, y, { epochs: 4, batchSize: 2, verbose: 0 });
    expect(history.loss).to.have.length(4);
    for (const loss of history.loss) expect(loss).to.be.a('number').and.satisfy(Number.isFinite);
    tf.dispose([x, y]);
    model.dispose();
  });

  it('given eagerly count as lengths; explicit lengths have precedence', async () => {
    const layer = make({ hiddenSize: 3, bidirectional: true });
    await tidied(async () => {
      const x = tf.randomNormal([3, 4, 2]);
      const mask = tf.notEqual(ids(), 0);
      const expected = layer.forward(x, { lengths: LENGTHS }).output;
      await expectClose(layer.apply(x, { mask }) as tf.Tensor, expected);
      await expectClose(layer.apply(x, { mask: [mask] }) as tf.Tensor, expected);
      await expectClose(layer.apply(x, { mask: tf.onesLike(mask), lengths: LENGTHS }) as tf.Tensor, expected);
    });
    layer.dispose();
  });

  it('given eagerly throw where they do not fit', () => {
    tf.tidy(() => {
      const x = tf.randomNormal([3, 4, 2]);
      const layer = make({ hiddenSize: 3 });
      const apply = (mask: tf.Tensor) => () => layer.apply(x, { mask });
      const rule = `${module}.apply: mask: expected shape [3, 4], one value per step of x, got`;
      expect(apply(tf.ones([3, 5]))).to.throw(RangeError, `${rule} [3, 5]`);
      expect(apply(tf.ones([4, 3]))).to.throw(RangeError, `${rule} [4, 3]`);
      expect(apply(tf.ones([3, 4, 1]))).to.throw(RangeError, `${rule} [3, 4, 1]`);
      expect(apply(tf.ones([4]))).to.throw(RangeError, `${rule} [4]`);
      const gone = tf.ones([3, 4]);
      gone.dispose();
      expect(apply(gone)).to.throw(
        RangeError,
        `${module}.apply: mask: expected a live tensor, got a disposed one`,
      );
    });
  });

  it('given eagerly count batch first, also where x does not', async () => {
    const layer = make({ hiddenSize: 3, batchFirst: false });
    await tidied(async () => {
      const x = tf.randomNormal([4, 3, 2]);
      const expected = layer.forward(x, { lengths: LENGTHS }).output;
      await expectClose(layer.apply(x, { mask: tf.notEqual(ids(), 0) }) as tf.Tensor, expected);
    });
    layer.dispose();
  });

  it('with holes, left padding or empty rows throw a RangeError with the remedy', function () {
    if (tf.getBackend() === 'webgpu') skip(this, 'the mask is made on the GPU, where nothing is read');
    const model = modelOf(embedding(), make({ hiddenSize: 2 }));
    tf.tidy(() => {
      const predict = (row: number[]) => () => model.predict(ids([IDS[0], row]));
      const rule = `${module}.apply: mask: expected each row to be right-padded, 1..T leading ones, got row 1: `;
      const unpacked =
        'If the PyTorch model does not pack its input, it reads the padding: pass maskZero: false, or maskPadding: false';
      const padRight =
        'Pad on the right, and give unknown tokens an index other than that of the padding, or the embedding masks them too. ' +
        unpacked;
      expect(predict([1, 0, 2, 0])).to.throw(RangeError, `${rule}1010. ${padRight}`);
      expect(predict([0, 0, 2, 3])).to.throw(RangeError, `${rule}0011. ${padRight}`);
      expect(predict([0, 0, 0, 0])).to.throw(
        RangeError,
        `${rule}0000. A PackedSequence has no empty row: drop such rows or give them one real token. ${unpacked}`,
      );
    });
    model.dispose();
  });

  it('are handed on with sequences only', () => {
    tf.tidy(() => {
      const [x, mask] = [tf.zeros([3, 4, 2]), tf.notEqual(ids(), 0)];
      const pass = (args: Partial<LayerArgs>, given = mask) =>
        make({ hiddenSize: 2, ...args }).computeMask(x, given) as unknown;
      expect(pass({})).to.equal(mask);
      expect(pass({ returnSequences: false })).to.equal(null);
      expect(pass({ returnState: true })).to.deep.equal([mask, ...stateNames.map(() => null)]);
      expect(pass({}, tf.notEqual(tf.zeros([3, 5]), 1) as tf.Tensor2D)).to.equal(null);
    });
  });
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { embedding, gru, loadStateDict } from '../../../src/index.js';
import { f32 } from '../../models/torch-modules.js';
import { describeEachBackend } from '../../support/backends.js';
import { expectSame } from '../../support/expect-same.js';
import { reloaded } from '../../support/save.js';
import { tidied } from '../../support/tidied.js';
import { FIRST_ROW, model } from './fixture.js';

const SIZES = { numEmbeddings: 5, embeddingDim: 2 };

describeEachBackend('Embedding', (backend) => {
  it('takes ids of any rank, also none and those of a model, which are float32', async () => {
    const layer = embedding({ ...SIZES, paddingIdx: -2, seed: 3 });
    await tidied(async () => {
      for (const shape of [[], [3], [2, 3], [2, 1, 3], [0, 4]]) {
        const ids = tf.fill(shape, 4, 'int32');
        const y = layer.apply(ids) as tf.Tensor;
        expect(y.shape).to.deep.equal([...shape, 2]);
        const row = [...(await (layer.getWeights()[0] as tf.Tensor).slice(4, 1).data())];
        expect([...(await y.data())]).to.deep.equal(Array.from({ length: ids.size }, () => row).flat());
        await expectSame(layer.apply(tf.cast(ids, 'float32')) as tf.Tensor, y);
      }
    });
    layer.dispose();
  });

  it('starts N(0, 1) with a row of zeros for the padding, and with the same numbers for a seed', async () => {
    const made = (seed?: number) => {
      const layer = embedding({ numEmbeddings: 400, embeddingDim: 50, paddingIdx: -1, seed });
      layer.build([null]);
      return layer;
    };
    const layers = [made(1), made(1), made(2)] as const;
    await tidied(async () => {
      const [first, same, other] = layers.map((layer) => layer.getWeights()[0] as tf.Tensor2D);
      await expectSame(same as tf.Tensor, first as tf.Tensor);
      expect(
        await (first as tf.Tensor)
          .equal(other as tf.Tensor)
          .sum()
          .array(),
      ).to.equal(50);
      expect([...(await (first as tf.Tensor).slice(399, 1).data())]).to.deep.equal(new Array(50).fill(0));
      const { mean, variance } = tf.moments((first as tf.Tensor).slice(0, 399));
      // 19950 numbers: their mean is within 0.04 of 0, and their variance within 0.06 of 1, but for one seed in a million.
      expect(await mean.array()).to.be.within(-0.04, 0.04);
      expect(await variance.array()).to.be.within(0.94, 1.06);
    });
    for (const layer of layers) tf.dispose(layer.weights.map((weight) => weight.read()));
  });

  it('is saved and loaded with its arguments, the given maskPadding apart from none', async () => {
    for (const maskPadding of [undefined, false, true]) {
      const original = model(FIRST_ROW, { maskPadding, paddingIdx: -7 });
      loadStateDict(original, FIRST_ROW.below('before'), { onWarnings: () => {} });
      const loaded = await reloaded(original);
      const [first] = loaded.layers as [tf.layers.Layer];
      expect(first.getConfig()).to.deep.equal(original.layers[0]?.getConfig());
      expect(first.getConfig().paddingIdx).to.equal(0);
      expect(first.getConfig().maskPadding).to.equal(maskPadding);
      await tidied(async () => {
        const ids = FIRST_ROW.tensor('ids');
        await expectSame(loaded.predict(ids) as tf.Tensor, original.predict(ids) as tf.Tensor);
      });
      for (const each of [original, loaded]) each.dispose();
    }
  });

  it('refuses ids that are none of its own', () => {
    const layer = embedding(SIZES);
    layer.build([null]);
    const { numTensors } = tf.memory();
    for (const id of [5, -1, 0.5, Number.NaN]) {
      const ids = tf.tensor([[1, id]], undefined, Number.isInteger(id) ? 'int32' : 'float32');
      expect(() => layer.apply(ids)).to.throw(
        RangeError,
        `Embedding.apply: ids: expected integers in 0..4 (numEmbeddings: 5), got ${id}. torch: index out of range in self`,
      );
      ids.dispose();
    }
    expect(tf.memory().numTensors, backend).to.equal(numTensors);
    tf.dispose(layer.weights.map((weight) => weight.read()));
  });

  it('has no gradient at the padding, also where that of the output is no number', async () => {
    const layer = embedding({ ...SIZES, paddingIdx: 1 });
    layer.build([null]);
    await tidied(async () => {
      const weight = layer.weights[0]?.read() as tf.Variable;
      const factor = tf.tensor2d([
        [Number.NaN, Number.POSITIVE_INFINITY],
        [2, 3],
      ]);
      const ids = tf.tensor1d([1, 4], 'int32');
      const { grads } = tf.variableGrads(() => (layer.apply(ids) as tf.Tensor).mul(factor).sum(), [weight]);
      const gradient = grads[weight.name] as tf.Tensor;
      expect([...(await gradient.data())]).to.deep.equal([0, 0, 0, 0, 0, 0, 0, 0, 2, 3]);
    });
    tf.dispose(layer.weights.map((weight) => weight.read()));
  });
});

describe('an embedding with maskPadding', () => {
  before(() => tf.setBackend('cpu'));

  it('must be padded at the end of each row, as the recurrent layers say', () => {
    const own = model(FIRST_ROW, { maskPadding: true });
    tf.tidy(() => {
      for (const row of [
        [0, 1, 2],
        [1, 0, 2],
        [0, 0, 0],
      ])
        expect(() => own.predict(tf.tensor2d([row]))).to.throw(
          RangeError,
          'GRU.apply: mask: expected each row to be right-padded, 1..T leading ones',
        );
    });
    own.dispose();
  });

  it('makes one mask with another embedding of the same ids', async () => {
    const ids = tf.input({ shape: [null] });
    const made = (name: string) =>
      embedding({ name, ...SIZES, paddingIdx: 4, maskPadding: true }).apply(ids) as tf.SymbolicTensor;
    const sum = tf.layers.add().apply([made('a'), made('b'), made('c')]) as tf.SymbolicTensor;
    const own = tf.model({ inputs: ids, outputs: gru({ hiddenSize: 3 }).apply(sum) as tf.SymbolicTensor });
    await tidied(async () => {
      const output = own.predict(tf.tensor2d([[1, 2, 4, 4]])) as tf.Tensor;
      expect([...(await output.slice([0, 2, 0]).data())]).to.deep.equal(new Array(6).fill(0));
    });
    own.dispose();
  });
});

describe('arguments of an Embedding', () => {
  before(() => tf.setBackend('cpu'));

  const cases: [run: () => unknown, type: typeof TypeError | typeof RangeError, text: string][] = [
    [
      () => embedding({ inputDim: 5 } as object as never),
      TypeError,
      'Embedding: inputDim: expected a known argument, got unknown argument "inputDim". Use numEmbeddings',
    ],
    [
      () => embedding({ ...SIZES, padding_idx: 0 } as never),
      TypeError,
      'got unknown argument "padding_idx". Use paddingIdx',
    ],
    [
      () => embedding({ ...SIZES, maskZero: true } as never),
      TypeError,
      'got unknown argument "maskZero". Pass paddingIdx: 0 and maskPadding: true',
    ],
    [
      () => embedding({ ...SIZES, paddingIdx: 5 }),
      RangeError,
      'Embedding: paddingIdx: expected an integer in -5..4, got 5. Padding_idx must be within num_embeddings',
    ],
    [() => embedding({ ...SIZES, paddingIdx: -6 }), RangeError, 'expected an integer in -5..4, got -6'],
    [
      () => embedding({ ...SIZES, maskPadding: true }),
      RangeError,
      'Embedding: paddingIdx: expected an integer beside maskPadding: true, got undefined',
    ],
    [
      () => embedding({ numEmbeddings: 2 ** 30, embeddingDim: 2 }),
      RangeError,
      'Embedding: numEmbeddings: expected weights of at most 1073741824 elements each, got weight of shape [1073741824, 2]',
    ],
    [
      () => tf.tidy(() => void embedding(SIZES).apply(tf.tensor1d([true], 'bool'))),
      TypeError,
      'Embedding.apply: ids: expected dtype int32, got bool. Convert them with tf.cast',
    ],
  ];
  for (const [run, type, text] of cases)
    it(`are told: ${text}`, () => {
      expect(run).to.throw(type, text);
    });

  it('are told where the file has another size', () => {
    const layer = embedding({ name: 'tokens', ...SIZES });
    expect(() => loadStateDict(layer, new Map([['weight', f32([7, 2])]]))).to.throw(
      'The file has numEmbeddings 7, layer "tokens" 5.',
    );
  });
});

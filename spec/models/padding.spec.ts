// What a load tells of padded embeddings, and that following it gives PyTorch's numbers.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import {
  embedding,
  type GRU,
  gru,
  type LoadTarget,
  lengthMask,
  loadStateDict,
  type StateDict,
} from '../../src/index.js';
import type { TorchTensor } from '../../src/state-dict/tensors/tensor.js';
import { FIRST_ROW, LAST_ROW, model, modelWith } from '../layers/embedding/fixture.js';
import { expectForward } from '../support/parity.js';
import { reloaded } from '../support/save.js';
import { tidied } from '../support/tidied.js';

const FILE = FIRST_ROW.below('before');

function warningsOf(target: LoadTarget, stateDict: StateDict = FILE): readonly string[] {
  return loadStateDict(target, stateDict, { onWarnings: () => {} }).warnings;
}

/** tf's embedding; an argument that is undefined was not given. */
function tfEmbedding(maskZero?: boolean | null): tf.layers.Layer {
  const more = maskZero === undefined ? {} : { maskZero };
  const args = { name: 'embedding', inputDim: 7, outputDim: 3, inputShape: [null], ...more };
  return tf.layers.embedding(args as never);
}

const PACKING = (argument: string, index = 0) =>
  `Where the PyTorch model packs its input and ${index} pads, pass ${argument}: true in a model (or set the lengths with ` +
  `lengthMask()), and lengths to layers that are called on tensors. Where it does not pack, ${argument}: false says so.`;

const TOLD =
  'layer "embedding": row 0 is all zeros, as padding_idx=0 leaves it, and torch trains no row of padding_idx. ' +
  `tf.layers.embedding does; embedding({ paddingIdx: 0 }) of this package does not. ${PACKING('maskZero')}`;

/** The layers of a forward that is written by hand. */
function parts(first: tf.layers.Layer) {
  return { embedding: first, gru: gru({ hiddenSize: 4 }), head: tf.layers.dense({ units: 2 }) };
}

function forward(
  layers: { embedding: tf.layers.Layer; gru: GRU; head: tf.layers.Layer },
  lengths?: tf.Tensor,
) {
  const x = layers.embedding.apply(tf.cast(FIRST_ROW.tensor('ids'), 'int32')) as tf.Tensor3D;
  const { hn } = layers.gru.forward(x, lengths ? { lengths } : {});
  return layers.head.apply(tf.squeeze(hn, [0])) as tf.Tensor;
}

/** The same as a model, with an input of lengths for the layers behind the embedding. */
function modelWithLengths(first: tf.layers.Layer, isMasked = true): tf.LayersModel {
  const [ids, lengths] = [tf.input({ shape: [null] }), tf.input({ shape: [1] })];
  const x = first.apply(ids) as tf.SymbolicTensor;
  const masked = isMasked ? lengthMask().apply([x, lengths]) : x;
  const last = gru({ name: 'gru', hiddenSize: 4, returnSequences: false }).apply(masked as tf.SymbolicTensor);
  const output = tf.layers.dense({ name: 'head', units: 2 }).apply(last as tf.SymbolicTensor);
  return tf.model({ inputs: [ids, lengths], outputs: output as tf.SymbolicTensor });
}

async function expectOutput(own: tf.LayersModel, answer: string): Promise<void> {
  await tidied(() =>
    expectForward(own.predict(FIRST_ROW.tensor('ids')) as tf.Tensor, FIRST_ROW.get(answer), answer),
  );
  own.dispose();
}

describe('a load of an embedding with a row of zeros', () => {
  before(() => tf.setBackend('cpu'));

  it('says what the padding may mean, where no argument does', () => {
    expect(warningsOf(modelWith(tfEmbedding()))).to.deep.equal([TOLD]);
    expect(warningsOf(modelWith(tfEmbedding(null)))).to.deep.equal([TOLD]);
    expect(warningsOf(model(FIRST_ROW, { paddingIdx: undefined, maskPadding: undefined }))).to.deep.equal([
      'layer "embedding": row 0 is all zeros, as padding_idx=0 leaves it, and torch trains no row of padding_idx. ' +
        `Pass paddingIdx: 0 if the module has it. ${PACKING('maskPadding')}`,
    ]);
    expect(warningsOf(model(FIRST_ROW, { maskPadding: undefined }))).to.deep.equal([
      `layer "embedding": row 0, of paddingIdx, is all zeros. ${PACKING('maskPadding')}`,
    ]);
  });

  it('sees zeros of every dtype, and no others', () => {
    const last = (dtype: TorchTensor['dtype'], data: TorchTensor['data']) =>
      warningsOf(
        tf.layers.embedding({ name: 'embedding', inputDim: 2, outputDim: 2 }),
        new Map([['weight', { dtype, shape: [2, 2], data }]]),
      ).length;
    expect(last('F16', Uint16Array.of(0, 0, 1, 1))).to.equal(1);
    expect(last('I64', BigInt64Array.of(0n, 0n, 1n, 1n))).to.equal(1);
    expect(last('F32', Float32Array.of(-0, 0, 1, 1))).to.equal(1);
    expect(last('F32', Float32Array.of(0, 0.5, 0, 0))).to.equal(0);
    expect(warningsOf(model(LAST_ROW, { maskPadding: undefined }), LAST_ROW.below('before'))).to.deep.equal(
      [],
    );
    const sizes = { numEmbeddings: 2, embeddingDim: 2, paddingIdx: -1 };
    const file: StateDict = new Map([
      ['weight', { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, 1, 0, 0) }],
    ]);
    expect(warningsOf(embedding({ name: 'own', ...sizes }), file)).to.deep.equal([
      `layer "own": row 1, of paddingIdx, is all zeros. ${PACKING('maskPadding', 1)}`,
    ]);
  });

  it('is silent where an argument says it, also after a save and a load; what it tells gives the numbers of PyTorch', async () => {
    for (const [made, answer] of [
      [() => modelWith(tfEmbedding(true)), 'packed'],
      [() => modelWith(tfEmbedding(false)), 'unpacked'],
      [() => model(FIRST_ROW, { maskPadding: true }), 'packed'],
      [() => model(FIRST_ROW, { maskPadding: false }), 'unpacked'],
    ] as const) {
      const own = made();
      expect(warningsOf(own)).to.deep.equal([]);
      const again = await reloaded(own);
      expect(warningsOf(again)).to.deep.equal([]);
      for (const each of [own, again]) await expectOutput(each, answer);
    }
    const unsaid = await reloaded(modelWith(tfEmbedding()));
    expect(warningsOf(unsaid)).to.deep.equal([TOLD]);
    unsaid.dispose();
  });

  it('is silent where lengthMask() stands before every layer that reads a mask', async () => {
    for (const made of [
      tfEmbedding(),
      embedding(FIRST_ROW.args({ name: 'embedding', maskPadding: undefined })),
    ]) {
      const own = modelWithLengths(made);
      expect(warningsOf(own)).to.deep.equal([]);
      await tidied(async () => {
        const lengths = FIRST_ROW.tensor('lengths').reshape([-1, 1]);
        const output = own.predict([FIRST_ROW.tensor('ids'), lengths]) as tf.Tensor;
        await expectForward(output, FIRST_ROW.get('packed'), 'packed');
      });
      own.dispose();
    }
    const bare = modelWithLengths(tfEmbedding(), false);
    expect(warningsOf(bare)).to.deep.equal([TOLD]);
    bare.dispose();
  });

  it('speaks where one of two layers behind the embedding has no lengths, or none reads any', () => {
    const [ids, lengths] = [tf.input({ shape: [null] }), tf.input({ shape: [1] })];
    const x = tfEmbedding().apply(ids) as tf.SymbolicTensor;
    const masked = lengthMask().apply([x, lengths]) as tf.SymbolicTensor;
    const dropped = tf.layers.leakyReLU().apply(x) as tf.SymbolicTensor;
    const outputs = [masked, dropped].map(
      (input, i) => gru({ name: `gru${i}`, hiddenSize: 4 }).apply(input) as tf.SymbolicTensor,
    );
    const two = tf.model({ inputs: [ids, lengths], outputs });
    const onlyEmbedding: StateDict = new Map([...FILE].filter(([key]) => key.startsWith('embedding.')));
    const told = (own: tf.LayersModel) =>
      loadStateDict(own, onlyEmbedding, { strict: false, onWarnings: () => {} }).warnings.filter((text) =>
        text.includes('all zeros'),
      );
    expect(told(two)).to.deep.equal([TOLD]);
    const mean = tf.sequential({ layers: [tfEmbedding(), tf.layers.globalAveragePooling1d({})] });
    expect(told(mean)).to.deep.equal([TOLD]);
    for (const own of [two, mean]) own.dispose();
  });

  it('looks into models inside a model, for the mask as for the embedding', () => {
    const inner = (name: string, first: tf.layers.Layer) => {
      const ids = tf.input({ shape: [null] });
      return tf.model({ name, inputs: ids, outputs: first.apply(ids) as tf.SymbolicTensor });
    };
    const outer = (isMasked: boolean) => modelWithLengths(inner('words', tfEmbedding()), isMasked);
    const file: StateDict = new Map(
      [...FILE].map(([key, tensor]) => [key.startsWith('embedding') ? `words.${key}` : key, tensor]),
    );
    const [masked, bare] = [outer(true), outer(false)];
    expect(warningsOf(masked, file)).to.deep.equal([]);
    expect(warningsOf(bare, file)).to.deep.equal([TOLD.replace('"embedding"', '"words.embedding"')]);
    for (const own of [masked, bare]) own.dispose();
  });
});

describe('a load of layers by their paths, which are called on tensors', () => {
  before(() => tf.setBackend('cpu'));

  const expectAsTorch = async (layers: ReturnType<typeof parts>, answer: string, withLengths: boolean) => {
    await tidied(async () => {
      const lengths = withLengths ? FIRST_ROW.tensor('lengths') : undefined;
      await expectForward(forward(layers, lengths), FIRST_ROW.get(answer), answer);
    });
    for (const layer of Object.values(layers)) layer.dispose();
  };

  it('names the embedding by its path; with lengths it computes what PyTorch does where it packs', async () => {
    const layers = parts(tf.layers.embedding({ inputDim: 7, outputDim: 3 }));
    expect(warningsOf(layers)).to.deep.equal([TOLD]);
    await expectAsTorch(layers, 'packed', true);
  });

  it('is silent with maskZero: false or maskPadding: false, and computes what PyTorch does where it does not pack', async () => {
    for (const first of [
      tf.layers.embedding({ inputDim: 7, outputDim: 3, maskZero: false }),
      embedding(FIRST_ROW.args({ maskPadding: false })),
    ]) {
      const layers = parts(first);
      expect(warningsOf(layers)).to.deep.equal([]);
      await expectAsTorch(layers, 'unpacked', false);
    }
  });

  it('tells of a mask that nothing can read, and to pass lengths', async () => {
    for (const [argument, first] of [
      ['maskZero', tf.layers.embedding({ inputDim: 7, outputDim: 3, maskZero: true })],
      ['maskPadding', embedding(FIRST_ROW.args({ maskPadding: true }))],
    ] as const) {
      const layers = parts(first);
      expect(warningsOf(layers)).to.deep.equal([
        `layer "embedding": ${argument}: true makes a mask inside a model alone. Where the layer is called on tensors, pass ` +
          'lengths to the layers behind it.',
      ]);
      await expectAsTorch(layers, 'packed', true);
    }
  });

  it('does not tell so of a layer that stands in a model', async () => {
    const own = modelWith(tfEmbedding(true));
    const layers = Object.fromEntries(own.layers.map((layer) => [layer.name, layer]));
    expect(warningsOf(layers)).to.deep.equal([]);
    await expectOutput(own, 'packed');
  });

  it('names layers by their paths in other warnings too', () => {
    const norm = tf.layers.layerNormalization({ name: 'any', inputShape: [2] } as object);
    const ones: TorchTensor = { dtype: 'F32', shape: [2], data: Float32Array.of(1, 1) };
    const file: StateDict = new Map([
      ['encoder.norm.weight', ones],
      ['encoder.norm.bias', ones],
    ]);
    expect(warningsOf({ 'encoder.norm': norm }, file).join()).to.match(
      /^layer "encoder\.norm": epsilon is 0\.001/,
    );
    norm.dispose();
  });
});

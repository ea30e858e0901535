import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru, UnsupportedError } from '../../../src/index.js';
import { describeEachBackend } from '../../support/backends.js';
import { expectClose } from '../../support/expect-same.js';
import { tidied } from '../../support/tidied.js';

/** Right-padded rows of lengths 4, 2 and 3, and of 4, 3 and 1; index 0 pads. */
const IDS = {
  a: [
    [3, 1, 2, 4],
    [5, 2, 0, 0],
    [1, 4, 3, 0],
  ],
  b: [
    [1, 2, 3, 4],
    [3, 3, 1, 0],
    [2, 0, 0, 0],
  ],
};
const LENGTHS = { a: [4, 2, 3], b: [4, 3, 1] };
const BOTH = [4, 2, 1];

type Name = keyof typeof IDS;
type Merge = 'add' | 'average' | 'concatenate' | 'maximum' | 'minimum' | 'multiply';

const ELEMENTWISE: readonly Merge[] = ['add', 'average', 'maximum', 'minimum', 'multiply'];

/**
 * Sequences of one model: ids `a` and `b` behind embeddings, and `plain`, without a mask. Each embedding is used once: tfjs
 * 4.22 disposes a tensor too early that a merge layer takes twice.
 */
interface Sequences {
  a(): tf.SymbolicTensor;
  b(): tf.SymbolicTensor;
  readonly plain: tf.SymbolicTensor;
  merge(kind: Merge, ...inputs: tf.SymbolicTensor[]): tf.SymbolicTensor;
}

/** Runs a GRU behind the graph, and compares it with one that gets the same sequence with these lengths. */
async function expectLengths(
  graph: (sequences: Sequences) => tf.SymbolicTensor,
  lengths?: number[],
): Promise<void> {
  const [a, b, plain] = [
    tf.input({ shape: [4], dtype: 'int32' }),
    tf.input({ shape: [4], dtype: 'int32' }),
    tf.input({ shape: [4, 2] }),
  ];
  const embed = (ids: tf.SymbolicTensor) =>
    tf.layers.embedding({ inputDim: 6, outputDim: 2, maskZero: true }).apply(ids) as tf.SymbolicTensor;
  const merge = (kind: Merge, ...inputs: tf.SymbolicTensor[]) =>
    (tf.layers[kind]() as tf.layers.Layer).apply(inputs) as tf.SymbolicTensor;
  const sequence = graph({ a: () => embed(a), b: () => embed(b), plain, merge });
  const layer = gru({ hiddenSize: 3, bidirectional: true });
  const output = layer.apply(sequence) as tf.SymbolicTensor;
  const model = tf.model({ inputs: [a, b, plain], outputs: [output, sequence] });
  try {
    await tidied(async () => {
      const ids = (name: Name) => tf.tensor2d(IDS[name], undefined, 'int32');
      const [y, x] = model.predict([ids('a'), ids('b'), tf.randomNormal([3, 4, 2])]) as tf.Tensor[];
      await expectClose(y, layer.forward(x, { lengths }).output);
    });
  } finally {
    model.dispose();
  }
}

async function expectRefused(
  graph: (sequences: Sequences) => tf.SymbolicTensor,
  text: string,
): Promise<void> {
  const error = await expectLengths(graph).catch((reason: unknown) => reason);
  expect(error).to.be.instanceOf(UnsupportedError);
  expect((error as Error).message).to.include(text);
}

describeEachBackend('merged masks', () => {
  for (const kind of ELEMENTWISE) {
    it(`go through ${kind}, up to three deep`, async () => {
      await expectLengths(({ a, merge }) => merge(kind, a(), a()), LENGTHS.a);
      await expectLengths(({ a, plain, merge }) => merge(kind, a(), plain), LENGTHS.a);
      await expectLengths(({ a, plain, merge }) => merge(kind, merge(kind, a(), a()), plain), LENGTHS.a);
      await expectLengths(
        ({ a, plain, merge }) => merge(kind, merge(kind, merge(kind, a(), plain), a()), a()),
        LENGTHS.a,
      );
    });

    it(`are refused where ${kind} loses one of them`, async () => {
      const rule = 'GRU.apply: mask: expected that of all inputs of layer "';
      await expectRefused(({ plain, a, merge }) => merge(kind, plain, a()), rule);
      await expectRefused(({ a, b, merge }) => merge(kind, a(), b()), rule);
      await expectRefused(({ a, b, plain, merge }) => merge(kind, merge(kind, a(), b()), plain), rule);
      await expectRefused(({ a, plain, merge }) => merge(kind, merge(kind, plain, a()), plain), rule);
    });
  }

  it('go through merges of several kinds', async () => {
    const graph = ({ a, plain, merge }: Sequences) =>
      merge('multiply', merge('average', a(), merge('maximum', a(), plain)), merge('minimum', a(), a()));
    await expectLengths(graph, LENGTHS.a);
  });

  it('are merged where tfjs does so', async () => {
    await expectLengths(({ a, b, plain, merge }) => merge('add', a(), b(), plain), BOTH);
    await expectLengths(({ a, b, merge }) => merge('add', b(), a(), b()), BOTH);
    await expectLengths(({ a, b, plain, merge }) => merge('concatenate', a(), plain, b()), BOTH);
    await expectLengths(
      ({ a, plain, merge }) => merge('concatenate', merge('concatenate', plain, a()), a()),
      LENGTHS.a,
    );
    await expectLengths(
      ({ a, plain, merge }) => merge('add', merge('concatenate', plain, a()), merge('concatenate', a(), a())),
      LENGTHS.a,
    );
  });

  it('are refused where concatenate spoils what another merge has made', async () => {
    const rule = 'GRU.apply: mask: expected shape [B, T], got [1, 3]';
    await expectRefused(
      ({ a, merge }) => merge('concatenate', merge('add', a(), a()), merge('add', a(), a())),
      rule,
    );
  });

  it('are none where no input has one', async () => {
    await expectLengths(({ plain, merge }) =>
      merge('add', merge('concatenate', plain, plain), merge('concatenate', plain, plain)),
    );
  });

  it('come out of a layer of this package as tfjs needs them', async () => {
    const graph = ({ a, merge }: Sequences) => {
      const middle = gru({ hiddenSize: 2 }).apply(
        merge('add', merge('add', a(), a()), a()),
      ) as tf.SymbolicTensor;
      return merge('concatenate', middle, a());
    };
    await expectLengths(graph, LENGTHS.a);
  });
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru, lastStep, lengthMask, loadStateDict, type StateDict } from 'tfjs-torch-rnn';
import { answer, loaded, verifyModelOf } from './support.js';

interface Port {
  readonly maskZero?: boolean;
  /** What stands behind the GRU. */
  readonly pool?: 'states' | 'step' | 'none';
  readonly activation?: 'softmax';
}

function port({ maskZero, pool = 'states', activation }: Port) {
  return (stateDict: StateDict): tf.LayersModel => {
    const embedding = { name: 'embedding', inputDim: 11, outputDim: 3, inputShape: [null] };
    const layers = [
      tf.layers.embedding({ ...embedding, ...(maskZero !== undefined && { maskZero }) }),
      gru({ name: 'gru', hiddenSize: 4, bidirectional: true, returnSequences: pool !== 'states' }),
      ...(pool === 'step' ? [lastStep({ name: 'last' })] : []),
      tf.layers.dense({ name: 'fc', units: 5, ...(activation && { activation }) }),
    ];
    return loaded(tf.sequential({ layers }), stateDict);
  };
}

/** With lengths as a second input. */
function withLengths(stateDict: StateDict): tf.LayersModel {
  const [ids, lengths] = [tf.input({ shape: [null] }), tf.input({ shape: [1] })];
  const embedding = tf.layers.embedding({ name: 'embedding', inputDim: 11, outputDim: 3 }).apply(ids);
  const masked = lengthMask({ name: 'lengths' }).apply([embedding as tf.SymbolicTensor, lengths]);
  const states = gru({ name: 'gru', hiddenSize: 4, bidirectional: true, returnSequences: false }).apply(
    masked,
  );
  const logits = tf.layers.dense({ name: 'fc', units: 5 }).apply(states as tf.SymbolicTensor);
  return loaded(tf.model({ inputs: [ids, lengths], outputs: logits as tf.SymbolicTensor }), stateDict);
}

function byHand(stateDict: StateDict) {
  const layers = {
    embedding: tf.layers.embedding({ inputDim: 11, outputDim: 3 }),
    gru: gru({ hiddenSize: 4, bidirectional: true, returnSequences: false }),
    fc: tf.layers.dense({ units: 5 }),
  };
  loadStateDict(layers, stateDict);
  return (ids: tf.Tensor) => {
    const states = layers.gru.apply(layers.embedding.apply(ids) as tf.Tensor) as tf.Tensor;
    return { gru: states, output: layers.fc.apply(states) as tf.Tensor };
  };
}

type Make = Parameters<typeof verifyModelOf>[0];

const ids = ['--input', answer('ids')];

/** What verify says of an output that differs: its line, and the advice. */
async function told(make: Make, expected: string, input = ids) {
  const { code, out, err } = await verifyModelOf(make, [...input, '--expected', answer(expected)]);
  expect(code, out + err).to.equal(1);
  const lines = out.split('\n');
  return { err, line: lines[1] ?? '', advice: lines.slice(4), all: out };
}

/** The port that the advice leads to. */
async function expectFine(make: Make, expected: string, input = ids) {
  const { code, out, err } = await verifyModelOf(make, [...input, '--expected', answer(expected)]);
  expect(code, out + err).to.equal(0);
}

/** The only sentence of the advice behind the one that names the result. */
async function expectOne(make: Make, expected: string, sentence: string, input = ids) {
  const { advice } = await told(make, expected, input);
  expect(advice, expected).to.deep.equal([`The numbers fit ${sentence}.`]);
}

describe('verify --module says of a port that differs', function () {
  this.timeout(120_000);

  it('that it masks and PyTorch does not; following the answer gives its numbers', async () => {
    const sentence = (names: string) =>
      `without the mask or lengths of ${names}, as where PyTorch runs over the padding: leave them out`;
    await expectOne(port({ maskZero: true }), 'logits', sentence('"embedding"'));
    await expectFine(port({ maskZero: false }), 'logits');
    const input = [...ids, '--input', answer('lengths')];
    await expectOne(withLengths, 'logits', sentence('"lengths"'), input);
    await expectFine(withLengths, 'logits/packed', input);
  });

  it('that PyTorch packs and it does not mask', async () => {
    const sentence =
      'with maskZero: true on "embedding", as where PyTorch packs its sequences and index 0 pads';
    await expectOne(port({}), 'logits/packed', sentence);
    await expectFine(port({ maskZero: true }), 'logits/packed');
  });

  it('which rows differ, and that those end in padding', async () => {
    const input = ['--input', answer('five')];
    const { line, advice } = await told(port({ maskZero: true }), 'logits/five', input);
    expect(line).to.match(/^FAIL output: 15 of 20 values differ, in rows 1, 2 and 3 only; /);
    expect(advice[0]).to.match(/^Only rows 1, 2 and 3 differ, and they end in zeros in --input: /);
    expect(advice[1]).to.match(/^The numbers fit without the mask/);
    // A forward written by hand has no masks that could be left out.
    const { advice: clue } = await told(byHand, 'logits/packed');
    expect(clue[0]).to.match(/^Nothing that was tried fits: /);
  });

  it('that out[:, -1] is not the last states, and the other way round', async () => {
    const toStep =
      'with the last step of "gru", out[:, -1], in place of its last states: pass returnSequences: true, and put lastStep() behind it';
    await expectOne(port({}), 'logits/step', toStep);
    await expectFine(port({ pool: 'step' }), 'logits/step');
    await expectOne(port({ maskZero: true }), 'logits/step_packed', toStep);
    await expectFine(port({ maskZero: true, pool: 'step' }), 'logits/step_packed');
    const toStates =
      'with the last states, torch.cat([h[-2], h[-1]], 1), in place of the last step: pass returnSequences: false, and leave out "last"';
    await expectOne(port({ pool: 'step' }), 'logits', toStates);
    const { advice } = await told(port({}), 'logits/step_packed');
    expect(advice).to.deep.equal([
      `The numbers fit with maskZero: true on "embedding", as where PyTorch packs its sequences and index 0 pads; and ${toStep}.`,
    ]);
  });

  it('that an activation is left out, or too much', async () => {
    for (const name of ['softmax', 'log_softmax', 'sigmoid', 'relu'])
      await expectOne(
        port({}),
        name,
        `with ${name} of what the model gives: PyTorch's array has it, and the model has not`,
      );
    await expectFine(port({ activation: 'softmax' }), 'softmax');
    const soft = port({ activation: 'softmax' });
    await expectOne(
      soft,
      'logits',
      "with softmax of PyTorch's array: the model has it, and PyTorch's array has not",
    );
    expect((await told(soft, 'log_softmax')).advice).to.deep.equal([
      // softmax of log_softmax is softmax.
      "The numbers fit with softmax of PyTorch's array: the model has it, and PyTorch's array has not.",
      "The numbers fit behind a logarithm of the model's probabilities, as log_softmax gives.",
      'Several fit, and the file does not tell which it was.',
    ]);
    const { advice } = await told(port({}), 'softmax/step');
    expect(advice).to.have.lengthOf(1);
    expect(advice[0]).to.match(/out\[:, -1\], .*; and with softmax of what the model gives/);
  });

  const square = ['--input', answer('square')];
  const tagger = port({ pool: 'none' });

  it("that the axes of PyTorch's array, or of the input, have another order", async () => {
    const order = (axes: string) =>
      `with the axes of PyTorch's array in another order: save y.numpy().transpose(${axes})`;
    await expectFine(tagger, 'tags', square);
    await expectOne(tagger, 'tags/time_first', order('1, 0, 2'), square);
    await expectOne(tagger, 'tags/channels_first', order('0, 2, 1'), square);
    await expectOne(
      tagger,
      'tags',
      'with the first two axes of --input exchanged, as where PyTorch has steps before the batch: save x.numpy().swapaxes(0, 1)',
      ['--input', answer('square/swapped')],
    );
  });

  it('that the weights of a recurrent layer lie otherwise', async () => {
    await expectOne(
      tagger,
      'tags/exchanged',
      'with the weights of the two directions of "gru" exchanged',
      square,
    );
    await expectOne(
      tagger,
      'tags/zrn',
      'with the rows of the weights of "gru" in the order z|r|n, where torch has r|z|n',
      square,
    );
    await expectOne(tagger, 'tags/no_bias', 'without the biases of "gru"', square);
  });

  it('what was tried where nothing fits', async () => {
    const { advice } = await told(tagger, 'tags/other', square);
    expect(advice).to.have.lengthOf(1);
    for (const phrase of [
      'other orders of the axes',
      'softmax left out',
      'maskZero',
      'other orders of the gates',
    ])
      expect(advice[0]).to.include(phrase);
  });

  it('how an array of all steps fits where the model has the last states, and the reverse', async () => {
    const both = (name: string, file: string) => [
      ...['--expected', answer('logits'), '--expected', `${name}=${answer(file)}`],
    ];
    const { code, out } = await verifyModelOf(port({}), [...ids, ...both('gru', 'gru')]);
    expect(code, out).to.equal(0);
    expect(out).to.match(
      /\nok {3}gru: .*\n {5}all steps are compared, as PyTorch's array has them; the model goes on with the last states/,
    );
    const step = await verifyModelOf(port({ pool: 'step' }), [
      ...ids,
      ...['--expected', answer('logits/step'), '--expected', `gru=${answer('last')}`],
    ]);
    expect(step.code, step.out).to.equal(0);
    expect(step.out).to.include('the last states are compared');
    const { err } = await verifyModelOf(byHand, [...ids, ...both('gru', 'gru')]);
    expect(err).to.match(
      /--expected gru: expected shape \[4, 8\], as the model gives, got \[4, 6, 8\]\. The numbers fit with the last states of the two directions in PyTorch's array: save torch\.cat\(\[h\[-2\], h\[-1\]\], 1\)/,
    );
  });
});

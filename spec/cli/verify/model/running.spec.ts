import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru, lengthMask, loadStateDict, maskedMean, type StateDict } from 'tfjs-torch-rnn';
import { cliFixture, tell } from '../../support.js';
import { answer, loaded, verifyModelOf } from './support.js';

function withLengths(stateDict: StateDict): tf.LayersModel {
  const ids = tf.input({ shape: [null] });
  const lengths = tf.input({ shape: [1], name: 'lengths' });
  const embedding = tf.layers.embedding({ name: 'embedding', inputDim: 11, outputDim: 3 }).apply(ids);
  const masked = lengthMask().apply([embedding as tf.SymbolicTensor, lengths]);
  const steps = gru({ name: 'gru', hiddenSize: 4, bidirectional: true }).apply(masked);
  const logits = tf.layers.dense({ name: 'fc', units: 5 }).apply(maskedMean().apply(steps));
  return loaded(tf.model({ inputs: [ids, lengths], outputs: logits as tf.SymbolicTensor }), stateDict);
}

/** Two layers that share the weight of the embedding, as the file's fc does. */
function tiedTagger(stateDict: StateDict) {
  const layers = {
    embedding: tf.layers.embedding({ inputDim: 7, outputDim: 4 }),
    gru: gru({ hiddenSize: 4 }),
  };
  loadStateDict(layers, stateDict, { map: { embedding: ['embedding', 'fc', 'again'] } });
  return (ids: tf.Tensor) => {
    const states = layers.gru.apply(layers.embedding.apply(ids) as tf.Tensor) as tf.Tensor3D;
    return tf.einsum('bth,vh->btv', states, layers.embedding.getWeights()[0] as tf.Tensor);
  };
}

describe('verify --module runs', () => {
  const ids = ['--input', answer('ids')];

  it('a model of ids and lengths [B], as model.predict takes them', async () => {
    const io = [...ids, '--input', answer('lengths'), '--expected', answer('logits/mean_packed')];
    const { code, out, err } = await verifyModelOf(withLengths, io);
    expect(code, out + err).to.equal(0);
  });

  it('no input of another shape, and names the input', async () => {
    const expected = ['--expected', answer('logits')];
    const told = async (...inputs: string[]) =>
      (
        await verifyModelOf(withLengths, [
          ...inputs.flatMap((name) => ['--input', answer(name)]),
          ...expected,
        ])
      ).err;
    expect(await told('ids', 'logits')).to.include(
      'verify: --input number 2: expected shape [B, 1], as the model takes it (lengths), got [4, 5]',
    );
    expect(await told('embedding', 'lengths')).to.match(
      /verify: --input number 1: expected shape \[B, T\], as the model takes it \(input\d+\), got \[4, 6, 3\]/,
    );
  });

  it('a model with tied weights, which rounding moves alike', async () => {
    for (const name of ['whole', 'saved']) {
      const file = cliFixture(`../tied/${name}.safetensors`);
      const whole = cliFixture('../tied/whole.safetensors');
      const io = ['--input', `${whole}#ids`, '--expected', `${whole}#output`];
      const { code, out, err } = await verifyModelOf(
        (stateDict) => tiedTagger(new Map([...stateDict].filter(([key]) => !/^(ids|output)$/.test(key)))),
        io,
        file,
      );
      expect(code, out + err).to.equal(0);
    }
  });

  it('a module that loads its model itself, whose warnings are told once', async () => {
    const { warn } = console;
    const heard: string[] = [];
    console.warn = (text: string) => void heard.push(text);
    try {
      const { code, out, err } = await tell(
        ...['verify', cliFixture('classifier.safetensors')],
        ...['--module', 'spec/cli/verify/model/modules/self-loaded.ts'],
        ...['--input', cliFixture('model/ids.npy'), '--expected', cliFixture('model/logits.npy')],
      );
      expect(code, out + err).to.equal(0);
    } finally {
      console.warn = warn;
      tf.env().set('PROD', false);
    }
    expect(heard).to.have.lengthOf(1);
    expect(heard[0]).to.include('row 0 is all zeros');
  });

  it('no module that has other weights at each run, as one that forgets to load them', async () => {
    const forgetful = () =>
      tf.sequential({
        layers: [
          tf.layers.embedding({ inputDim: 11, outputDim: 3, inputShape: [null] }),
          gru({ hiddenSize: 4, bidirectional: true, returnSequences: false }),
          tf.layers.dense({ units: 5 }),
        ],
      });
    const { code, out, err } = await verifyModelOf(forgetful, [...ids, '--expected', answer('logits')]);
    expect([code, out]).to.deep.equal([1, '']);
    expect(err).to.match(
      /--module .*: expected the same numbers in each run, got others\. A function that is exported loads/,
    );
  });

  it('a function on too few inputs, and says whose error it is', async () => {
    const forward = () => (first: tf.Tensor, second: tf.Tensor) => first.add(second.dataSync()[0]!);
    const { code, err } = await verifyModelOf(forward, [...ids, '--expected', answer('logits')]);
    expect(code).to.equal(1);
    expect(err).to.include(
      'verify: --module: expected a function that runs on 1 input, one for each --input, got TypeError: Cannot read properties',
    );
  });
});

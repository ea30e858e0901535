import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru, loadStateDict, lstm, toStateDict } from '../../../src/index.js';
import { lostMaskWarnings } from '../../../src/layers/masks/lost-masks.js';

function embedding(name = 'embedding'): tf.layers.Layer {
  return tf.layers.embedding({ name, inputDim: 6, outputDim: 3, maskZero: true });
}

function conv1d(name = 'conv'): tf.layers.Layer {
  return tf.layers.conv1d({ name, filters: 3, kernelSize: 3, padding: 'same' });
}

function chain(...layers: tf.layers.Layer[]): tf.LayersModel {
  const input = tf.input({ shape: [4], dtype: 'int32' });
  const output = layers.reduce<tf.SymbolicTensor>((x, layer) => layer.apply(x) as tf.SymbolicTensor, input);
  return tf.model({ inputs: input, outputs: output });
}

const sentence = (maker: string, end: string, ...behind: string[]) =>
  `The mask of layer "${maker}" ends at layer "${end}", so ${behind.map((name) => `"${name}"`).join(', ')} behind it reads padded steps as well: ` +
  'where the PyTorch model packs there, set the lengths behind that layer again with lengthMask(), ' +
  'or call the layers one by one and pass lengths.';

describe('a mask that ends before a recurrent layer', () => {
  const layer = (name: string) => gru({ name, hiddenSize: 3 });

  it('is told with the layer where it ends, and those that miss it', () => {
    const drops: tf.layers.Layer[] = [
      conv1d('end'),
      tf.layers.leakyReLU({ name: 'end' } as never),
      tf.layers.elu({ name: 'end' } as never),
      tf.layers.reshape({ name: 'end', targetShape: [4, 3] }),
      tf.layers.permute({ name: 'end', dims: [1, 2] }),
      tf.layers.maxPooling1d({ name: 'end', poolSize: 2 }),
    ];
    for (const drop of drops)
      expect(lostMaskWarnings(chain(embedding(), drop, layer('first'), layer('second')))).to.deep.equal([
        sentence('embedding', 'end', 'first', 'second'),
      ]);
  });

  it('is told once for each layer where one ends, the first on each way', () => {
    const model = chain(
      embedding(),
      layer('masked'),
      conv1d('one'),
      conv1d('two'),
      lstm({ name: 'last', hiddenSize: 3 }),
    );
    expect(lostMaskWarnings(model)).to.deep.equal([sentence('embedding', 'one', 'last')]);
  });

  it('is told at merges that lose it, and not at those that keep it', () => {
    const ids = tf.input({ shape: [4], dtype: 'int32' });
    const plain = tf.input({ shape: [4, 3] });
    const embedded = embedding().apply(ids) as tf.SymbolicTensor;
    const merged = (...inputs: tf.SymbolicTensor[]) => {
      const sum = tf.layers.add({ name: 'sum' } as never).apply(inputs) as tf.SymbolicTensor;
      return tf.model({ inputs: [ids, plain], outputs: layer('last').apply(sum) as tf.SymbolicTensor });
    };
    expect(lostMaskWarnings(merged(plain, embedded))).to.deep.equal([sentence('embedding', 'sum', 'last')]);
    expect(lostMaskWarnings(merged(embedded, plain))).to.deep.equal([]);
    const dropped = conv1d().apply(embedded) as tf.SymbolicTensor;
    expect(lostMaskWarnings(merged(dropped, plain))).to.deep.equal([sentence('embedding', 'conv', 'last')]);
    expect(lostMaskWarnings(merged(embedded, dropped))).to.deep.equal([]);
  });

  it('is told in nested models, and on the way out of them', () => {
    const x = tf.input({ shape: [4, 3] });
    const inside = layer('inside').apply(conv1d().apply(x) as tf.SymbolicTensor) as tf.SymbolicTensor;
    const inner = tf.model({ inputs: x, outputs: inside });
    const tokens = chain(embedding(), tf.layers.dense({ units: 3 }));
    tokens.name = 'tokens';
    expect(lostMaskWarnings(chain(embedding(), inner, layer('outside')))).to.deep.equal([
      sentence('embedding', 'conv', 'inside', 'outside'),
    ]);
    expect(lostMaskWarnings(chain(tokens, layer('outside')))).to.deep.equal([
      sentence('embedding', 'tokens', 'outside'),
    ]);
  });

  it('is no matter where nothing behind it has steps, or nothing masks', () => {
    const pooled = [tf.layers.globalMaxPooling1d(), tf.layers.repeatVector({ n: 4 }), layer('decoder')];
    expect(lostMaskWarnings(chain(embedding(), conv1d(), ...pooled.slice(0, 1)))).to.deep.equal([]);
    expect(lostMaskWarnings(chain(embedding(), ...pooled))).to.deep.equal([]);
    const last = gru({ hiddenSize: 3, returnSequences: false });
    expect(
      lostMaskWarnings(chain(embedding(), last, tf.layers.repeatVector({ n: 4 }), layer('decoder'))),
    ).to.deep.equal([]);
    const plain = tf.layers.embedding({ inputDim: 6, outputDim: 3 });
    expect(lostMaskWarnings(chain(plain, conv1d(), layer('last')))).to.deep.equal([]);
    expect(lostMaskWarnings(layer('alone'))).to.deep.equal([]);
  });

  it('is found in linear time in many residual blocks', () => {
    let x = embedding().apply(tf.input({ shape: [4], dtype: 'int32' })) as tf.SymbolicTensor;
    const input = x.inputs[0];
    x = conv1d().apply(x) as tf.SymbolicTensor;
    for (let i = 0; i < 40; i++)
      x = tf.layers
        .add()
        .apply([x, tf.layers.dense({ units: 3 }).apply(x) as tf.SymbolicTensor]) as tf.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs: layer('last').apply(x) as tf.SymbolicTensor });
    expect(lostMaskWarnings(model)).to.deep.equal([sentence('embedding', 'conv', 'last')]);
  });

  it('is among the warnings of a load', async () => {
    const make = () => chain(embedding(), conv1d(), layer('gru'));
    const [model, other] = [make(), make()];
    const { warnings } = loadStateDict(model, await toStateDict(other), { onWarnings: () => {} });
    expect(warnings).to.include(sentence('embedding', 'conv', 'gru'));
    for (const each of [model, other]) each.dispose();
  });
});

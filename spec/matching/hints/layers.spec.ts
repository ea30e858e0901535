import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { StateDictError } from '../../../src/errors.js';
import { gru, lstm, rnn } from '../../../src/index.js';
import { loadStateDict } from '../../../src/models/load-state-dict.js';
import type { StateDict } from '../../../src/state-dict/tensors/tensor.js';
import { below, f32 } from '../../models/torch-modules.js';

const linear = (inputs: number, outputs: number): StateDict =>
  new Map([
    ['weight', f32([outputs, inputs])],
    ['bias', f32([outputs])],
  ]);

const merged = (...parts: StateDict[]): StateDict => new Map(parts.flatMap((part) => [...part]));

/** Dense layers of these sizes, one after the other. */
function stack(sizes: readonly number[], nameOf: (i: number) => string): tf.Sequential {
  const layers = sizes
    .slice(1)
    .map((units, i) => tf.layers.dense({ name: nameOf(i), units, inputShape: [sizes[i]] }));
  return tf.sequential({ layers });
}

/** The hints of a load that fails; the layer is disposed. */
function hintsOf(layer: tf.layers.Layer, stateDict: StateDict): string[] {
  try {
    loadStateDict(layer, stateDict);
  } catch (error) {
    if (!(error instanceof StateDictError)) throw error;
    const marker = '\tHint: ';
    return error.message
      .split('\n')
      .filter((line) => line.startsWith(marker))
      .map((line) => line.slice(marker.length));
  } finally {
    tf.dispose(layer.weights.map((weight) => weight.read()));
  }
  throw new Error('the load did not fail');
}

const mapHint = (map: string) =>
  'Layers match modules by name, and some have another name in the file. ' +
  `By shapes this alone fits: name the layers so, or pass map: { ${map} }.`;

describe('hints at paths', () => {
  before(() => tf.setBackend('cpu'));

  it('give one map where each layer has one module of its shapes', () => {
    const file = merged(
      below('ln', linear(5, 8).set('weight', f32([8]))),
      below('net.0', linear(5, 8)),
      below('net.1', linear(8, 4)),
      below('net.2', linear(4, 2)),
    );
    expect(
      hintsOf(
        stack([5, 8, 4, 2], (i) => `dense_${i + 1}`),
        file,
      ),
    ).to.deep.equal([mapHint('"dense_1": "net.0", "dense_2": "net.1", "dense_3": "net.2"')]);
  });

  it('offer no module twice, and none that a layer has', () => {
    const file = merged(
      below('one', linear(3, 3)),
      below('encoder', linear(3, 3)),
      below('decoder', linear(3, 3)),
    );
    expect(
      hintsOf(
        stack([3, 3, 3, 3, 3], (i) => ['one', 'two', 'three', 'four'][i]),
        file,
      ),
    ).to.deep.equal([
      'No module has the name of layers "two", "three", "four". By shapes "decoder", "encoder" fit, and the file does not tell ' +
        'which belongs to which layer: take it from the PyTorch model, and pass map: { "two": ... } with the path of each.',
    ]);
  });

  it('count numbers in names as numbers, and say how many fit', () => {
    const modules = Array.from({ length: 12 }, (_, i) => below(`rnns.${i}`, linear(3, 3)));
    const sorted = new Map([...merged(...modules)].sort(([a], [b]) => (a < b ? -1 : 1)));
    const [hint] = hintsOf(
      stack([3, 3, 3], (i) => `l${i}`),
      sorted,
    );
    expect(hint).to.contain(
      'By shapes "rnns.0", "rnns.1", "rnns.2", "rnns.3", "rnns.4", "rnns.5", ... 12 in all fit',
    );
  });

  it('leave to the others what one layer alone can take', () => {
    const file = merged(below('a', linear(3, 3)), below('b', linear(3, 3)), below('c', linear(3, 2)));
    const model = stack([3, 3, 3, 2], (i) => `l${i}`);
    expect(hintsOf(model, file)).to.deep.equal([
      mapHint('"l2": "c"'),
      'No module has the name of layers "l0", "l1". By shapes "a", "b" fit, and the file does not tell which belongs to ' +
        'which layer: take it from the PyTorch model, and pass map: { "l0": ... } with the path of each.',
    ]);
  });

  it('offer an unbuilt layer modules of its rank', () => {
    const file = merged(
      below(
        'ln',
        new Map([
          ['weight', f32([4])],
          ['bias', f32([4])],
        ]),
      ),
      below('fc', linear(7, 4)),
    );
    expect(hintsOf(tf.layers.dense({ units: 4 }), file)).to.deep.equal([
      'The missing keys are there below another path: pass prefix: "fc".',
    ]);
    expect(hintsOf(tf.layers.dense({ units: 9 }), file)).to.deep.equal([
      'The missing keys are there below another path: pass prefix: "fc".',
    ]);
  });

  it('are absent where no module fits', () => {
    expect(
      hintsOf(
        stack([5, 8, 4], (i) => `dense_${i}`),
        below('net.0', linear(6, 7)),
      ),
    ).to.deep.equal([]);
  });

  it('replace guesses at typing slips', () => {
    const file = merged(below('ab', linear(5, 8)), below('xy', linear(8, 4)));
    expect(
      hintsOf(
        stack([5, 8, 4], (i) => ['ac', 'xz'][i]),
        file,
      ),
    ).to.deep.equal([mapHint('"ac": "ab", "xz": "xy"')]);
  });

  it('point from an output layer to the embedding it is tied to', () => {
    const model = tf.sequential({
      layers: [
        tf.layers.embedding({ name: 'emb', inputDim: 4, outputDim: 3, inputLength: 2 }),
        tf.layers.dense({ name: 'dec', units: 4, useBias: false }),
      ],
    });
    expect(hintsOf(model, new Map([['emb.weight', f32([4, 3])]]))).to.deep.equal([
      '"emb" has the shapes of the missing "dec": if the module ties them, leave layer "dec" out, and compute with the weight ' +
        'of "emb"; where nothing is trained, stateDict.set("dec.weight", stateDict.get("emb.weight")) does as well.',
    ]);
  });

  // Looking through all keys for each layer, and listing all that fit, took 5 s and gave 38 MB.
  it('stay short, whatever the number of layers and modules', () => {
    const sizes = Array.from({ length: 61 }, () => 2);
    const modules = Array.from({ length: 50_000 }, (_, i) => below(`module${i}`, linear(2, 2)));
    const hints = hintsOf(
      stack(sizes, (i) => `l${i}`),
      merged(below('l0', linear(2, 2)), ...modules),
    );
    expect(hints).to.have.lengthOf(1);
    expect(hints[0]).to.match(
      /^No module has the name of layers "l1", .*, "l6", \.\.\. 59 in all\. By shapes "module0", .*, \.\.\. 5000 in all fit, /,
    );
    expect(hints[0]).to.have.lengthOf.below(500);
  });

  it('look at each entry of the file only a few times for each layer', () => {
    let reads = 0;
    const shape = new Proxy([2, 2], {
      get(target, property, receiver) {
        reads++;
        return Reflect.get(target, property, receiver);
      },
    });
    const weight = { ...f32([2, 2]), shape };
    const modules = Array.from(
      { length: 20_000 },
      (_, i): StateDict => new Map([[`module${i}.weight`, weight]]),
    );
    const file = merged(below('l0', linear(2, 2)), ...modules);
    expect(
      hintsOf(
        stack([2, 2, 3, 3], (i) => `l${i}`),
        file,
      ),
    ).to.deep.equal([]);
    expect(reads).to.be.lessThan(20_000 * 10);
  });
});

describe('hints at sizes', () => {
  before(() => tf.setBackend('cpu'));

  const gruWeights = (h: number): StateDict =>
    new Map([
      ['weight_ih_l0', f32([3 * h, 2])],
      ['weight_hh_l0', f32([3 * h, h])],
      ['bias_ih_l0', f32([3 * h])],
      ['bias_hh_l0', f32([3 * h])],
    ]);

  it('name the hiddenSize of the file, whether the input is known or not', () => {
    for (const inputSize of [undefined, 2])
      expect(hintsOf(gru({ name: 'rnn', hiddenSize: 9, inputSize }), gruWeights(8))).to.deep.equal([
        'The file has hiddenSize 8, layer "rnn" 9.',
      ]);
  });

  it('name the sizes of each layer of a model, by its path and the one in the file', () => {
    const model = tf.sequential({
      layers: [
        tf.layers.embedding({ name: 'emb', inputDim: 6, outputDim: 2, inputLength: 4 }),
        gru({ name: 'rnn', hiddenSize: 9, returnSequences: false }),
        tf.layers.dense({ name: 'fc', units: 5 }),
      ],
    });
    const file = merged(
      new Map([['emb.weight', f32([7, 3])]]),
      below('rnn', gruWeights(8)),
      below('fc', linear(8, 4)),
    );
    expect(hintsOf(model, below('module', file))).to.deep.equal([
      'The file\'s "module.emb" has inputDim 7 and outputDim 3, layer "emb" 6 and 2.',
      'The file\'s "module.rnn" has hiddenSize 8, layer "rnn" 9.',
      'The file\'s "module.fc" has units 4, layer "fc" 5.',
    ]);
  });

  it('name the one size of an embedding that differs', () => {
    const embedding = () => tf.layers.embedding({ name: 'emb', inputDim: 6, outputDim: 2 });
    expect(hintsOf(embedding(), new Map([['weight', f32([7, 2])]]))).to.deep.equal([
      'The file has inputDim 7, layer "emb" 6.',
    ]);
  });

  it('are absent for weights that are transposed, of another class or of another rank', () => {
    const dense = (useBias = true) => tf.layers.dense({ units: 3, inputShape: [5], useBias });
    expect(hintsOf(dense(), linear(5, 3).set('weight', f32([5, 3])))).to.deep.equal([]);
    expect(hintsOf(dense(false), new Map([['weight', f32([5, 3])]]))).to.deep.equal([]);
    expect(hintsOf(dense(), linear(5, 3).set('weight', f32([15])))).to.deep.equal([]);
    const embedding = () => tf.layers.embedding({ inputDim: 6, outputDim: 2 });
    expect(hintsOf(embedding(), new Map([['weight', f32([2, 6])]]))).to.deep.equal([]);
    expect(hintsOf(embedding(), new Map([['weight', f32([12])]]))).to.deep.equal([]);
    const lstm = new Map([...gruWeights(3)].map(([key, { shape }]) => [key, f32([12, ...shape.slice(1)])]));
    expect(hintsOf(gru({ hiddenSize: 4 }), lstm)).to.deep.equal([]);
    expect(hintsOf(gru({ hiddenSize: 4 }), gruWeights(3).set('weight_ih_l0', f32([12, 2])))).to.deep.equal(
      [],
    );
    expect(hintsOf(gru({ hiddenSize: 4 }), gruWeights(3).set('weight_hh_l0', f32([9])))).to.deep.equal([]);
  });

  it('name the hiddenSize and projSize of an LSTM', () => {
    const file = (h: number, p: number): StateDict =>
      new Map([
        ['weight_ih_l0', f32([4 * h, 2])],
        ['weight_hh_l0', f32([4 * h, p || h])],
        ['bias_ih_l0', f32([4 * h])],
        ['bias_hh_l0', f32([4 * h])],
        ...(p > 0 ? [['weight_hr_l0', f32([p, h])] as const] : []),
      ]);
    const layer = (hiddenSize: number, projSize = 0) => lstm({ name: 'rnn', hiddenSize, projSize });
    expect(hintsOf(layer(5), file(6, 0))).to.deep.equal(['The file has hiddenSize 6, layer "rnn" 5.']);
    expect(hintsOf(layer(6, 3), file(6, 2))).to.deep.equal(['The file has projSize 2, layer "rnn" 3.']);
    expect(hintsOf(layer(6, 3), file(6, 0))).to.include('The file has projSize 0, layer "rnn" 3.');
    expect(hintsOf(layer(5), file(6, 4))).to.include(
      'The file has hiddenSize 6 and projSize 4, layer "rnn" 5 and 0.',
    );
    expect(hintsOf(rnn({ hiddenSize: 5 }), file(6, 4))).to.deep.equal([
      '"weight_hr_l0" is a projection, which only torch.nn.LSTM has (proj_size).',
    ]);
  });

  it("name the units of a dense layer without a bias, and of one whose sizes are another layer's exchanged", () => {
    const dense = (useBias: boolean) => tf.layers.dense({ name: 'fc', units: 3, inputShape: [5], useBias });
    expect(hintsOf(dense(false), new Map([['weight', f32([4, 5])]]))).to.deep.equal([
      'The file has units 4, layer "fc" 3.',
    ]);
    expect(hintsOf(dense(true), linear(3, 5))).to.deep.equal(['The file has units 5, layer "fc" 3.']);
  });
});

describe('hints at arguments', () => {
  before(() => tf.setBackend('cpu'));

  it('take no key for a property that every object has', () => {
    for (const name of ['constructor', 'toString', '__proto__']) {
      const file = merged(below('fc', linear(3, 2)), new Map([[`fc.${name}`, f32([1])]]));
      expect(
        hintsOf(
          stack([3, 2], () => 'fc'),
          file,
        ),
        name,
      ).to.deep.equal([
        `The module of layer "fc" has "fc.${name}" as well, which torch.nn.Linear has not: the PyTorch model has another class ` +
          'there, which may compute something else.',
      ]);
    }
  });
});

describe('hints at ties', () => {
  before(() => tf.setBackend('cpu'));

  const embedding = (name: string) =>
    tf.layers.embedding({ name, inputDim: 4, outputDim: 3, inputLength: 2 });
  const weight = f32([4, 3]);

  it('offer a map for a key that has the values of an embedding', () => {
    const model = tf.sequential({ layers: [embedding('tokens')] });
    const file = new Map([
      ['net.tokens.weight', weight],
      ['net.head.weight', f32([4, 3])],
    ]);
    expect(() => loadStateDict(model, file, { prefix: 'net' })).to.throw(
      StateDictError,
      'Hint: "net.head.weight" has the values of "net.tokens.weight": if the module ties them, ' +
        'pass map: { "tokens": ["tokens", "head"] }.',
    );
    model.dispose();
  });

  it('are absent for other values, and for entries that are not tensors', () => {
    const other = f32([4, 3], new Array(12).fill(0.5));
    for (const value of [other, f32([3, 4]), 'text' as never, null as never])
      expect(
        hintsOf(
          tf.sequential({ layers: [embedding('tokens')] }),
          new Map([
            ['tokens.weight', weight],
            ['head.weight', value],
          ]),
        ),
      ).to.deep.equal([
        'No layer takes them. Where the model here leaves these modules out on purpose, and its numbers do not depend on ' +
          'them, pass strict: false.',
      ]);
  });
});

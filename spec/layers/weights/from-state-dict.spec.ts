import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { StateDictError, UnsupportedError } from '../../../src/errors.js';
import {
  GRU,
  type GRUArgs,
  LSTM,
  LSTMCell,
  loadStateDict,
  lstm,
  lstmCell,
  type RNN,
  toStateDict,
} from '../../../src/index.js';
import type { FromStateDictOptions } from '../../../src/layers/weights/from-state-dict.js';
import type { StateDict } from '../../../src/state-dict/tensors/tensor.js';
import { below, f32 } from '../../models/torch-modules.js';
import { describeEachBackend } from '../../support/backends.js';
import { CLASSES, EVERY_LAYER, finalStates, forward, initialStates } from '../../support/family.js';
import { LAYER_MODULES, type LayerModule, layerFixtures } from '../../support/fixtures.js';
import { expectForward, toTensor } from '../../support/parity.js';
import { tidied } from '../../support/tidied.js';

const load = (stateDict: StateDict, options?: FromStateDictOptions<GRUArgs>) =>
  GRU.fromStateDict(stateDict, options);

describeEachBackend('fromStateDict against PyTorch', () => {
  for (const fixture of LAYER_MODULES.flatMap(layerFixtures)) {
    it(`rebuilds the ${fixture.module} of "${fixture.name}" from its state_dict alone`, async () => {
      const { batchFirst, nonlinearity, ...inFile } = fixture.config;
      // What a state_dict does not hold.
      const args = { batchFirst, ...(nonlinearity && { nonlinearity }) };
      const LayerClass = CLASSES[fixture.module] as typeof RNN;
      const layer = LayerClass.fromStateDict(below('encoder.gru', fixture.stateDict), {
        prefix: 'encoder.gru',
        ...args,
      });
      expect(layer).to.be.instanceOf(LayerClass);
      expect(layer.getConfig()).to.include({ ...inFile, ...args });
      await tidied(async () => {
        const states = initialStates(fixture);
        const result = forward(layer, toTensor(fixture.x), { states, lengths: fixture.lengths });
        await expectForward(result.output, fixture.output, 'output');
        for (const [i, state] of finalStates(fixture).entries())
          await expectForward(result.states[i]!, state, `final state ${i}`);
      });
      layer.dispose();
    });
  }
});

/** G gates, I = 2, H = 3. */
function weights(suffix = '_l0', gates = 3, inputs = 2): StateDict {
  return new Map([
    [`weight_ih${suffix}`, f32([gates * 3, inputs])],
    [`weight_hh${suffix}`, f32([gates * 3, 3])],
    [`bias_ih${suffix}`, f32([gates * 3])],
    [`bias_hh${suffix}`, f32([gates * 3])],
  ]);
}

function merged(...parts: StateDict[]): StateDict {
  return new Map(parts.flatMap((part) => [...part]));
}

function faultOf(stateDict: StateDict, options?: FromStateDictOptions<GRUArgs>): StateDictError {
  const tensors = tf.memory().numTensors;
  try {
    load(stateDict, options);
  } catch (error) {
    expect(tf.memory().numTensors).to.equal(tensors);
    if (error instanceof StateDictError) return error;
    throw error;
  }
  throw new Error('the load did not fail');
}

describe('fromStateDict', () => {
  before(() => tf.setBackend('cpu'));

  it('takes the other arguments from the caller', () => {
    const layer = load(weights(), { name: 'mine', batchFirst: false, returnState: true });
    expect(layer.getConfig()).to.include({ name: 'mine', batchFirst: false, returnState: true });
    layer.dispose();
  });

  it('frees everything with dispose', () => {
    const tensors = tf.memory().numTensors;
    load(weights()).dispose();
    expect(tf.memory().numTensors).to.equal(tensors);
  });

  it('makes a layer into which a saved model loads', async () => {
    const layer = load(weights(), { name: 'saved', inputShape: [5, 2] } as FromStateDictOptions<GRUArgs>);
    const model = tf.sequential({ layers: [layer] });
    let artifacts: tf.io.ModelArtifacts | undefined;
    await model.save(
      tf.io.withSaveHandler(async (saved) => {
        artifacts = saved;
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
      }),
    );
    const again = await tf.loadLayersModel(tf.io.fromMemory(artifacts as tf.io.ModelArtifacts));
    await tidied(async () => {
      const x = tf.randomNormal([2, 5, 2]);
      const [one, two] = await Promise.all([model, again].map((m) => (m.predict(x) as tf.Tensor).data()));
      expect(two).to.deep.equal(one);
    });
    again.dispose();
    model.dispose();
    layer.dispose();
  });

  it('throws RangeError for an argument that the state_dict contradicts', () => {
    expect(() => load(weights(), { hiddenSize: 4 })).to.throw(
      RangeError,
      'GRU.fromStateDict: hiddenSize: expected 3, as in the state_dict, got 4. Leave it out: it is read off the keys and shapes',
    );
    load(weights(), { hiddenSize: 3 }).dispose();
  });

  it('throws TypeError for a value that is not a StateDict', () => {
    expect(() => load({} as StateDict)).to.throw(
      TypeError,
      'GRU.fromStateDict: stateDict: expected a StateDict, a Map from key to tensor, got Object. readStateDict(source) makes one of a file, parseStateDict(bytes) of its bytes',
    );
  });

  it('throws RangeError for a prefix with a dot at its end', () => {
    expect(() => load(weights(), { prefix: 'gru.' })).to.throw(
      RangeError,
      'GRU.fromStateDict: prefix: expected',
    );
  });

  it('points to the modules that hold a recurrent layer', () => {
    const stateDict = merged(below('encoder.gru', weights()), below('decoder', weights()));
    expect(faultOf(stateDict).message).to.contain(
      'Missing key(s) in state_dict: "weight_ih_l0", "weight_hh_l0". ',
    );
    expect(faultOf(stateDict, { prefix: 'gru' }).message).to.equal(
      'Error(s) in loading state_dict for GRU:' +
        '\n\tMissing key(s) in state_dict: "gru.weight_ih_l0", "gru.weight_hh_l0". ' +
        '\n\tHint: The missing keys are there below 2 other paths, and the file does not tell which is meant: ' +
        'pass prefix: "decoder" or prefix: "encoder.gru".',
    );
  });

  it('points to the layers inside the module that the prefix names, and calls none of them unexpected', () => {
    const parts = ['rnns.10', 'other.rnn', 'block1.rnn.b', 'block1.rnn.a', 'block1.gru'];
    const stateDict = merged(...parts.map((path) => below(path, weights())));
    const error = faultOf(stateDict, { prefix: 'block1.rnn' });
    expect(error.unexpected).to.deep.equal([]);
    expect(error.message.match(/Hint: .*/g)).to.deep.equal([
      'Hint: The missing keys are there below 5 other paths, and the file does not tell which is meant: ' +
        'pass prefix: "block1.rnn.a" or prefix: "block1.rnn.b" or prefix: "block1.gru", or another of the 5.',
    ]);
    load(stateDict, { prefix: 'block1.rnn.a' }).dispose();
  });

  it('points to layers of its own class where there are some', () => {
    const stateDict = merged(below('lstm', weights('_l0', 4)), below('gru', weights()));
    expect(faultOf(stateDict).message).to.match(/below another path: pass prefix: "gru"\.$/);
    const others = merged(below('lstm', weights('_l0', 4)), below('rnn', weights('_l0', 1)));
    expect(faultOf(others).message).to.match(/pass prefix: "lstm" or prefix: "rnn"\.$/);
  });

  it('takes no projection of the file for the fault where the prefix is missing', () => {
    const projected = weights('_l0', 4)
      .set('weight_hh_l0', f32([12, 2]))
      .set('weight_hr_l0', f32([2, 3]));
    const stateDict = below('encoder.lstm', projected);
    expect(() => LSTM.fromStateDict(stateDict)).to.throw(
      StateDictError,
      /^Error\(s\) in loading state_dict for LSTM:\n\tMissing key\(s\) in state_dict: "weight_ih_l0", "weight_hh_l0"\. \n\tHint: The missing keys are there below another path: pass prefix: "encoder\.lstm"\.$/,
    );
    LSTM.fromStateDict(stateDict, { prefix: 'encoder.lstm' }).dispose();
  });

  it('names the first missing layer, however large the numbers', () => {
    const gap = merged(weights(), weights('_l2', 3, 3));
    expect(faultOf(gap).message).to.equal(
      'Error(s) in loading state_dict for GRU:' +
        '\n\tMissing key(s) in state_dict: "weight_ih_l1", "weight_hh_l1". ' +
        '\n\tHint: There are parameters of layer 0, 2, but none of layer 1.',
    );
    const far = merged(weights(), weights('_l4000000000', 3, 3));
    expect(faultOf(far).missing).to.deep.equal(['weight_ih_l1', 'weight_hh_l1']);
  });

  it('names the missing keys of a lone reverse direction', () => {
    expect(faultOf(weights('_l0_reverse')).missing).to.deep.equal(['weight_ih_l0', 'weight_hh_l0']);
    const oneSided = merged(weights(), weights('_l1', 3, 6), weights('_l1_reverse', 3, 6));
    expect(faultOf(oneSided).missing).to.deep.equal(
      ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((kind) => `${kind}_l0_reverse`),
    );
  });

  it('names a bias that is missing in one direction', () => {
    const stateDict = weights();
    stateDict.delete('bias_hh_l0');
    expect(faultOf(stateDict).missing).to.deep.equal(['bias_hh_l0']);
  });

  it('lists keys that are not parameters of the layer', () => {
    const stateDict = weights().set('flat_weights', f32([3]));
    expect(faultOf(stateDict).unexpected).to.deep.equal(['flat_weights']);
    expect(faultOf(stateDict.set('norm.weight', f32([3]))).message).to.match(
      /Hint: The module of this GRU has "flat_weights" and 1 more as well, which torch\.nn\.GRU has not: the PyTorch model has/,
    );
  });

  it('recognises an LSTM by its gates', () => {
    const error = faultOf(weights('_l0', 4));
    expect(error.mismatched).to.have.members([...weights().keys()]);
    expect(error.message).to.match(
      /\n\tHint: weight_hh_l0 \[12, 3\] has 4 blocks of rows, as torch\.nn\.LSTM has; torch\.nn\.GRU has 3\.$/,
    );
  });

  it('says that a projection belongs to an LSTM', () => {
    const projected = weights('_l0', 4)
      .set('weight_hh_l0', f32([12, 2]))
      .set('weight_hr_l0', f32([2, 3]));
    const error = faultOf(projected);
    expect(error.unexpected).to.deep.equal(['weight_hr_l0']);
    expect(error.message.match(/Hint: .*/g)).to.deep.equal([
      'Hint: "weight_hr_l0" is a projection, which only torch.nn.LSTM has (proj_size).',
    ]);
  });

  it('points to no other module where the path has the other kind, also in loadStateDict', () => {
    const entries = (path: string, suffix: string) =>
      (['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'] as const).map(
        (name) => [`${path}.${name}${suffix}`, f32(name.startsWith('bias') ? [24] : [24, 6])] as const,
      );
    const stateDict = new Map([...entries('encoder', '_l0'), ...entries('decoder', '')]);
    for (const [load, kind] of [
      [() => LSTM.fromStateDict(stateDict, { prefix: 'decoder' }), 'a cell'],
      [() => LSTMCell.fromStateDict(stateDict, { prefix: 'encoder' }), 'a layer'],
      [() => loadStateDict(lstm({ hiddenSize: 6 }), stateDict, { prefix: 'decoder' }), 'a cell'],
      [() => loadStateDict(lstmCell({ hiddenSize: 6 }), stateDict, { prefix: 'encoder' }), 'a layer'],
    ] as const)
      expect(load)
        .to.throw(StateDictError, `is of ${kind} (torch.nn.`)
        .with.property('message')
        .that.does.not.include('pass prefix');
  });

  it('distinguishes the keys of a cell from those of a layer', () => {
    const cell = new Map([...weights()].map(([key, tensor]) => [key.replace('_l0', ''), tensor]));
    expect(faultOf(cell).message).to.match(
      /Hint: "weight_ih" is of a cell \(torch\.nn\.GRUCell, LSTMCell or RNNCell\)\..*"weight_ih_l0"/,
    );
  });

  it('throws UnsupportedError for a dtype that no weight can hold, in its own name', () => {
    const bias = { dtype: 'F8_E4M3', shape: [9], data: new Uint8Array(9) } as const;
    expect(() => load(weights().set('bias_ih_l0', bias))).to.throw(
      UnsupportedError,
      'GRU.fromStateDict: tensor "bias_ih_l0": expected a real dtype of 16 bits or more',
    );
  });

  it('reports a weight without rows or columns', () => {
    const empty = weights('_l0', 3, 0);
    expect(faultOf(empty).mismatched).to.deep.equal(['weight_ih_l0']);
    expect(faultOf(weights().set('weight_hh_l0', f32([0, 0]))).mismatched).to.deep.equal(['weight_hh_l0']);
  });

  it('throws TypeError for the options of loadStateDict, and for options that are not an object', () => {
    const given = (options: unknown) => () => load(weights(), options as FromStateDictOptions<GRUArgs>);
    const start = (name: string) =>
      `GRU.fromStateDict: ${name}: expected prefix or an argument of the layer, got unknown option "${name}". `;
    expect(given({ stripPrefix: 'module' })).to.throw(
      TypeError,
      `${start('stripPrefix')}Give prefix the whole path, wrappers as well: "module.gru"`,
    );
    expect(given({ strict: false })).to.throw(
      TypeError,
      `${start('strict')}It is always strict: make the layer and call loadStateDict(layer, stateDict, { strict: false })`,
    );
    expect(given({ map: {} })).to.throw(TypeError, `${start('map')}Use prefix: there is only one layer`);
    expect(given(null)).to.throw(TypeError, 'GRU.fromStateDict: options: expected an object, got null');
  });

  it('reports rows that are not a multiple of the gates', () => {
    const error = faultOf(weights().set('weight_hh_l0', f32([10, 3])));
    expect(error.message).to.match(
      /Hint: weight_hh_l0 has 10 rows, not a multiple of 3, the gates of torch\.nn\.GRU\.$/,
    );
  });

  it('reports transposed weights', () => {
    const ih = faultOf(weights().set('weight_ih_l0', f32([2, 9])));
    expect(ih.message).to.match(
      /shape \[2, 9\] from checkpoint, .* is \[9, 2\]\. Its sizes are exchanged: the weight is transposed/,
    );
    const hh = faultOf(weights().set('weight_hh_l0', f32([3, 9])));
    expect(hh.message).to.match(
      /shape \[3, 9\] from checkpoint, .* is \[9, 3\]\. Its sizes are exchanged: the weight is transposed/,
    );
  });

  it('reports a weight that is not a matrix', () => {
    const error = faultOf(weights().set('weight_ih_l0', f32([18])));
    expect(error.message).to.contain(
      'size mismatch for weight_ih_l0: copying a param with shape [18] from checkpoint, the shape in current model is [?, ?].',
    );
  });
});

describe('fromStateDict of every class', () => {
  const blocks = { GRU: 3, LSTM: 4, RNN: 1 };
  const start = (module: LayerModule) => `Error(s) in loading state_dict for ${module}:`;

  for (const { title, module, make, stateSizes } of EVERY_LAYER) {
    it(`rebuilds and exports a stacked ${title} of any bias and directions`, async () => {
      for (const [bias, bidirectional] of [
        [true, false],
        [false, true],
      ] as const) {
        const original = make({ hiddenSize: 3, numLayers: 2, bias, bidirectional });
        original.ensureBuilt(2);
        const stateDict = await toStateDict(original, { prefix: 'a.b' });
        const own = module === 'RNN' && { nonlinearity: (original as RNN).nonlinearity };
        const layer = (CLASSES[module] as typeof RNN).fromStateDict(stateDict, { prefix: 'a.b', ...own });
        const { name: _, ...config } = layer.getConfig();
        const { name: __, ...expected } = original.getConfig();
        expect(config).to.deep.equal(expected);
        for (const [i, weight] of layer.getWeights().entries())
          expect(await weight.data()).to.deep.equal(await original.getWeights()[i]!.data());
        original.dispose();
        layer.dispose();
      }
    });

    it(`of ${title} refuses a contradicting argument`, () => {
      const original = make({ hiddenSize: 3 });
      const stateDict = new Map([...original.torchShapes(2)].map(([key, shape]) => [key, f32(shape)]));
      const given = (args: object) => () => CLASSES[module].fromStateDict(stateDict, args);
      const remedy = 'Leave it out: it is read off the keys and shapes';
      const contradicting: Record<string, [unknown, unknown]> = {
        inputSize: [2, 3],
        hiddenSize: [3, 2],
        numLayers: [1, 2],
        bias: [true, false],
        bidirectional: [false, true],
        ...(module === 'LSTM' && { projSize: [stateSizes(3)[0] === 3 ? 0 : 2, 1] }),
      };
      for (const [name, [rule, value]] of Object.entries(contradicting))
        expect(given({ [name]: value })).to.throw(
          RangeError,
          `${module}.fromStateDict: ${name}: expected ${rule}, as in the state_dict, got ${value}. ${remedy}`,
        );
    });
  }

  for (const module of LAYER_MODULES) {
    for (const other of LAYER_MODULES) {
      if (other === module) continue;
      it(`of ${module} tells a file of ${other} by its gates`, () => {
        const count = blocks[other];
        const load = () => CLASSES[module].fromStateDict(weights('_l0', count));
        expect(load).to.throw(StateDictError, start(module));
        expect(load).to.throw(
          StateDictError,
          `Hint: weight_hh_l0 [${3 * count}, 3] has ${count} ${count === 1 ? 'block' : 'blocks'} of rows, ` +
            `as torch.nn.${other} has; torch.nn.${module} has ${blocks[module]}.`,
        );
      });
    }
  }

  it('of an LSTM reports a projection of the wrong shape', () => {
    const projected = (hh: number[], hr: number[]) =>
      weights('_l0', 4).set('weight_hh_l0', f32(hh)).set('weight_hr_l0', f32(hr));
    LSTM.fromStateDict(projected([12, 2], [2, 3])).dispose();
    for (const [hh, hr, key] of [
      [[12, 3], [3, 3], 'weight_hr_l0'],
      [[12, 2], [2, 4], 'weight_hr_l0'],
      [[12, 2], [6], 'weight_hr_l0'],
      [[12, 2], [0, 3], 'weight_hr_l0'],
      [[12, 3], [2, 3], 'weight_hh_l0'],
    ] as const)
      expect(() => LSTM.fromStateDict(projected([...hh], [...hr]))).to.throw(
        StateDictError,
        `size mismatch for ${key}: copying a param with shape [${key === 'weight_hr_l0' ? hr.join(', ') : hh.join(', ')}]`,
      );
  });

  it('of an LSTM names the missing projections of later layers', () => {
    const stateDict = merged(
      weights('_l0', 4)
        .set('weight_hh_l0', f32([12, 2]))
        .set('weight_hr_l0', f32([2, 3])),
      weights('_l1', 4, 2).set('weight_hh_l1', f32([12, 2])),
    );
    expect(() => LSTM.fromStateDict(stateDict)).to.throw(
      StateDictError,
      `${start('LSTM')}\n\tMissing key(s) in state_dict: "weight_hr_l1". `,
    );
  });
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { StateDictError, UnsupportedError } from '../../src/errors.js';
import { GRU, gru, LSTM, LSTMCell, loadStateDict, toStateDict } from '../../src/index.js';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';
import { reparametrised } from '../support/reparametrised.js';

const stored = reparametrised('stored');
const weights = reparametrised('weights');

/** The tensors of one case, below its name. */
function caseOf(name: string): StateDict {
  return new Map([...stored].filter(([key]) => key.startsWith(`${name}.`)));
}

type Loadable = tf.layers.Layer;

/** Compares all weights of the layer, bit for bit, with those that PyTorch computed or stored. */
async function expectWeights(layer: Loadable, prefix: string): Promise<void> {
  for (const [key, { data, shape }] of await toStateDict(layer, { prefix })) {
    const expected = weights.get(key) ?? stored.get(key);
    expect(shape, key).to.deep.equal(expected?.shape);
    expect(String(data), key).to.equal(String(expected?.data));
  }
  layer.dispose();
}

describe('reparametrised weights', () => {
  before(() => tf.setBackend('cpu'));

  for (const style of ['old', 'new']) {
    const from = (path: string, name: string) =>
      style === 'old'
        ? [`${path}.${name}_g`, `${path}.${name}_v`]
        : [`${path}.parametrizations.${name}.original0`, `${path}.parametrizations.${name}.original1`];

    it(`are computed when layers are loaded, and reported (${style} weight norm)`, async () => {
      const layers: Record<string, tf.layers.Layer> = {
        linear_0: tf.layers.dense({ units: 11 }),
        linear_1: tf.layers.dense({ units: 11 }),
        linear_None: tf.layers.dense({ units: 11 }),
        conv_1: tf.layers.conv1d({ filters: 12, kernelSize: 5 }),
        image: tf.layers.conv2d({ filters: 4, kernelSize: [3, 5] }),
        embedding: tf.layers.embedding({ inputDim: 13, outputDim: 6 }),
      };
      for (const [name, layer] of Object.entries(layers)) {
        const path = `${style}_${name}`;
        const report = loadStateDict(layer, caseOf(path), { prefix: path });
        expect(report.derived).to.deep.equal([{ key: `${path}.weight`, from: from(path, 'weight') }]);
        expect(report.loaded[0]).to.equal(`${path}.weight`);
        expect([...report.unexpected, ...report.missing, ...report.warnings]).to.deep.equal([]);
        await expectWeights(layer, path);
      }
    });

    it(`are computed in every layer of a stack, and by fromStateDict (${style} weight norm)`, async () => {
      const [one, two, three] = [`${style}_gru`, `${style}_lstm`, `${style}_cell`];
      await expectWeights(GRU.fromStateDict(stored, { prefix: one }), one);
      await expectWeights(LSTM.fromStateDict(stored, { prefix: two }), two);
      await expectWeights(LSTMCell.fromStateDict(stored, { prefix: three }), three);
      const layer = gru({ hiddenSize: 10 });
      const report = loadStateDict(layer, stored, { prefix: one });
      expect(report.derived).to.deep.equal([{ key: `${one}.weight_hh_l0`, from: from(one, 'weight_hh_l0') }]);
      await expectWeights(layer, one);
    });
  }

  it('are computed of masks and of raw weights, for the module inside a wrapper too', async () => {
    for (const path of ['drop_inside.module', 'pruned_gru'])
      await expectWeights(GRU.fromStateDict(stored, { prefix: path }), path);
    await expectWeights(LSTM.fromStateDict(stored, { prefix: 'drop_outside.module' }), 'drop_outside.module');
    for (const path of ['pruned_linear', 'pruned_bias', 'pruned_norm']) {
      const dense = tf.layers.dense({ units: 4 });
      loadStateDict(dense, caseOf(path), { prefix: path });
      await expectWeights(dense, path);
    }
  });

  it('are computed below the prefix of a training wrapper', () => {
    const dense = tf.layers.dense({ name: 'pruned_linear', units: 4, inputShape: [9] });
    const model = tf.sequential({ layers: [dense] });
    const wrapped = new Map([...caseOf('pruned_linear')].map(([key, tensor]) => [`module.${key}`, tensor]));
    const report = loadStateDict(model, wrapped);
    expect(report.strippedPrefix).to.equal('module');
    expect(report.derived.map(({ key }) => key)).to.deep.equal(['module.pruned_linear.weight']);
    model.dispose();
  });

  it('stay unexpected where no layer takes the weight', () => {
    const dense = tf.layers.dense({ name: 'pruned_linear', units: 4, inputShape: [9] });
    const model = tf.sequential({ layers: [dense] });
    const both = new Map([...caseOf('pruned_linear'), ...caseOf('old_gru')]);
    expect(() => loadStateDict(model, both))
      .to.throw(StateDictError)
      .with.deep.property('unexpected', [...caseOf('old_gru').keys()]);
    model.dispose();
  });

  const line = (path: string, name: string) =>
    `torch.nn.utils.parametrize.remove_parametrizations(model.get_submodule("${path}"), "${name}")`;

  it('that the file does not determine are told, with the Python that mends it', async () => {
    const file = reparametrised('undetermined');
    const removed = reparametrised('removed');
    const dense = (path: string) => tf.layers.dense({ units: path === 'orthogonal' ? 5 : 4 });
    for (const path of ['orthogonal', 'custom']) {
      const layer = dense(path);
      expect(() => loadStateDict(layer, file, { prefix: path })).to.throw(
        StateDictError,
        `Hint: "${path}.weight" is computed of "${path}.parametrizations.weight.`,
      );
      expect(() => loadStateDict(layer, file, { prefix: path }))
        .to.throw(StateDictError)
        .with.property('message')
        .that.contains(
          `Run model.eval() and ${line(path, 'weight')} in Python, and save its state_dict again.`,
        )
        .and.does.not.contain('strict: false');
      expect(loadStateDict(layer, removed, { prefix: path }).loaded).to.have.lengthOf(2);
      layer.dispose();
    }
    expect(() => GRU.fromStateDict(file, { prefix: 'gru' })).to.throw(
      StateDictError,
      line('gru', 'weight_hh_l0'),
    );
    GRU.fromStateDict(removed, { prefix: 'gru' }).dispose();
    const square = tf.layers.dense({ units: 6 });
    expect(() => loadStateDict(square, file, { prefix: 'square' })).to.throw(
      UnsupportedError,
      'loadStateDict: "square.weight": expected a weight that its parts determine, got "square.weight_orig", "square.weight_u", ' +
        '"square.weight_v", which do not determine it. Run model.eval() and torch.nn.utils.remove_spectral_norm(',
    );
    expect(square.built).to.equal(false);
  });
});

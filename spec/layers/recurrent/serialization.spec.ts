import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { type GRU, gru, lstm, rnn } from '../../../src/index.js';
import { CLASSES, describeEachLayer, EVERY_LAYER, type Variant } from '../../support/family.js';
import { maxDifference } from '../../support/parity.js';
import { artifactsOf, reloaded } from '../../support/save.js';
import { tidied } from '../../support/tidied.js';

/** Two layers of one kind, one of them under a mask, and states in use. */
function model({ make }: Variant): tf.LayersModel {
  const ids = tf.input({ shape: [5], dtype: 'int32' });
  const embedded = tf.layers
    .embedding({
      name: 'embedding',
      inputDim: 7,
      outputDim: 4,
      maskZero: true,
      embeddingsInitializer: tf.initializers.randomUniform({ minval: -1, maxval: 1, seed: 3 }),
    })
    .apply(ids);
  const first = make({
    name: 'first',
    hiddenSize: 3,
    numLayers: 2,
    bidirectional: true,
    dropout: 0.25,
    returnState: true,
    seed: 4,
  });
  const second = make({ name: 'second', hiddenSize: 3, bias: false, returnSequences: false, seed: 5 });
  const [output] = first.apply(embedded as tf.SymbolicTensor) as tf.SymbolicTensor[];
  return tf.model({ inputs: ids, outputs: second.apply(output as tf.SymbolicTensor) as tf.SymbolicTensor });
}

async function expectSamePredictions(a: tf.LayersModel, b: tf.LayersModel): Promise<void> {
  await tidied(async () => {
    const ids = tf.tensor2d([1, 2, 3, 0, 0, 6, 5, 4, 3, 2], [2, 5], 'int32');
    const [p, q] = await Promise.all([a, b].map((m) => (m.predict(ids) as tf.Tensor).data()));
    expect(maxDifference(p!, q!)).to.equal(0);
    expect(maxDifference(p!, new Float32Array(p!.length))).to.be.above(1e-3);
  });
}

describeEachLayer('saving', EVERY_LAYER, (variant, backend) => {
  const { make, stateSizes } = variant;

  it('round-trips a model with two layers through a memory handler', async () => {
    const original = model(variant);
    const names = (await artifactsOf(original)).weightSpecs?.map((spec) => spec.name);
    expect(names).to.include.members(['first/weight_ih_l1_reverse', 'second/weight_hh_l0']);
    if (stateSizes(3)[0] !== 3)
      expect(names).to.include.members(['first/weight_hr_l1_reverse', 'second/weight_hr_l0']);
    const loaded = await reloaded(original);
    await expectSamePredictions(loaded, original);
    const { name: _, ...config } = loaded.getLayer('first').getConfig();
    const { name: __, ...expected } = original.getLayer('first').getConfig();
    expect(config).to.deep.equal(expected);
    original.dispose();
    loaded.dispose();
  });

  it('keeps weight names unique for layers built by forward', async () => {
    const layers = ['a', 'b'].map((name, i) =>
      make({ name, hiddenSize: 2, inputShape: [3, i === 0 ? 2 : stateSizes(2)[0]!] }),
    );
    tf.tidy(() => {
      for (const [i, layer] of layers.entries())
        layer.forward(tf.zeros([1, 3, i === 0 ? 2 : stateSizes(2)[0]!]));
    });
    const stacked = tf.sequential({ layers });
    const specs = ((await artifactsOf(stacked)).weightSpecs ?? []).map((spec) => spec.name);
    expect(new Set(specs).size).to.equal(2 * layers[0]!.torchShapes(2).size);
    expect(specs[0]).to.equal('a/weight_ih_l0');
    stacked.dispose();
    for (const layer of layers) layer.dispose();
  });

  if (backend === 'tensorflow') {
    it('round-trips through file:// with tfjs-node', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tfjs-torch-rnn-'));
      try {
        const original = model(variant);
        await original.save(`file://${folder}`);
        const loaded = await tf.loadLayersModel(`file://${folder}/model.json`);
        await expectSamePredictions(loaded, original);
        original.dispose();
        loaded.dispose();
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});

describe('getConfig', () => {
  const args = {
    name: 'layer',
    trainable: false,
    hiddenSize: 3,
    inputSize: 2,
    numLayers: 2,
    bias: false,
    batchFirst: false,
    dropout: 0.5,
    bidirectional: true,
    returnSequences: false,
    returnState: true,
    stateful: false,
    seed: 4,
  };

  for (const { title, make, module, stateSizes } of EVERY_LAYER) {
    const [size] = stateSizes(args.hiddenSize);
    const own = {
      GRU: {},
      LSTM: { projSize: size === args.hiddenSize ? 0 : size },
      RNN: { nonlinearity: title.endsWith('relu') ? 'relu' : 'tanh' },
    }[module];

    it(`of ${title} holds every argument but implementation, which belongs to the machine`, () => {
      const config = make({ ...args, implementation: 'reference' }).getConfig();
      expect(config).to.deep.equal({ ...args, ...own });
      const LayerClass = CLASSES[module] as typeof GRU;
      const again = LayerClass.fromConfig(LayerClass, { ...config, customObjects: {} });
      expect(again).to.be.instanceOf(LayerClass);
      expect(again.getConfig()).to.deep.equal(config);
    });

    it(`of ${title} leaves out what was not given, and adds the input size once it is known`, () => {
      const layer = make({ hiddenSize: 3 });
      expect(layer.getConfig()).not.to.have.any.keys('seed', 'inputSize', 'implementation');
      layer.ensureBuilt(6);
      expect(layer.getConfig().inputSize).to.equal(6);
      layer.dispose();
    });
  }

  it('has projSize only in an LSTM and nonlinearity only in an RNN', () => {
    const keys = (layer: tf.layers.Layer) => Object.keys(layer.getConfig());
    expect(keys(gru({ hiddenSize: 3 }))).not.to.include.oneOf(['projSize', 'nonlinearity']);
    expect(keys(lstm({ hiddenSize: 3 })))
      .to.include('projSize')
      .and.not.include('nonlinearity');
    expect(keys(rnn({ hiddenSize: 3 })))
      .to.include('nonlinearity')
      .and.not.include('projSize');
  });
});

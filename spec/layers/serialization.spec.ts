import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { GRU, gru } from '../../src/index.js';
import { describeEachBackend } from '../support/backends.js';
import { maxDifference } from '../support/parity.js';

/** Two layers of one kind, one of them under a mask, and states in use. */
function model(): tf.LayersModel {
  const ids = tf.input({ shape: [5], dtype: 'int32' });
  const embedded = tf.layers
    .embedding({ name: 'embedding', inputDim: 7, outputDim: 4, maskZero: true })
    .apply(ids);
  const first = gru({
    name: 'first',
    hiddenSize: 3,
    numLayers: 2,
    bidirectional: true,
    dropout: 0.25,
    returnState: true,
  });
  const second = gru({ name: 'second', hiddenSize: 3, bias: false, returnSequences: false, seed: 5 });
  const [output] = first.apply(embedded as tf.SymbolicTensor) as tf.SymbolicTensor[];
  return tf.model({ inputs: ids, outputs: second.apply(output) as tf.SymbolicTensor });
}

function expectSamePredictions(a: tf.LayersModel, b: tf.LayersModel): void {
  tf.tidy(() => {
    const ids = tf.tensor2d([1, 2, 3, 0, 0, 6, 5, 4, 3, 2], [2, 5], 'int32');
    const [p, q] = [a, b].map((m) => (m.predict(ids) as tf.Tensor).dataSync());
    expect(maxDifference(p, q)).to.equal(0);
  });
}

describeEachBackend('saving', (backend) => {
  it('round-trips a model with two GRU layers through a memory handler', async () => {
    const original = model();
    let artifacts: tf.io.ModelArtifacts | undefined;
    await original.save(
      tf.io.withSaveHandler(async (saved) => {
        artifacts = saved;
        return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(saved) };
      }),
    );
    const names = artifacts?.weightSpecs?.map((spec) => spec.name);
    expect(names).to.include.members(['first/weight_ih_l1_reverse', 'second/weight_hh_l0']);
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(artifacts as tf.io.ModelArtifacts));
    expectSamePredictions(loaded, original);
    const { name: _, ...config } = loaded.getLayer('first').getConfig();
    const { name: __, ...expected } = original.getLayer('first').getConfig();
    expect(config).to.deep.equal(expected);
    original.dispose();
    loaded.dispose();
  });

  it('keeps weight names unique for layers built by forward', async () => {
    const layers = ['a', 'b'].map((name) => gru({ name, hiddenSize: 2, inputSize: 2, inputShape: [3, 2] }));
    tf.tidy(() => {
      for (const layer of layers) layer.forward(tf.zeros([1, 3, 2]));
    });
    const stacked = tf.sequential({ layers });
    const specs: string[] = [];
    await stacked.save(
      tf.io.withSaveHandler(async (saved) => {
        specs.push(...(saved.weightSpecs ?? []).map((spec) => spec.name));
        return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(saved) };
      }),
    );
    expect(new Set(specs).size).to.equal(8);
    expect(specs[0]).to.equal('a/weight_ih_l0');
    stacked.dispose();
    for (const layer of layers) layer.dispose();
  });

  if (backend === 'tensorflow') {
    it('round-trips through file:// with tfjs-node', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tfjs-torch-rnn-'));
      try {
        const original = model();
        await original.save(`file://${folder}`);
        const loaded = await tf.loadLayersModel(`file://${folder}/model.json`);
        expectSamePredictions(loaded, original);
        original.dispose();
        loaded.dispose();
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});

describe('GRU.getConfig', () => {
  it('holds every argument but implementation, which belongs to the machine', () => {
    const args = {
      name: 'gru',
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
    const config = gru({ ...args, implementation: 'reference' }).getConfig();
    expect(config).to.deep.equal(args);
    expect(GRU.fromConfig(GRU, { ...config, customObjects: {} }).getConfig()).to.deep.equal(args);
  });

  it('leaves out what was not given, and adds the input size once it is known', () => {
    const layer = gru({ hiddenSize: 3 });
    expect(layer.getConfig()).not.to.have.any.keys('seed', 'inputSize', 'implementation');
    layer.ensureBuilt(6);
    expect(layer.getConfig().inputSize).to.equal(6);
    layer.dispose();
  });
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import {
  batchNorm,
  conv1d,
  groupNorm,
  instanceNorm1d,
  loadStateDict,
  type StateDict,
  toStateDict,
} from '../../../src/index.js';
import { describeEachBackend } from '../../support/backends.js';
import { expectSame } from '../../support/expect-same.js';
import { type FloatTensor, type NormTrainingFixture, normTrainingFixture } from '../../support/fixtures.js';
import { expectForward, maxDifference, toTensor } from '../../support/parity.js';
import { reloaded } from '../../support/save.js';
import { tidied } from '../../support/tidied.js';
import { FORWARD_TOLERANCE } from '../../support/tolerance.js';

const {
  learningRate,
  batch,
  batchNorm: ofBatch,
  instanceNorm: ofInstance,
  ofBatchAlone,
} = normTrainingFixture();

function modelWith(norm: tf.layers.Layer, { stateDict }: NormTrainingFixture): tf.Sequential {
  const model = tf.sequential({
    layers: [
      conv1d({ name: 'conv', outChannels: 5, kernelSize: 3, padding: 1, inputShape: [null, 3] as never }),
      norm,
      conv1d({ name: 'out', outChannels: 2, kernelSize: 1 }),
    ],
  });
  loadStateDict(model, stateDict);
  return model;
}

async function expectTrained(model: tf.Sequential, fixture: NormTrainingFixture): Promise<void> {
  const [x, y] = [toTensor(fixture.x), toTensor(fixture.y)];
  model.compile({ optimizer: tf.train.sgd(learningRate), loss: tf.losses.meanSquaredError });
  await model.fit(x, y, { batchSize: batch, shuffle: false, verbose: 0 });
  const trained: StateDict = await toStateDict(model);
  for (const [key, expected] of Object.entries(fixture.after)) {
    if (key.endsWith('num_batches_tracked')) continue;
    const found = trained.get(key) as FloatTensor;
    expect(maxDifference(found.data, (expected as FloatTensor).data), key).to.be.at.most(FORWARD_TOLERANCE);
  }
  await tidied(async () => {
    const first = tf.slice(x, 0, batch);
    await expectForward(model.predict(first) as tf.Tensor, fixture.output, 'output of the trained model');
  });
  model.optimizer.dispose();
  model.dispose();
  tf.dispose([x, y]);
}

describeEachBackend('norms in training, against PyTorch', () => {
  it('trains on as torch.nn.BatchNorm1d does, running statistics included', async () => {
    await expectTrained(modelWith(batchNorm({ name: 'norm', momentum: 0.2 }), ofBatch), ofBatch);
  });

  it('trains on as torch.nn.BatchNorm1d without running statistics does, and evaluates with those of the batch', async () => {
    await expectTrained(
      modelWith(batchNorm({ name: 'norm', trackRunningStats: false }), ofBatchAlone),
      ofBatchAlone,
    );
  });

  it('trains on as torch.nn.InstanceNorm1d with track_running_stats does', async () => {
    const norm = instanceNorm1d({ name: 'norm', affine: true, trackRunningStats: true });
    await expectTrained(modelWith(norm, ofInstance), ofInstance);
  });

  it('has other running statistics with the biased variance, as tf.layers.batchNormalization keeps it', async () => {
    const norm = tf.layers.batchNormalization({ name: 'norm', epsilon: 1e-5, momentum: 0.8 });
    const model = modelWith(norm, ofBatch);
    const [x, y] = [toTensor(ofBatch.x), toTensor(ofBatch.y)];
    model.compile({ optimizer: tf.train.sgd(learningRate), loss: tf.losses.meanSquaredError });
    await model.fit(x, y, { batchSize: batch, shuffle: false, verbose: 0 });
    const { data } = (await toStateDict(model)).get('norm.running_var') as FloatTensor;
    const expected = (ofBatch.after['norm.running_var'] as FloatTensor).data;
    expect(maxDifference(data, expected)).to.be.above(100 * FORWARD_TOLERANCE);
    model.optimizer.dispose();
    model.dispose();
    tf.dispose([x, y]);
  });

  it('is saved and loaded with its arguments, weights and statistics', async () => {
    const original = tf.sequential({
      layers: [
        batchNorm({ name: 'batch', momentum: 0.3, eps: 1e-3, inputShape: [4, 6] }),
        groupNorm({ name: 'group', numGroups: 3, affine: false }),
        instanceNorm1d({ name: 'instance', trackRunningStats: true, dataFormat: 'channelsFirst' }),
      ],
    });
    const x = tf.randomNormal([3, 4, 6], 1, 2, 'float32', 7);
    original.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    await original.fit(x, x, { verbose: 0 });
    const loaded = await reloaded(original);
    await tidied(() => expectSame(loaded.predict(x) as tf.Tensor, original.predict(x) as tf.Tensor));
    for (const name of ['batch', 'group', 'instance'])
      expect(loaded.getLayer(name).getConfig()).to.deep.equal(original.getLayer(name).getConfig());
    original.optimizer.dispose();
    for (const each of [original, loaded]) each.dispose();
    x.dispose();
  });
});

describe('norms', () => {
  const normalize = (layer: tf.layers.Layer, shape: number[], training = false) =>
    tf.tidy(() => void layer.apply(tf.ones(shape), { training }));

  const cases: [run: () => unknown, type: typeof TypeError | typeof RangeError, text: string][] = [
    [
      () => batchNorm({ epsilon: 1e-5 } as object),
      TypeError,
      'BatchNorm: epsilon: expected a known argument, got unknown argument "epsilon". Use eps',
    ],
    [
      () => batchNorm({ center: false } as object),
      TypeError,
      'BatchNorm: center: expected a known argument, got unknown argument "center". Use affine',
    ],
    [
      () => batchNorm({ axis: 1 } as object),
      TypeError,
      "got unknown argument \"axis\". Use dataFormat: 'channelsFirst' or 'channelsLast'",
    ],
    [() => batchNorm({ eps: -1 }), RangeError, 'BatchNorm: eps: expected a number >= 0, got -1'],
    [
      () => batchNorm({ momentum: 1.5 }),
      RangeError,
      'BatchNorm: momentum: expected a number in 0..1, got 1.5',
    ],
    [() => groupNorm({} as never), TypeError, 'GroupNorm: numGroups: expected an integer, got undefined'],
    [
      () => normalize(groupNorm({ numGroups: 4 }), [2, 3, 6]),
      RangeError,
      'GroupNorm: x: expected a multiple of 4 channels (numGroups), got [2, 3, 6]. ' +
        'torch: num_channels must be divisible by num_groups',
    ],
    [
      () => normalize(batchNorm({ numFeatures: 4 }), [2, 3]),
      RangeError,
      "BatchNorm: x: expected 4 channels (numFeatures), got [2, 3]. With dataFormat 'channelsLast' they stand last",
    ],
    [
      () => normalize(batchNorm(), [1, 3], true),
      RangeError,
      'BatchNorm.apply: x: expected several values of each channel, got [1, 3]. ' +
        'torch: Expected more than 1 value per channel when training',
    ],
    [
      () => normalize(instanceNorm1d(), [3, 1, 4]),
      RangeError,
      'InstanceNorm1d.apply: x: expected several steps, got [3, 1, 4]. ' +
        'torch: Expected more than 1 spatial element when training',
    ],
    [
      () => normalize(instanceNorm1d(), [3, 4]),
      RangeError,
      'InstanceNorm1d: x: expected 3 dimensions, got [3, 4]',
    ],
  ];
  for (const [run, type, text] of cases)
    it(`are told: ${text}`, () => {
      const { numTensors } = tf.memory();
      expect(run).to.throw(type, text);
      // What a layer was built with stays, as in tf.layers.
      expect(tf.memory().numTensors - numTensors).to.be.at.most(4);
    });

  it('hand on the mask of a sequence', () => {
    const input = tf.input({ shape: [4], dtype: 'int32' });
    const embedded = tf.layers.embedding({ inputDim: 5, outputDim: 6, maskZero: true }).apply(input);
    for (const norm of [batchNorm(), groupNorm({ numGroups: 2 }), instanceNorm1d()])
      expect(norm.apply(embedded as tf.SymbolicTensor)).to.be.instanceOf(tf.SymbolicTensor);
    tf.tidy(() => {
      const [x, mask] = [tf.ones([2, 4, 6]), tf.ones([2, 4], 'bool')];
      expect(batchNorm().computeMask(x, mask)).to.equal(mask);
    });
  });
});

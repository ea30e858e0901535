import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { type LoadOptions, loadStateDict } from '../../src/models/load-state-dict.js';
import type { StateDict, TorchTensor } from '../../src/state-dict/tensors/tensor.js';
import { UNHEARD } from '../support/unheard.js';
import { below, f32 } from './torch-modules.js';

function linear(): StateDict {
  return new Map([
    ['weight', f32([3, 5])],
    ['bias', f32([3])],
  ]);
}

function batchNorm(): StateDict {
  return new Map([
    ...['weight', 'bias', 'running_mean', 'running_var'].map((key): [string, TorchTensor] => [key, f32([3])]),
    ['num_batches_tracked', { dtype: 'I64', shape: [], data: new BigInt64Array([37n]) }],
  ]);
}

/** The report alone, whose warnings are not printed. */
function load(layer: tf.layers.Layer, stateDict: StateDict, options: LoadOptions = {}) {
  return loadStateDict(layer, stateDict, { ...UNHEARD, ...options });
}

/** Loads and frees. */
function reportOf(...args: Parameters<typeof load>) {
  const [layer] = args;
  const report = load(...args);
  tf.dispose(layer.weights.map((weight) => weight.read()));
  return report;
}

describe('LoadReport', () => {
  before(() => tf.setBackend('cpu'));

  it('lists what was loaded, and nothing else, after a load without a remark', () => {
    expect(reportOf(tf.layers.dense({ units: 3 }), linear())).to.deep.equal({
      loaded: ['weight', 'bias'],
      missing: [],
      unexpected: [],
      ignored: [],
      strippedPrefix: '',
      converted: [],
      derived: [],
      warnings: [],
    });
  });

  it('lists missing and unexpected keys with strict: false, and loads the rest', async () => {
    const layer = tf.layers.dense({ name: 'fc', units: 3 });
    const stateDict = new Map([
      ['weight', f32([3, 5])],
      ['weight_g', f32([3])],
    ]);
    const report = load(layer, stateDict, { strict: false });
    expect(report).to.deep.include({ loaded: ['weight'], missing: ['bias'], unexpected: ['weight_g'] });
    expect(report.warnings).to.deep.equal(['Pass useBias: false to layer "fc" if the module was made so.']);
    expect([...(await (layer.getWeights()[1] as tf.Tensor).data())]).to.deep.equal([0, 0, 0]);
    layer.dispose();
  });

  it('warns with strict: false when the keys are below another path', () => {
    const layer = tf.layers.dense({ units: 3, inputShape: [5] });
    const report = reportOf(layer, below('head.fc', linear()), { strict: false, stripPrefix: false });
    expect(report.loaded).to.deep.equal([]);
    expect(report.warnings).to.deep.equal([
      'Nothing was loaded: the file has no key of these layers, whose weights keep their values.',
      'The missing keys are there below another path: pass prefix: "head.fc".',
    ]);
  });

  it('reports which prefix was stripped, and spells keys as the file does', () => {
    const stateDict = below('module._orig_mod', linear());
    const report = reportOf(tf.layers.dense({ units: 3 }), stateDict);
    expect(report.strippedPrefix).to.equal('module._orig_mod');
    expect(report.loaded).to.deep.equal(['module._orig_mod.weight', 'module._orig_mod.bias']);
  });

  it('ignores num_batches_tracked of a BatchNorm, and of nothing else', () => {
    const layer = tf.layers.batchNormalization({ epsilon: 1e-5 });
    expect(reportOf(layer, batchNorm())).to.deep.include({
      ignored: ['num_batches_tracked'],
      unexpected: [],
    });
    const stray = linear().set('num_batches_tracked', f32([]));
    expect(() => loadStateDict(tf.layers.dense({ units: 3 }), stray)).to.throw(
      /Unexpected key\(s\).*num_batches/,
    );
  });

  it('loads a BatchNorm whose file has no num_batches_tracked', () => {
    const stateDict = batchNorm();
    stateDict.delete('num_batches_tracked');
    expect(reportOf(tf.layers.batchNormalization({ epsilon: 1e-5 }), stateDict).ignored).to.deep.equal([]);
  });

  it('lists tensors that were not float32, with their dtype, and loads their values', async () => {
    const layer = tf.layers.dense({ units: 2 });
    const stateDict: StateDict = new Map([
      ['weight', { dtype: 'F16', shape: [2, 1], data: new Uint16Array([0x3c00, 0xc000]) }],
      ['bias', { dtype: 'F64', shape: [2], data: new Float64Array([0.5, 0.25]) }],
    ]);
    const report = load(layer, stateDict);
    expect(report.converted).to.deep.equal([
      { key: 'weight', dtype: 'F16' },
      { key: 'bias', dtype: 'F64' },
    ]);
    expect(
      await Promise.all(layer.getWeights().map(async (tensor) => [...(await tensor.data())])),
    ).to.deep.equal([
      [1, -2],
      [0.5, 0.25],
    ]);
    layer.dispose();
  });

  it("warns of an epsilon that is not torch's, naming layer, values and argument", () => {
    const norm = tf.layers.layerNormalization({ name: 'norm', inputShape: [3] } as object);
    const stateDict = new Map([
      ['weight', f32([3])],
      ['bias', f32([3])],
    ]);
    expect(reportOf(norm, stateDict).warnings).to.deep.equal([
      'layer "norm": epsilon is 0.001, where torch.nn.LayerNorm defaults to eps=1e-5, and the file does not hold it. ' +
        'Pass epsilon: 1e-5 to the layer unless the module was made with eps=0.001.',
    ]);
    expect(reportOf(tf.layers.batchNormalization({ name: 'bn' }), batchNorm()).warnings).to.deep.equal([
      'layer "bn": epsilon is 0.001, where torch.nn.BatchNorm defaults to eps=1e-5, and the file does not hold it. ' +
        'Pass epsilon: 1e-5 to the layer unless the module was made with eps=0.001.',
    ]);
  });

  it('copies the one value of a PReLU to every alpha, and warns of the axes to share', async () => {
    const layer = tf.layers.prelu({ name: 'act', inputShape: [2, 3] } as object);
    const report = load(layer, new Map([['weight', f32([1], [0.5])]]));
    expect([...(await (layer.getWeights()[0] as tf.Tensor).data())]).to.deep.equal(new Array(6).fill(0.5));
    expect(report.warnings).to.deep.equal([
      `layer "act": alpha has 6 values, torch.nn.PReLU's weight 1. Pass sharedAxes: [1, 2] to tf.layers.prelu for one value; as it is, toStateDict writes 3.`,
    ]);
    layer.dispose();
  });

  it('copies one value per channel of a PReLU along the other axes, and warns of the axes to share', async () => {
    const layer = tf.layers.prelu({ name: 'act', inputShape: [2, 3] } as object);
    const report = load(layer, new Map([['weight', f32([3], [0.5, 0.25, 2])]]));
    expect(await layer.getWeights()[0]?.array()).to.deep.equal([
      [0.5, 0.25, 2],
      [0.5, 0.25, 2],
    ]);
    expect(report.warnings).to.deep.equal([
      `layer "act": alpha has 6 values, torch.nn.PReLU's weight 3. Pass sharedAxes: [1] to tf.layers.prelu for one value per channel.`,
    ]);
    layer.dispose();
  });

  it('warns that toStateDict writes one value per channel, where a PReLU with one was loaded', () => {
    const layer = tf.layers.prelu({ name: 'act', inputShape: [5] } as object);
    expect(reportOf(layer, new Map([['weight', f32([1], [0.5])]])).warnings).to.deep.equal([
      `layer "act": alpha has 5 values, torch.nn.PReLU's weight 1. Pass sharedAxes: [1] to tf.layers.prelu for one value; as it is, toStateDict writes 5.`,
    ]);
  });

  it('warns of the axes of a LayerNorm that was built by an eager call', () => {
    const norm = (args: object) => tf.layers.layerNormalization({ name: 'norm', epsilon: 1e-5, ...args });
    const stateDict = new Map([
      ['weight', f32([3])],
      ['bias', f32([3])],
    ]);
    const eager = norm({ axis: 1 });
    tf.tidy(() => void eager.apply(tf.zeros([2, 3, 4])));
    expect(reportOf(eager, stateDict).warnings).to.deep.equal([
      'layer "norm": axis is [1] of an input whose rank the layer does not keep. ' +
        'torch.nn.LayerNorm normalizes the last dimensions: see that they are those.',
    ]);
    expect(reportOf(norm({ axis: 2, inputShape: [4, 3] }), stateDict).warnings).to.deep.equal([]);
  });

  it('warns of F64 values that float32 does not reach, not of ones that were infinite', () => {
    const f64 = (...values: number[]) =>
      ({ dtype: 'F64', shape: [values.length], data: Float64Array.from(values) }) as const;
    const report = (bias: TorchTensor) => reportOf(tf.layers.dense({ units: 3 }), linear().set('bias', bias));
    expect(report(f64(1, -1e39, 0)).warnings).to.deep.equal([
      'tensor "bias": F64 values beyond the range of float32 became infinite.',
    ]);
    expect(report(f64(1, Infinity, Number.NaN)).warnings).to.deep.equal([]);
  });

  it('warns of a second wrapper that fits as well', () => {
    const stateDict = new Map([...below('module', linear()), ...below('model', linear())]);
    const report = reportOf(tf.layers.dense({ units: 3 }), stateDict, { strict: false });
    expect(report.strippedPrefix).to.equal('module');
    expect(report.warnings).to.deep.equal([
      'Keys were taken below "module", and as many fit below "model". The file does not tell which is meant: pass ' +
        'prefix: "module" or prefix: "model".',
    ]);
    const inside = new Map([...below('module.enc', linear()), ...below('model.enc', linear())]);
    expect(reportOf(tf.layers.dense({ units: 3 }), inside, { prefix: 'enc' }).warnings).to.have.lengthOf(1);
  });
});

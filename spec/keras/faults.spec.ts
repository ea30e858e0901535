import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { FormatError } from '../../src/index.js';
import { loadKerasModel } from '../../src/keras/index.js';
import { describeEachBackend } from '../support/backends.js';
import { disposeModel, handlerOf, kerasFixture } from './fixtures.js';
import { type Edit, edited, expectRefusal } from './support.js';

function specs({ artifacts }: Edit): { name: string; shape: number[]; dtype: string }[] {
  return artifacts.weightSpecs as { name: string; shape: number[]; dtype: string }[];
}

const FAULTS: readonly [what: string, change: (edit: Edit) => void, message: string][] = [
  [
    'a weight of another shape',
    (edit) => (specs(edit)[0].shape = [6, 5]),
    'loadKerasModel: weights: expected those of the layers, got size mismatch: "last/gru_cell/kernel" [6, 5] for [5, 6]',
  ],
  [
    'a weight that no layer has, and one that is missing',
    (edit) => (specs(edit)[0].name = 'first/gru_cell/kernel'),
    'got missing: "last/kernel" [5, 6]; unexpected: "first/gru_cell/kernel"',
  ],
  [
    'two weights of one name',
    (edit) => (specs(edit)[1].name = specs(edit)[0].name),
    'loadKerasModel: weightsManifest: expected each name once, got "last/gru_cell/kernel" twice. ' +
      'Layers of several models share a name: rename them in Keras',
  ],
  [
    'a dtype that nobody reads',
    (edit) => (specs(edit)[0].dtype = 'float8'),
    'loadKerasModel: dtype of weight "last/gru_cell/kernel": expected one of float32, int32, bool, uint8',
  ],
  [
    'a shape that is none',
    (edit) => (specs(edit)[0].shape = [-1, 2]),
    'loadKerasModel: shape of weight "last/gru_cell/kernel": expected a list of sizes, got [-1, 2]',
  ],
  [
    'weights cut short',
    ({ artifacts }) => (artifacts.weightData = (artifacts.weightData as ArrayBuffer).slice(4)),
    'loadKerasModel: weightData: expected 1224 bytes for the weights, got 1220',
  ],
  [
    'no weights',
    ({ artifacts }) => (artifacts.weightData = undefined),
    'loadKerasModel: weightData: expected the bytes of the weights, got undefined',
  ],
  [
    'no manifest',
    ({ artifacts }) => (artifacts.weightSpecs = undefined),
    'loadKerasModel: weightSpecs: expected a list, from the weightsManifest of model.json, got undefined',
  ],
  [
    'no topology',
    ({ artifacts }) => (artifacts.modelTopology = undefined),
    "loadKerasModel: modelTopology: expected a Keras model's configuration, got undefined. " +
      'Is it a model.json of tensorflowjs_converter?',
  ],
  [
    'layers that are no list',
    ({ model }) => (model.config.layers = 'gru'),
    'loadKerasModel: config.layers of Sequential "sequence_to_vector": expected a list, got "gru"',
  ],
  [
    'a layer without a configuration',
    ({ model }) => ((model.config.layers as unknown[])[1] = { class_name: 'GRU' }),
    'loadKerasModel: config.layers of Sequential "sequence_to_vector"[1].config: expected an object, got undefined',
  ],
];

describe('loadKerasModel', () => {
  for (const [what, change, message] of FAULTS)
    it(`throws FormatError for ${what}`, () =>
      expectRefusal(edited('2', 'sequential', change), FormatError, message));

  it('throws FormatError for calls that no Keras writes', async () => {
    const broken = (nodes: unknown) =>
      edited('2', 'tagger', ({ layer }) => Object.assign(layer('top'), { inbound_nodes: nodes }));
    const where = 'loadKerasModel: inbound_nodes of layer "top": expected';
    await expectRefusal(broken('bi'), FormatError, `${where} a list, got "bi"`);
    await expectRefusal(broken([7]), FormatError, `${where} lists, or objects with args and kwargs, got 7`);
    await expectRefusal(
      broken([[['bi', 0]]]),
      FormatError,
      `${where} entries [layer, node, tensor, arguments], got ["bi", 0]`,
    );
  });

  it('throws what the handler throws', () =>
    expectRefusal({ load: () => Promise.reject(new Error('offline')) }, Error, 'offline'));

  it('throws TypeError for what is no source, and for options it does not know', async () => {
    for (const source of [undefined, 7, {}, new ArrayBuffer(8)])
      await expectRefusal(source, TypeError, 'loadKerasModel: source: expected a path, a URL, an IOHandler');
    const attempt = loadKerasModel(handlerOf(kerasFixture('2', 'sequential')), { strict: false } as never);
    const thrown = await attempt.catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(TypeError);
    expect((thrown as Error).message).to.include('got unknown option "strict"');
  });
});

describeEachBackend('a Keras model', () => {
  it('that fails after layers were built leaves no tensor behind', async () => {
    const last = ({ layer }: Edit) => (layer('out').config.activation = 'no_such_activation');
    await expectRefusal(edited('3', 'mixed', last), Error, 'Unknown activation');
    const weight = (edit: Edit) => (specs(edit)[3].name = 'elsewhere/kernel');
    await expectRefusal(edited('3', 'nested', weight), FormatError, 'unexpected: "elsewhere/kernel"');
  });

  it('loads from artifacts in memory, in one piece or several, and leaves them as they were', async () => {
    const artifacts = edited('3', 'mixed', () => {});
    const whole = artifacts.weightData as ArrayBuffer;
    const pieces = { ...artifacts, weightData: [whole.slice(0, 100), whole.slice(100)] };
    const before = JSON.stringify(artifacts.modelTopology);
    for (const source of [artifacts, pieces, tf.io.fromMemory(artifacts)]) {
      const model = await loadKerasModel(source);
      expect(model.layers.map(({ name }) => name)).to.include.members(['lstm', 'regularized', 'before']);
      disposeModel(model);
    }
    expect(JSON.stringify(artifacts.modelTopology)).to.equal(before);
  });
});

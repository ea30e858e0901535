import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { FormatError } from '../../src/index.js';
import { loadKerasModel } from '../../src/keras/index.js';
import { describeEachBackend } from '../support/backends.js';
import { disposeModel, handlerOf, kerasFixture } from './fixtures.js';
import { type Edit, edited, expectRefusal } from './support.js';
import { dense } from './topologies.js';

interface Spec {
  name: string;
  shape: number[];
  dtype: string;
  quantization?: unknown;
}

function specs({ artifacts }: Edit): Spec[] {
  return artifacts.weightSpecs as Spec[];
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
    'loadKerasModel: dtype of weight "last/gru_cell/kernel": expected one of float32, int32, bool, got "float8"',
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
  ...[5, 'text', [1]].map((metadata): [string, (edit: Edit) => void, string] => [
    `metadata that are ${JSON.stringify(metadata)}`,
    ({ artifacts }) => Object.assign(artifacts, { userDefinedMetadata: metadata }),
    `loadKerasModel: userDefinedMetadata: expected an object, got ${JSON.stringify(metadata)}`,
  ]),
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

const KERNEL = 'weight "last/gru_cell/kernel"';

const DTYPES: readonly [spec: Partial<Spec>, message: string][] = [
  ...['complex64', 'uint8', 'uint16', 'float16', 'string', 7].map((dtype): [Partial<Spec>, string] => [
    { dtype: dtype as string },
    `dtype of ${KERNEL}: expected one of float32, int32, bool, got ${JSON.stringify(dtype)}`,
  ]),
  ...['float32', 'string', undefined].map((dtype): [Partial<Spec>, string] => [
    { quantization: { dtype, scale: 1, min: 0 } },
    `quantization.dtype of ${KERNEL}: expected one of uint8, uint16, float16, got ${JSON.stringify(dtype)}`,
  ]),
  ...[null, undefined, 'uint8'].map((quantization): [Partial<Spec>, string] => [
    { quantization },
    `quantization of ${KERNEL}: expected an object, got ${JSON.stringify(quantization)}`,
  ]),
  [
    { dtype: 'bool', quantization: { dtype: 'uint8', scale: 1, min: 0 } },
    `dtype of ${KERNEL}: expected float32 or int32, quantized as uint8, got "bool"`,
  ],
  [
    { dtype: 'int32', quantization: { dtype: 'float16' } },
    `dtype of ${KERNEL}: expected float32, quantized as float16, got "int32"`,
  ],
  [
    { quantization: { dtype: 'uint8', scale: '2', min: 1 } },
    `quantization.scale of ${KERNEL}: expected a finite number, got "2"`,
  ],
  [
    { quantization: { dtype: 'uint8', scale: Number.POSITIVE_INFINITY, min: 1 } },
    `quantization.scale of ${KERNEL}: expected a finite number, got Infinity`,
  ],
  [
    { quantization: { dtype: 'uint16', min: 1 } },
    `quantization.scale of ${KERNEL}: expected a finite number, got undefined`,
  ],
  [
    { quantization: { dtype: 'uint16', scale: 1, min: {} } },
    `quantization.min of ${KERNEL}: expected a finite number, got Object`,
  ],
];

describe('loadKerasModel', () => {
  it('throws FormatError for each dtype and each quantization that tfjs does not decode', async () => {
    for (const [spec, message] of DTYPES) {
      const change = (edit: Edit) => Object.assign(specs(edit)[0], spec);
      await expectRefusal(edited('2', 'sequential', change), FormatError, `loadKerasModel: ${message}`);
    }
  });

  it('computes quantized weights: value * scale + min, and halves', async () => {
    const sequential = { name: 'm', layers: [dense('d')], build_input_shape: [null, 2] };
    const load = async (quantization: unknown, data: Uint8Array | Uint16Array) => {
      const model = await loadKerasModel({
        modelTopology: { class_name: 'Sequential', config: sequential },
        weightSpecs: [
          { name: 'd/kernel', shape: [2, 3], dtype: 'float32', quantization },
          { name: 'd/bias', shape: [3], dtype: 'float32', quantization },
        ] as tf.io.WeightsManifestEntry[],
        weightData: data.buffer as ArrayBuffer,
      });
      const values = (
        await Promise.all(model.getWeights().map(async (weight) => [...(await weight.data())]))
      ).flat();
      disposeModel(model);
      return values;
    };
    const codes = [0, 1, 2, 3, 4, 5, 6, 7, 255];
    const expected = codes.map((code) => code * 0.5 - 1);
    const affine = { scale: 0.5, min: -1, original_dtype: 'float32' };
    expect(await load({ ...affine, dtype: 'uint8' }, Uint8Array.from(codes))).to.deep.equal(expected);
    expect(await load({ ...affine, dtype: 'uint16' }, Uint16Array.from(codes))).to.deep.equal(expected);
    // 1, -2 and 0.5, by IEEE 754.
    const halves = Uint16Array.from([0x3c00, 0xc000, 0x3800, 0, 0, 0, 0, 0, 0]);
    const values = await load({ dtype: 'float16', original_dtype: 'float32' }, halves);
    expect(values).to.deep.equal([1, -2, 0.5, 0, 0, 0, 0, 0, 0]);
  });

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

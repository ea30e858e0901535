import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { StateDictError } from '../../src/errors.js';
import { gru, gruCell } from '../../src/index.js';
import { type LoadOptions, loadStateDict } from '../../src/models/load-state-dict.js';
import type { LayersByPath } from '../../src/models/target.js';
import { toStateDict } from '../../src/models/to-state-dict.js';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';
import { describeEachBackend } from '../support/backends.js';
import { below, expectSameBits, f32 } from './torch-modules.js';

const recurrent = (suffix: string, inputs: number): StateDict =>
  new Map([
    [`weight_ih${suffix}`, f32([9, inputs])],
    [`weight_hh${suffix}`, f32([9, 3])],
    [`bias_ih${suffix}`, f32([9])],
    [`bias_hh${suffix}`, f32([9])],
  ]);
const linear = (inputs: number, outputs: number): StateDict =>
  new Map([
    ['weight', f32([outputs, inputs])],
    ['bias', f32([outputs])],
  ]);

/** The state_dict of a module with an encoder, and a decoder with modules of its own. */
const file = (): StateDict =>
  new Map([
    ['embedding.weight', f32([4, 2])],
    ...below('encoder.rnn', recurrent('_l0', 2)),
    ...below('decoder.cell', recurrent('', 5)),
    ...below('decoder.attn', linear(6, 3)),
    ...below('decoder.out', linear(3, 4)),
  ]);

const layersOf = () => ({
  embedding: tf.layers.embedding({ inputDim: 4, outputDim: 2 }),
  'encoder.rnn': gru({ hiddenSize: 3 }),
  'decoder.cell': gruCell({ hiddenSize: 3 }),
  'decoder.attn': tf.layers.dense({ units: 3 }),
  'decoder.out': tf.layers.dense({ units: 4 }),
});

function disposeAll(layers: LayersByPath): void {
  for (const layer of new Set(Object.values(layers)))
    if (layer instanceof tf.Variable || layer.built || layer instanceof tf.LayersModel) layer.dispose();
}

function without<T extends LayersByPath>(layers: T, ...paths: string[]): LayersByPath {
  return Object.fromEntries(Object.entries(layers).filter(([path]) => !paths.includes(path)));
}

function faultOf(layers: LayersByPath, stateDict: StateDict, options?: LoadOptions): StateDictError {
  try {
    loadStateDict(layers, stateDict, options);
  } catch (error) {
    if (error instanceof StateDictError) return error;
    throw error;
  }
  throw new Error('the load did not fail');
}

const linesOf = (error: Error) => error.message.split('\n\t');

describeEachBackend('layers by path', () => {
  it('are loaded from the keys below their paths, whatever their names, and written back', async () => {
    const layers = layersOf();
    const report = loadStateDict(layers, file());
    expect(report).to.deep.include({ loaded: [...file().keys()], missing: [], unexpected: [], warnings: [] });
    expectSameBits(await toStateDict(layers), file());
    disposeAll(layers);
  });

  it('may be models, whose layers have their own names below the path', async () => {
    const decoder = tf.sequential({
      layers: [
        tf.layers.dense({ name: 'attn', units: 3, inputShape: [6] }),
        tf.layers.dense({ name: 'out', units: 4 }),
      ],
    });
    const { embedding, 'encoder.rnn': rnn, 'decoder.cell': cell } = layersOf();
    const layers = { embedding, 'encoder.rnn': rnn, 'decoder.cell': cell, decoder };
    loadStateDict(layers, file());
    expectSameBits(await toStateDict(layers), file());
    expect(() => loadStateDict(layers, file(), { map: { 'decoder.attn': 'out' } })).to.throw(
      StateDictError,
      'Missing key(s) in state_dict: "out.weight", "out.bias"',
    );
    disposeAll(layers);
  });

  it('may stand at the root, beside others', async () => {
    const layers = { '': gru({ hiddenSize: 3 }), fc: tf.layers.dense({ units: 2 }) };
    const subclass = new Map([...recurrent('_l0', 2), ...below('fc', linear(3, 2))]);
    loadStateDict(layers, subclass);
    expectSameBits(await toStateDict(layers), subclass);
    disposeAll(layers);
  });

  it('share one layer under two paths, which the file has under both, with the same values', async () => {
    const shared = tf.layers.dense({ units: 3, useBias: false });
    const layers = { 'a.fc': shared, 'b.fc': shared };
    const both = new Map([
      ['a.fc.weight', f32([3, 2])],
      ['b.fc.weight', f32([3, 2])],
    ]);
    expect(loadStateDict(layers, both).loaded).to.deep.equal(['a.fc.weight', 'b.fc.weight']);
    expectSameBits(await toStateDict(layers), both);
    const one = below('b.fc', new Map([['weight', f32([3, 2])]]));
    expect(linesOf(faultOf(layers, one)).slice(1)).to.deep.equal([
      'Missing key(s) in state_dict: "a.fc.weight". ',
      'Hint: "a.fc.weight" is missing, and the file has the weight as "b.fc.weight": where it has one name, pass map: ' +
        '{ "a.fc": "b.fc" }.',
    ]);
    const map = { 'a.fc': 'b.fc' };
    expect(loadStateDict(layers, one, { map }).loaded).to.deep.equal(['b.fc.weight']);
    expectSameBits(await toStateDict(layers, { map }), one);
    const differing = new Map(both).set('b.fc.weight', f32([3, 2], [1, 2, 3, 4, 5, 6]));
    expect(linesOf(faultOf(layers, differing))[1]).to.equal(
      '"a.fc.weight" and "b.fc.weight" are for one weight, but their values differ.',
    );
    disposeAll(layers);
  });

  it('take a map, for weights that are tied to a module without a layer', async () => {
    const layers = { embedding: tf.layers.embedding({ inputDim: 4, outputDim: 3 }) };
    const tied = new Map([
      ['embedding.weight', f32([4, 3])],
      ['out.weight', f32([4, 3])],
    ]);
    const map = { embedding: ['embedding', 'out'] };
    loadStateDict(layers, tied, { map });
    expectSameBits(await toStateDict(layers, { map }), tied);
    const path = (layerPath: string) => (layerPath === 'embedding' ? map.embedding : undefined);
    expect(loadStateDict(layers, tied, { map: path }).loaded).to.have.lengthOf(2);
    expect(() => loadStateDict(layers, tied, { map: { fc: 'out' } })).to.throw(
      RangeError,
      'loadStateDict: map: expected names of layers ("embedding"), got "fc"',
    );
    disposeAll(layers);
  });

  it('take a prefix, and drop what a wrapper put before the keys', async () => {
    const layers = layersOf();
    const wrapped = new Map([...below('module.net', file()), ['module.step', f32([])]]);
    const report = loadStateDict(layers, wrapped, { prefix: 'net' });
    expect(report).to.deep.include({ strippedPrefix: 'module', unexpected: [] });
    expect(loadStateDict(layers, below('my', file()), { stripPrefix: 'my' }).strippedPrefix).to.equal('my');
    expectSameBits(await toStateDict(layers, { prefix: 'net' }), below('net', file()));
    disposeAll(layers);
  });

  it('name the modules of the file that were forgotten, and what they are', () => {
    const layers = without(layersOf(), 'decoder.attn', 'decoder.cell');
    const tensors = tf.memory().numTensors;
    const error = faultOf(layers, file());
    expect(linesOf(error)).to.deep.equal([
      'Error(s) in loading state_dict for "embedding", "encoder.rnn", "decoder.out":',
      `Unexpected key(s) in state_dict: ${[...file().keys()]
        .filter((key) => /attn|cell/.test(key))
        .map((key) => `"${key}"`)
        .join(', ')}. `,
      'Hint: No path names these modules of the file: "decoder.cell" (GRUCell(5, 3)), "decoder.attn" (Linear(6, 3)). ' +
        'Give each a layer. Only where the forward here needs none of them, strict: false leaves them out.',
    ]);
    expect(error.unexpected).to.have.lengthOf(6);
    expect(tf.memory().numTensors).to.equal(tensors);
    const taken: string[] = [];
    const report = loadStateDict(layers, file(), { strict: false, onWarnings: (all) => taken.push(...all) });
    expect(report.unexpected).to.have.lengthOf(6);
    expect(taken).to.have.lengthOf(1);
    expect(taken[0]).to.match(
      /^No path names these modules of the file: "decoder\.cell" .* Give each a layer\.$/,
    );
    disposeAll(layers);
  });

  it('name parameters that no layer holds, and the variable that takes each', async () => {
    const layers = layersOf();
    const whole = file().set('decoder.v', f32([3]));
    const error = faultOf(layers, whole);
    const [hint] = linesOf(error).slice(2);
    expect(hint).to.equal(
      'Hint: No path names these parameters, and no layer is known for their modules: "decoder.v" [3]. Give each a variable, ' +
        '{ ...layers, "decoder.v": tf.variable(tf.zeros([3])) }. Only where the forward here needs none of them, strict: false ' +
        'leaves them out.',
    );
    const code = /variable, (\{.*?\})\. Only/.exec(hint as string)?.[1];
    const make = new Function('tf', 'layers', `return ${code}`);
    const all = tf.tidy(() => make(tf, layers)) as LayersByPath;
    expect(loadStateDict(all, whole).unexpected).to.deep.equal([]);
    expectSameBits(await toStateDict(all), whole);
    disposeAll(all);
  });

  it('say the path of a layer in hints and refusals, not the name that tfjs gave it', () => {
    const layers = { ...layersOf(), 'decoder.out': tf.layers.dense({ units: 4, useBias: false }) };
    expect(linesOf(faultOf(layers, file())).at(-1)).to.equal(
      'Hint: Pass useBias: true to layer "decoder.out" if the module was made so.',
    );
    const old = tf.layers.simpleRNN({ units: 3 });
    expect(() => loadStateDict({ 'encoder.rnn': old }, file())).to.throw(
      'loadStateDict: layer "encoder.rnn": expected one of ',
    );
  });

  it('say so where a path is spelt otherwise', () => {
    const { 'encoder.rnn': rnn, ...others } = layersOf();
    const error = faultOf({ ...others, 'enc.rnn': rnn }, file());
    expect(error.missing[0]).to.equal('enc.rnn.weight_ih_l0');
    expect(error.message).to.include('"encoder.rnn" (GRU(2, 3))').and.include('"enc.rnn": "encoder.rnn"');
    loadStateDict({ ...others, 'enc.rnn': rnn }, file(), { map: { 'enc.rnn': 'encoder.rnn' } });
    disposeAll({ ...others, rnn });
  });

  it('change nothing where one fails', () => {
    const layers = layersOf();
    const tensors = tf.memory().numTensors;
    const faulty = file().set('decoder.out.bias', f32([5]));
    expect(() => loadStateDict(layers, faulty)).to.throw(
      StateDictError,
      'size mismatch for decoder.out.bias',
    );
    expect(Object.values(layers).map(({ built }) => built)).to.deep.equal([
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(tf.memory().numTensors).to.equal(tensors);
  });

  it('are refused with other values, for what is loaded and for what is written', async () => {
    const load = loadStateDict as (...args: unknown[]) => unknown;
    const fc = tf.layers.dense({ units: 3 });
    const rule = 'a tf.layers layer or model';
    const entry = `${rule}, or a tf.Variable`;
    for (const [target, type, text] of [
      [{ fc, gru: 3 }, TypeError, `layers["gru"]: expected ${entry}, got 3`],
      [{ fc: Promise.resolve(fc) }, TypeError, `layers["fc"]: expected ${entry}, got a Promise (await it)`],
      [{ fc: { out: fc } }, TypeError, `layers["fc"]: expected ${entry}, got Object`],
      [new Map([['fc', fc]]), TypeError, 'got Map. Object.fromEntries makes an object of a Map'],
      [
        [fc],
        TypeError,
        `layerOrModel: expected ${rule}, or an object from module paths to them, got [Dense]`,
      ],
      [{}, RangeError, 'layerOrModel: expected a module path and its layer, or more, got an empty object'],
      [{ 'fc.': fc }, RangeError, 'module path: expected a module path without a dot at its end'],
    ] as const) {
      expect(() => load(target, file())).to.throw(type, text);
      const error = await toStateDict(target as never).catch((reason: Error) => reason);
      expect(error).to.be.instanceOf(type).and.have.property('message').that.includes(text);
    }
  });
});

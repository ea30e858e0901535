import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { GRU, GRUCell, gru, type LoadOptions, LSTM, loadStateDict, lstm, toTensor } from '../../src/index.js';
import { parseStateDict } from '../../src/state-dict/parse.js';
import type { StateDict, TorchTensor } from '../../src/state-dict/tensors/tensor.js';
import { fixtureBytes } from '../support/node/files.js';
import { tidied } from '../support/tidied.js';

/** What scripts/fixtures/make_remedies.py wrote. */
function fixture(name: string, folder = 'remedies'): StateDict {
  return parseStateDict(fixtureBytes(`${folder}/${name}.safetensors`));
}

const modules = fixture('modules');
const answers = fixture('answers');

/** What scripts/fixtures/make_tied.py wrote. */
const tied = fixture('whole', 'tied');

/** The tensors of some modules, in the order that safetensors gives them, under other names where `renamed` has them. */
function fileOf(...paths: string[]): StateDict {
  return new Map([...modules].filter(([key]) => paths.includes(key.slice(0, key.indexOf('.')))));
}

/** float32 rounding: measured 1.2e-7. */
const LARGEST_ERROR = 1e-6;

/** The largest distance of a layer's output from PyTorch's. */
async function errorOf(
  layer: tf.layers.Layer | tf.LayersModel,
  input: string,
  answer: string,
): Promise<number> {
  return await tidied(async () => {
    const x = toTensor(answers.get(input) as TorchTensor);
    const y = layer.apply(x, {}) as tf.Tensor | tf.Tensor[];
    const [output] = [y].flat() as tf.Tensor[];
    const expected = toTensor(answers.get(answer) as TorchTensor);
    return output === undefined ? Number.NaN : ((await output.sub(expected).abs().max().array()) as number);
  });
}

/** What follows `Hint: ` in the error of a load, or its warnings where it loads. */
function toldBy(layer: tf.layers.Layer, stateDict: StateDict, options: LoadOptions = {}): string {
  try {
    return loadStateDict(layer, stateDict, { ...options, onWarnings: () => {} }).warnings.join('\n');
  } catch (error) {
    return (error as Error).message;
  } finally {
    if (layer.built) layer.dispose();
  }
}

/** The part of the text that the pattern's group finds, as JavaScript would read it. */
function remedyIn(text: string, pattern: RegExp): unknown {
  const [, found] = pattern.exec(text) ?? [];
  expect(found, text).to.not.equal(undefined);
  return new Function(`return (${found});`)();
}

async function expectAsTorch(
  layer: tf.layers.Layer | tf.LayersModel,
  input: string,
  answer: string,
): Promise<void> {
  expect(await errorOf(layer, input, answer)).to.be.below(LARGEST_ERROR);
  layer.dispose();
}

describe('remedies, followed on modules of PyTorch', () => {
  before(() => tf.setBackend('cpu'));

  it('prefix', async () => {
    const told = toldBy(gru({ hiddenSize: 4 }), fileOf('gru', 'head'));
    const prefix = remedyIn(told, /pass prefix: ("[^"]*")\./) as string;
    const layer = gru({ hiddenSize: 4 });
    loadStateDict(layer, fileOf('gru', 'head'), { prefix });
    await expectAsTorch(layer, 'x', 'gru');
    try {
      GRU.fromStateDict(fileOf('gru', 'head')).dispose();
    } catch (error) {
      const own = remedyIn((error as Error).message, /pass prefix: ("[^"]*")\./) as string;
      await expectAsTorch(GRU.fromStateDict(modules, { prefix: own }), 'x', 'gru');
    }
  });

  it('a map, where one module alone fits each layer', async () => {
    const model = () =>
      tf.sequential({
        layers: [
          tf.layers.embedding({ name: 'tokens', inputDim: 9, outputDim: 3, inputShape: [null] }),
          gru({ name: 'rnn', hiddenSize: 4, returnSequences: false }),
          tf.layers.dense({ name: 'classifier', units: 2 }),
        ],
      });
    const file = fileOf('embedding', 'gru', 'head');
    const map = remedyIn(toldBy(model(), file), /pass map: (\{.*?\})\./) as Record<string, string>;
    expect(map).to.deep.equal({ tokens: 'embedding', rnn: 'gru', classifier: 'head' });
    const mapped = model();
    loadStateDict(mapped, file, { map, onWarnings: () => {} });
    await expectAsTorch(mapped, 'ids', 'unpacked');
  });

  it('no map, where two modules fit two layers: one of the two computes what PyTorch does', async () => {
    const model = () => {
      const first = gru({ name: 'gru_1', hiddenSize: 4, inputShape: [null, 4] });
      return tf.sequential({ layers: [first, gru({ name: 'gru_2', hiddenSize: 4 })] });
    };
    const file = fileOf('higher', 'lower');
    const told = toldBy(model(), file);
    expect(told).to.contain(
      'By shapes "higher", "lower" fit, and the file does not tell which belongs to which layer',
    );
    expect(told).to.not.match(/map: \{ "gru_1": "/);
    const errors = await Promise.all(
      [
        { gru_1: 'higher', gru_2: 'lower' },
        { gru_1: 'lower', gru_2: 'higher' },
      ].map(async (map) => {
        const mapped = model();
        loadStateDict(mapped, file, { map });
        const error = await errorOf(mapped, 'wide', 'twins');
        mapped.dispose();
        return error;
      }),
    );
    expect(errors[0]).to.be.above(0.1);
    expect(errors[1]).to.be.below(LARGEST_ERROR);
  });

  it('arguments of the module: one after the other, until all is told', async () => {
    let args: Record<string, unknown> = { name: 'stack', hiddenSize: 4 };
    const told: string[] = [];
    for (let i = 0; i < 8; i++) {
      const text = toldBy(gru(args as never), fileOf('stack'), { prefix: 'stack' });
      if (text === '') break;
      const hints = [...text.matchAll(/Pass (\w+: [\w.]+) to layer "stack"/g)].map(
        ([, argument]) => argument,
      );
      const sizes = [...text.matchAll(/The file's "stack" has (\w+) (\d+), layer/g)].map(
        ([, name, size]) => `${name}: ${size}`,
      );
      const found = [...hints, ...sizes] as string[];
      expect(found, text).to.not.deep.equal([]);
      told.push(...found);
      args = { ...args, ...(new Function(`return { ${found.join(', ')} };`)() as object) };
    }
    expect([...new Set(told)].sort()).to.deep.equal([
      'bias: false',
      'bidirectional: true',
      'hiddenSize: 5',
      'numLayers: 2',
    ]);
    const layer = gru(args as never);
    loadStateDict(layer, fileOf('stack'), { prefix: 'stack' });
    await expectAsTorch(layer, 'x', 'stack');
  });

  it('sizes of a projected LSTM', async () => {
    const text = toldBy(lstm({ hiddenSize: 4 }), fileOf('projected'), { prefix: 'projected' });
    expect(text).to.contain('The file\'s "projected" has hiddenSize 5 and projSize 2, layer');
    const layer = lstm({ hiddenSize: 5, projSize: 2 });
    loadStateDict(layer, fileOf('projected'), { prefix: 'projected' });
    await expectAsTorch(layer, 'x', 'projected');
    await expectAsTorch(LSTM.fromStateDict(modules, { prefix: 'projected' }), 'x', 'projected');
  });

  it('useBias', async () => {
    const text = toldBy(tf.layers.dense({ name: 'out', units: 4 }), fileOf('out'), { prefix: 'out' });
    const args = remedyIn(text, /Pass useBias: (false) to layer "out"/);
    const layer = tf.layers.dense({ name: 'out', units: 4, useBias: args as boolean });
    loadStateDict(layer, fileOf('out'), { prefix: 'out' });
    await expectAsTorch(layer, 'x', 'out');
  });

  it('other names for the keys of a cell that is run over a sequence, and those of a layer for a cell', async () => {
    const cell = fileOf('cell');
    expect(toldBy(gru({ hiddenSize: 4 }), cell, { prefix: 'cell' })).to.contain(
      'rename the keys, "cell.weight_ih" to "cell.weight_ih_l0" and so on',
    );
    const renamed = new Map([...cell].map(([key, tensor]) => [`${key}_l0`, tensor]));
    await expectAsTorch(GRU.fromStateDict(renamed, { prefix: 'cell' }), 'x', 'cell');
    const layerKeys = fileOf('gru');
    const asCell = new Map([...layerKeys].map(([key, tensor]) => [key.replace(/_l0$/, ''), tensor]));
    const layer = tf.layers.rnn({
      cell: GRUCell.fromStateDict(asCell, { prefix: 'gru' }),
      returnSequences: true,
    });
    await expectAsTorch(layer, 'x', 'gru');
  });

  it('a map of tied weights, of which the file has one name, or the model one layer', async () => {
    const whole = tied;
    const embedding = tf.layers.embedding({
      name: 'embedding',
      inputDim: 7,
      outputDim: 4,
      inputShape: [null],
    });
    const layers = (last: tf.layers.Layer[]) =>
      tf.sequential({ layers: [embedding, gru({ name: 'gru', hiddenSize: 4 }), ...last] });
    const fc = () => tf.layers.dense({ name: 'fc', units: 7, useBias: false });
    const lacking = new Map([...whole].filter(([key]) => /^(?:embedding|gru)\./.test(key)));
    const probe = layers([fc()]);
    let told = '';
    try {
      loadStateDict(probe, lacking);
    } catch (error) {
      told = (error as Error).message;
    }
    const [, code] = /where nothing is trained, (.*?) does as well\./.exec(told) ?? [];
    new Function('stateDict', `${code}`)(lacking);
    const warnings: string[] = [];
    loadStateDict(probe, lacking, { onWarnings: (all) => warnings.push(...all) });
    expect(warnings.join()).to.contain(
      'one tensor in the file, and two weights here, which training moves apart',
    );
    const output = await tidied(async () => {
      const y = probe.predict(toTensor(whole.get('ids') as TorchTensor)) as tf.Tensor;
      return (await y
        .sub(toTensor(whole.get('output') as TorchTensor))
        .abs()
        .max()
        .array()) as number;
    });
    expect(output).to.be.below(LARGEST_ERROR);
    probe.dispose();
    const short = tf.sequential({
      layers: [
        tf.layers.embedding({ name: 'embedding', inputDim: 7, outputDim: 4, inputShape: [null] }),
        gru({ name: 'gru', hiddenSize: 4 }),
      ],
    });
    const surplus = new Map([...whole].filter(([key]) => /^(?:embedding|gru|fc)\./.test(key)));
    try {
      loadStateDict(short, surplus);
    } catch (error) {
      told = (error as Error).message;
    }
    const ties = remedyIn(told, /has the values of .*?: if the module ties them, pass map: (\{.*?\})\./);
    expect(ties).to.deep.equal({ embedding: ['embedding', 'fc'] });
    expect(loadStateDict(short, surplus, { map: ties as never }).unexpected).to.deep.equal([]);
    short.dispose();
  });

  it('sharedAxes of a PReLU', async () => {
    const prelu = (args: object) => tf.layers.prelu({ inputShape: [6, 4], ...args } as never);
    const text = toldBy(prelu({}), fileOf('prelu'), { prefix: 'prelu' });
    const sharedAxes = remedyIn(text, /Pass sharedAxes: (\[[\d, ]*\])/);
    const layer = prelu({ sharedAxes });
    loadStateDict(layer, fileOf('prelu'), { prefix: 'prelu' });
    await expectAsTorch(layer, 'wide', 'prelu');
  });

  it('prefix, where two models fit', async () => {
    const below = (path: string, of: string) =>
      [...fileOf(of)].map(([key, tensor]) => [`${path}.gru${key.slice(of.length)}`, tensor] as const);
    const file = new Map([...below('module', 'lower'), ...below('model', 'higher')]);
    const model = () =>
      tf.sequential({ layers: [gru({ name: 'gru', hiddenSize: 4, inputShape: [null, 4] })] });
    const text = toldBy(model(), file);
    const prefixes = [...text.matchAll(/prefix: ("[^"]*")/g)].map(([, prefix]) =>
      JSON.parse(prefix as string),
    );
    expect(prefixes).to.deep.equal(['module', 'model']);
    const [first, second] = await Promise.all(
      prefixes.map(async (prefix) => {
        const layer = model();
        expect(loadStateDict(layer, file, { prefix }).warnings).to.deep.equal([]);
        const error = await errorOf(layer, 'wide', 'wide');
        layer.dispose();
        return error;
      }),
    );
    expect(first).to.not.equal(second);
  });

  it('strict: false, where modules are left out on purpose', async () => {
    const model = () =>
      tf.sequential({ layers: [gru({ name: 'gru', hiddenSize: 4, inputShape: [null, 3] })] });
    const file = fileOf('gru', 'head');
    expect(toldBy(model(), file)).to.contain(
      'No layer takes them. Where the model here leaves these modules out on purpose, and its numbers do not depend on ' +
        'them, pass strict: false.',
    );
    const layer = model();
    loadStateDict(layer, file, { strict: false });
    await expectAsTorch(layer, 'x', 'gru');
  });
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { UnsupportedError } from '../../src/index.js';
import { loadKerasModel } from '../../src/keras/index.js';
import { disposeModel } from './fixtures.js';
import { expectRefusal } from './support.js';
import { functional, type Json, layer, ref, topology } from './topologies.js';

const input = layer('InputLayer', { name: 'x', batch_input_shape: [2, 4, 3], dtype: 'float32' });
const dense = (name: string, from: unknown[]) => layer('Dense', { name, units: 3, use_bias: false }, [from]);

/** A model whose kernels, 3x3, are full of 1, 2, ... under these names. */
function source(layers: unknown[], output: unknown[], names: readonly string[], version = '2.15.0') {
  const weightSpecs = names.map((name) => ({ name, shape: [3, 3], dtype: 'float32' as const }));
  const values = Float32Array.from({ length: 9 * names.length }, (_, i) => 1 + Math.floor(i / 9));
  return {
    modelTopology: topology([input, ...layers], output, version),
    weightSpecs,
    weightData: values.buffer,
  };
}

/** The first value of each weight of a layer. */
async function loaded(artifacts: tf.io.ModelArtifacts, names: readonly string[]) {
  const model = await loadKerasModel(artifacts);
  const values = await Promise.all(
    names.map(async (name) => (await model.getLayer(name).getWeights()[0]!.data())[0]),
  );
  disposeModel(model);
  return values;
}

describe('a layer of Keras', () => {
  it('may have slashes in its name', async () => {
    const names = ['conv1/conv', 'conv', 'conv1/conv/conv', 'conv/conv'];
    const layers = names.map((name, i) => dense(name, ref(i === 0 ? 'x' : (names[i - 1] as string))));
    const kernels = names.map((name) => `${name}/kernel`);
    const make = (all: readonly string[]) => source(layers, ref('conv/conv'), all);
    expect(await loaded(make(kernels), names)).to.deep.equal([1, 2, 3, 4]);
    const inModel = kernels.map((name) => `model/${name}`);
    expect(await loaded(make(inModel), names)).to.deep.equal([1, 2, 3, 4]);
    const loadedByTfjs = await tf.loadLayersModel({ load: async () => make(kernels) as never });
    const values = await Promise.all(
      names.map(async (name) => (await loadedByTfjs.getLayer(name).getWeights()[0]!.data())[0]),
    );
    expect(values).to.deep.equal([1, 2, 3, 4]);
    disposeModel(loadedByTfjs);
  });

  it('may have slashes in its name inside a model, and in Bidirectional', async () => {
    const inner = functional([input, dense('a/b', ref('x'))], ref('a/b'), 'in/ner');
    const lstm = { class_name: 'LSTM', config: { name: 'c/d', units: 1, use_bias: false } };
    const bi = layer('Bidirectional', { name: 'e/f', layer: lstm }, [ref('in/ner', 1)]);
    const nested = { ...layer('Functional', inner.config as Json, [ref('x')]), name: 'in/ner' };
    const artifacts = source([nested, bi], ref('e/f'), ['in/ner/a/b/kernel']);
    for (const direction of ['forward', 'backward'])
      for (const [name, rows] of [
        ['kernel', 3],
        ['recurrent_kernel', 1],
      ] as const)
        artifacts.weightSpecs.push({
          name: `e/f/${direction}_c/d/lstm_cell/${name}`,
          shape: [rows, 4],
          dtype: 'float32',
        });
    artifacts.weightData = new ArrayBuffer(4 * (9 + 2 * 16));
    disposeModel(await loadKerasModel(artifacts));
  });

  it('may be called as what a model has beside its layers', async () => {
    const names = ['optimizer', 'metrics', 'compile_metrics', 'seed_generator_1'];
    const layers = names.map((name, i) => dense(name, ref(i === 0 ? 'x' : (names[i - 1] as string))));
    const kernels = names.map((name) => `${name}/kernel`);
    expect(await loaded(source(layers, ref('seed_generator_1'), kernels), names)).to.deep.equal([1, 2, 3, 4]);
    const byClass = names.map((_, i) => `layers/dense${i === 0 ? '' : `_${i}`}/vars/0`);
    const beside = [
      'optimizer/vars/0',
      'metrics/mean/vars/0',
      'layers/dense/seed_generator/vars/0',
      'optimizer/learning_rate',
      'dropout/seed_generator_2/seed_generator_state',
    ];
    const file = source(layers, ref('seed_generator_1'), [...byClass, ...beside], '3.15.1');
    expect(await loaded(file, names)).to.deep.equal([1, 2, 3, 4]);
  });

  it('is refused by a name that tfjs does not take, and loads under another one', async () => {
    const make = (name: string) => source([dense(name, ref('x'))], ref(name), [`${name}/kernel`]);
    for (const name of ['dense (1)', '_x', 'a b', 'é'])
      await expectRefusal(
        make(name),
        UnsupportedError,
        `loadKerasModel: name of layer "${name}": expected letters, digits, - . _ and /, a letter or digit first, ` +
          `as tfjs needs, got "${name}". Rename the layer in Keras`,
      );
    expect(await loaded(make('Dense-1.a_b'), ['Dense-1.a_b'])).to.deep.equal([1]);
  });

  it('that is stateful leaves no state where its weights are missing', () => {
    const lstm = layer('LSTM', { name: 'lstm', units: 2, stateful: true }, [ref('x')]);
    return expectRefusal(source([lstm], ref('lstm'), []), Error, 'missing: "lstm/kernel"');
  });

  it('is refused in short words: a cell in Bidirectional, a chain that tfjs cannot follow', async () => {
    const config = { name: 'rnn', cell: { class_name: 'LSTMCell', config: { name: 'cell', units: 2 } } };
    const bi = layer('Bidirectional', { name: 'bi', layer: { class_name: 'RNN', config } }, [ref('x')]);
    await expectRefusal(
      source([bi], ref('bi'), []),
      UnsupportedError,
      'loadKerasModel: layer of layer "bi": expected a layer such as LSTM or SimpleRNN, which tfjs can build in ' +
        'Bidirectional, got "RNN" with a cell',
    );
    const chain = Array.from({ length: 10_000 }, (_, i) =>
      layer('Activation', { name: `a${i}`, activation: 'linear' }, [ref(i === 0 ? 'x' : `a${i - 1}`)]),
    );
    await expectRefusal(
      source(chain, ref('a9999'), []),
      UnsupportedError,
      'loadKerasModel: layer "model": expected chains of layers that tfjs can follow, by calls in calls, got ',
    );
  }).timeout(60_000);
});

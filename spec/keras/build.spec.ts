import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { loadKerasModel } from '../../src/keras/index.js';
import { disposeModel } from './fixtures.js';
import { input, type Json, layer, ref, topology } from './topologies.js';

const cell = (name: string) => ({
  class_name: 'LSTMCell',
  config: { name, units: 2, recurrent_initializer: { class_name: 'Orthogonal', config: { gain: 1 } } },
});
const stack = (...cells: unknown[]) => ({ class_name: 'StackedRNNCells', config: { name: 'stack', cells } });
const rnn = (inner: unknown): Json => ({ name: 'rnn', cell: inner, return_sequences: true });

/** The names and shapes of a cell's weights. */
function cellWeights(prefix: string, rows: number) {
  const shapes = { kernel: [rows, 8], recurrent_kernel: [2, 8], bias: [8] };
  return Object.entries(shapes).map(([name, shape]) => ({
    name: `${prefix}/${name}`,
    shape,
    dtype: 'float32' as const,
  }));
}

describe('a Keras model', () => {
  it('computes no initial value for the weights that its file has, also of cells in a stack', async () => {
    const { initializers } = tf;
    const orthogonal = Object.getPrototypeOf(initializers.orthogonal({})) as { apply: unknown };
    const { apply } = orthogonal;
    let drawn = 0;
    orthogonal.apply = function (this: unknown, ...args: unknown[]) {
      drawn++;
      return (apply as (...all: unknown[]) => unknown).apply(this, args);
    };
    try {
      const { config } = cell('lstm');
      const wrapped = { name: 'over', layer: { class_name: 'LSTM', config } };
      const layers = [
        input(),
        layer('RNN', rnn(stack(cell('a'), cell('b'))), [ref('x')]),
        layer('Bidirectional', wrapped, [ref('rnn')]),
      ];
      const weightSpecs = [
        ...cellWeights('rnn/RNNCell_0', 3),
        ...cellWeights('rnn/RNNCell_1', 2),
        ...['forward', 'backward'].flatMap((direction) => cellWeights(`over/${direction}_lstm`, 2)),
      ];
      const bytes = 4 * weightSpecs.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);
      const modelTopology = topology(layers, ref('over'));
      const source = { modelTopology, weightSpecs, weightData: new ArrayBuffer(bytes) };
      disposeModel(await loadKerasModel(source));
      expect(drawn).to.equal(0);
    } finally {
      orthogonal.apply = apply;
    }
  });
});

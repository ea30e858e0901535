import * as tf from '@tensorflow/tfjs';
import { serialization } from '@tensorflow/tfjs';
import { expect } from 'chai';
import { UnsupportedError } from '../../src/index.js';
import { toTfjsTopology } from '../../src/keras/topology/topology.js';
import { functional, input, type Json, layer, ref, topology } from './topologies.js';

class Passes extends tf.layers.Layer {
  static className = 'TorchSpecPasses';
}
serialization.registerClass(Passes);

const masking = layer('Masking', { name: 'masking', mask_value: 0 }, [ref('x')]);
const masked = ref('masking');
const lstm = (name: string, ...calls: unknown[][]) => layer('LSTM', { name, units: 2 }, ...calls);

const REFUSALS: readonly [
  what: string,
  layers: unknown[],
  output: unknown[],
  version: string,
  text: string,
][] = [
  [
    'a masked recurrent layer in TimeDistributed',
    [
      layer(
        'TimeDistributed',
        { name: 'each', layer: { class_name: 'LSTM', config: { name: 'in', units: 2 } } },
        [masked],
      ),
    ],
    ref('each'),
    '2.15.0',
    'mask of layer "each": expected none for TimeDistributed, got one. It computes with the mask in Keras: ' +
      'mask behind it, or not at all',
  ],
  [
    'a mask that a Concatenate of steps lengthens',
    [layer('Concatenate', { name: 'cat', axis: 1 }, [masked, masked]), lstm('last', [ref('cat')])],
    ref('last'),
    '2.15.0',
    'mask of layer "last": expected that of layer "masking", got none in tfjs. ' +
      'tfjs does not lengthen masks, as layer "cat" does in Keras: mask behind it',
  ],
  [
    'a masked product of Keras 3, which leaves masked steps out',
    [layer('Multiply', { name: 'product' }, [masked, ref('x')]), lstm('last', [ref('product')])],
    ref('last'),
    '3.15.1',
    'mask of layer "product": expected none for Multiply, got one.',
  ],
  [
    'a layer with a masked and an unmasked call',
    [lstm('both', [masked], [ref('x')]), layer('Add', { name: 'sum' }, [ref('both', 0), ref('both', 1)])],
    ref('sum'),
    '2.15.0',
    'mask of layer "both": expected every call of it to be masked, or none, got both kinds.',
  ],
  [
    'a mask behind a class that is no layer of tfjs',
    [layer('TorchSpecPasses', { name: 'own' }, [masked]), lstm('last', [ref('own')])],
    ref('last'),
    '2.15.0',
    'mask of layer "last": expected that of layer "masking", got none in tfjs. layer "own" is a class that tfjs does not have',
  ],
];

describe('loadKerasModel refuses', () => {
  for (const [what, layers, output, version, text] of REFUSALS)
    it(what, () => {
      const model = topology([input(), masking, ...layers], output, version);
      expect(() => toTfjsTopology(model as never)).to.throw(UnsupportedError, text);
    });

  it('the mask of the second input of a model inside, and one that meets another mask there', () => {
    const inner = (reader: unknown[], ...more: unknown[]) => {
      const model = functional(
        [input(), input('y'), ...more, lstm('inside', reader)],
        ref('inside'),
        'inner',
      );
      (model.config as Json).input_layers = [ref('x'), ref('y')];
      return { ...layer('Functional', model.config as Json, [ref('x'), masked]), name: 'inner' };
    };
    const text =
      'mask of layer "inside": expected that of layer "masking", got another one or none in tfjs. ' +
      'tfjs hands the mask of the first input alone into a model inside a model: put its layers into the outer one';
    const load = (model: unknown) => () =>
      toTfjsTopology(topology([input(), masking, model], ref('inner', 1)) as never);
    expect(load(inner([ref('y')]))).to.throw(UnsupportedError, text);
    expect(load(inner([ref('x')]))).not.to.throw();
  });

  it('no unmasked call of what it refuses under a mask', () => {
    const td = layer(
      'TimeDistributed',
      { name: 'each', layer: { class_name: 'LSTM', config: { name: 'in', units: 2 } } },
      [ref('x')],
    );
    const { model } = toTfjsTopology(
      topology([input(), masking, td, lstm('last', [masked])], ref('each')) as never,
    );
    expect(JSON.stringify(model)).to.include('TorchKerasMaskedLSTM');
  });

  it('nothing and replaces nothing where no layer makes a mask', () => {
    const layers = [input(), lstm('a', [ref('x')]), layer('LeakyReLU', { name: 'leaky' }, [ref('a')])];
    const { model } = toTfjsTopology(topology(layers, ref('leaky')) as never);
    expect(JSON.stringify(model)).not.to.include('Masked');
  });
});

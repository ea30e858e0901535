import { FormatError, UnsupportedError } from '../../src/index.js';
import type { KerasVersion } from './fixtures.js';
import { type Edit, edited, expectRefusal } from './support.js';

interface Refusal {
  readonly of: string;
  readonly in: readonly [KerasVersion, string];
  readonly change: (edit: Edit) => void;
  readonly message: string;
}

const inner = ({ layer }: Edit, name: string) =>
  (layer(name).config.layer as { config: Record<string, unknown> }).config;

/** Puts the sum of `inputs` before the layer `bi`: of the masked `embed`, and of `place`, an embedding without a mask. */
function addBefore({ model, layer }: Edit, inputs: readonly ('embed' | 'place')[]): void {
  const add = (class_name: string, config: Record<string, unknown>, inbound_nodes: unknown) =>
    (model.config.layers as unknown[]).push({ class_name, config, name: config.name, inbound_nodes });
  const embed = layer('embed');
  add('Embedding', { ...embed.config, name: 'place', mask_zero: false }, embed.inbound_nodes);
  add('Add', { name: 'add' }, [inputs.map((name) => [name, 0, 0, {}])]);
  layer('bi').inbound_nodes = [[['add', 0, 0, {}]]];
}

const REFUSALS: readonly Refusal[] = [
  {
    of: 'an activation other than tanh',
    in: ['2', 'sequential'],
    change: ({ layer }) => (layer('last').config.activation = 'relu'),
    message: 'loadKerasModel: activation of layer "last": expected "tanh", got "relu"',
  },
  {
    of: 'a recurrent activation, of a direction',
    in: ['2', 'tagger'],
    change: (edit) => (inner(edit, 'bi').recurrent_activation = 'hard_sigmoid'),
    message: 'loadKerasModel: recurrent_activation of layer "both": expected "sigmoid", got "hard_sigmoid"',
  },
  {
    of: 'recurrent dropout',
    in: ['3', 'sequential'],
    change: ({ layer }) => (layer('last').config.recurrent_dropout = 0.2),
    message:
      'loadKerasModel: recurrent_dropout of layer "last": expected 0, got 0.2. ' +
      'It acts in training only: for predictions alone set it to 0 in model.json',
  },
  {
    of: 'sequences with time first',
    in: ['2', 'sequential'],
    change: ({ layer }) => (layer('last').config.time_major = true),
    message: 'loadKerasModel: time_major of layer "last": expected false, got true',
  },
  {
    of: 'a constraint',
    in: ['3', 'sequential'],
    change: ({ layer }) =>
      (layer('last').config.kernel_constraint = { class_name: 'MaxNorm', config: { max_value: 2, axis: 0 } }),
    message: 'loadKerasModel: kernel_constraint of layer "last": expected none, got "MaxNorm"',
  },
  {
    of: 'a regularizer of another kind',
    in: ['3', 'sequential'],
    change: ({ layer }) =>
      (layer('last').config.kernel_regularizer = { class_name: 'OrthogonalRegularizer', config: {} }),
    message:
      'loadKerasModel: kernel_regularizer of layer "last": expected L1, L2 or L1L2, got "OrthogonalRegularizer"',
  },
  {
    of: 'dropout that a call fixed to training',
    in: ['3', 'tagger'],
    change: ({ layer }) => {
      layer('top').config.dropout = 0.5;
      (layer('top').inbound_nodes[0] as { kwargs: Record<string, unknown> }).kwargs.training = true;
    },
    message: 'loadKerasModel: training of layer "top": expected no fixed value in a call, got true',
  },
  {
    of: 'a backward layer with another size',
    in: ['3', 'tagger'],
    change: ({ layer }) =>
      ((layer('bi').config.backward_layer as { config: Record<string, unknown> }).config.units = 5),
    message: 'loadKerasModel: backward_layer of layer "bi": expected units 4, as in the forward layer, got 5',
  },
  {
    of: 'GRU cells in a stack',
    in: ['2', 'per-frame'],
    change: ({ layer }) => {
      const { cell, ...config } = layer('over').config;
      layer('over').config = {
        ...config,
        cell: { class_name: 'StackedRNNCells', config: { cells: [cell] } },
      };
    },
    message: 'loadKerasModel: GRUCell in layer "over": expected reset_after true in GRU',
  },
  {
    of: 'a layer that tfjs does not have',
    in: ['2', 'sequential'],
    change: ({ layer }) => (layer('drop').class_name = 'Custom>Noise'),
    message:
      'loadKerasModel: class_name of layer "drop": expected a layer of tfjs, got "Custom>Noise". ' +
      'Write it in JavaScript and register it with tf.serialization.registerClass',
  },
  {
    of: 'a subclass of Model',
    in: ['2', 'sequential'],
    change: ({ model }) => (model.class_name = 'MyModel'),
    message: 'loadKerasModel: modelTopology.class_name: expected Functional or Sequential, got "MyModel"',
  },
  {
    of: 'a configuration that tfjs cannot build',
    in: ['2', 'sequential'],
    change: ({ layer }) => (layer('out').config.units = null),
    message: 'loadKerasModel: layer "out": expected one that tfjs can build, got ',
  },
  {
    of: 'the hard sigmoid of Keras 3, which is another one',
    in: ['3', 'sequential'],
    change: ({ layer }) => (layer('out').config.activation = 'hard_sigmoid'),
    message:
      'loadKerasModel: activation of layer "out": expected an activation that tfjs computes, got "hard_sigmoid". ' +
      'Keras 3 computes',
  },
  {
    of: 'the hard sigmoid of Keras 3 in a cell',
    in: ['3', 'sequential'],
    change: ({ layer }) => {
      layer('last').class_name = 'RNN';
      layer('last').config.cell = {
        class_name: 'LSTMCell',
        config: { name: 'cell', recurrent_activation: 'hard_sigmoid' },
      };
    },
    message:
      'loadKerasModel: recurrent_activation of layer "cell": expected an activation that tfjs computes',
  },
  {
    of: 'a mask of the model that no embedding makes',
    in: ['3', 'tagger'],
    change: ({ layer }) => (layer('embed').config.mask_zero = false),
    message:
      'loadKerasModel: mask of layer "bi": expected one that a single Embedding(mask_zero=True) or Masking makes, ' +
      'got the output of "not_equal"',
  },
  {
    of: 'an argument of a call that is no output of a layer',
    in: ['3', 'tagger'],
    change: ({ layer }) =>
      ((layer('top').inbound_nodes[0] as { kwargs: Record<string, unknown> }).kwargs.constants = [1, 2]),
    message: 'loadKerasModel: constants of layer "top": expected outputs of layers only, got [1, 2]',
  },
  {
    of: 'a GRU inside TimeDistributed behind a mask',
    in: ['2', 'per-frame'],
    change: ({ model, layer }) => {
      const config = { name: 'masking', mask_value: 0 };
      const inbound_nodes = [[['x', 0, 0, {}]]];
      (model.config.layers as unknown[]).push({
        class_name: 'Masking',
        config,
        name: 'masking',
        inbound_nodes,
      });
      layer('each').inbound_nodes = [[['masking', 0, 0, {}]]];
    },
    message:
      'loadKerasModel: mask of layer "each": expected none for TimeDistributed, got one. ' +
      'It computes with the mask in Keras: mask behind it, or not at all',
  },
  {
    of: 'a mask that comes out of a nested model',
    in: ['2', 'nested-mask'],
    change: ({ model, layer }) => {
      const last = {
        ...structuredClone(layer('inner').config.layers as { name: string }[])[1],
      } as unknown as {
        name: string;
        config: Record<string, unknown>;
        inbound_nodes: unknown;
      };
      Object.assign(last, { name: 'behind', inbound_nodes: [[['inner', 1, 0, {}]]] });
      last.config.name = 'behind';
      (model.config.layers as unknown[]).push(last);
      model.config.output_layers = [['behind', 0, 0]];
    },
    message:
      'loadKerasModel: mask of layer "behind": expected that of layer "embed", got none in tfjs. ' +
      'tfjs drops the mask of a model inside a model: put the layers of "inner" into the outer one',
  },
  {
    of: 'masks that Keras 3 merges otherwise',
    in: ['3', 'tagger'],
    change: ({ model, layer }) => {
      const other = structuredClone(layer('not_equal'));
      Object.assign(other, { name: 'other' });
      other.config.name = 'other';
      const tensor = (name: string) => ({
        class_name: '__keras_tensor__',
        config: { keras_history: [name, 0, 0] },
      });
      const inbound_nodes = [{ args: [tensor('not_equal'), tensor('ids')], kwargs: {} }];
      const or = { class_name: 'LogicalOr', config: { name: 'or' }, name: 'or', inbound_nodes };
      (model.config.layers as unknown[]).push(other, or);
      (layer('bi').inbound_nodes[0] as { kwargs: Record<string, unknown> }).kwargs.mask = tensor('or');
    },
    message:
      'loadKerasModel: mask of layer "bi": expected one that a single Embedding(mask_zero=True) or Masking makes, ' +
      'got the output of "or". Keras 3 merges the masks of several inputs by other rules than tfjs',
  },
];

describe('loadKerasModel refuses by name', () => {
  for (const { of, in: place, change, message } of REFUSALS)
    it(of, () => expectRefusal(edited(...place, change), UnsupportedError, message));

  it('no masks of merged inputs', async () => {
    for (const inputs of [
      ['embed', 'place'],
      ['place', 'embed'],
      ['embed', 'place', 'embed'],
    ] as const)
      await expectRefusal(
        edited('2', 'tagger', (edit) => addBefore(edit, inputs)),
        FormatError,
        'got missing: "place/embeddings"',
      );
  });

  it('a graph model, and says how to convert', () =>
    expectRefusal(
      { format: 'graph-model', modelTopology: { node: [] } },
      UnsupportedError,
      'loadKerasModel: format: expected "layers-model", got "graph-model". ' +
        'Convert the Keras model with --output_format=tfjs_layers_model',
    ));

  it('a path where no file is', () =>
    expectRefusal(
      'models/model.json',
      Error,
      'loadKerasModel: path "models/model.json": expected a readable file, got no such file. ' +
        `Relative paths start at ${process.cwd()}`,
    ));
});

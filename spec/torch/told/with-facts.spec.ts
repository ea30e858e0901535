import { expect } from 'chai';
import type { AttributeValue, FactsByPath } from '../../../src/state-dict/module-facts.js';
import type { TensorShape } from '../../../src/torch/groups.js';
import { describeModule, type RecognisedModule } from '../../../src/torch/modules.js';
import { recogniseModules } from '../../../src/torch/recognise.js';

type Shapes = Readonly<Record<string, readonly number[]>>;
type Attributes = Readonly<Record<string, AttributeValue>>;

/** The module at a path with these tensors, of the file of a whole module that tells a class and attributes. */
function moduleOf(
  shapes: Shapes,
  className: string,
  attributes: Attributes = {},
  path = 'm',
): RecognisedModule {
  const tensors = new Map<string, TensorShape>(
    Object.entries(shapes).map(([name, shape]) => [`${path}.${name}`, { dtype: 'F32', shape }]),
  );
  const facts: FactsByPath = new Map([
    [path, { className, attributes: new Map(Object.entries(attributes)) }],
  ]);
  const [module] = recogniseModules(tensors, facts);
  return module as RecognisedModule;
}

function told(...args: Parameters<typeof moduleOf>): string {
  const module = moduleOf(...args);
  return [describeModule(module), ...module.doubts, ...(module.notes ?? [])].join('; ');
}

const NN = 'torch.nn.modules';
const RNN: Shapes = { weight_ih_l0: [4, 3], weight_hh_l0: [4, 4], bias_ih_l0: [4], bias_hh_l0: [4] };
const RNN_SIZES = { input_size: 3, hidden_size: 4, num_layers: 1, bias: true, bidirectional: false };
const MATRIX: Shapes = { weight: [9, 4] };
const VECTORS: Shapes = { weight: [4], bias: [4] };

describe('a module of which the file tells its class', () => {
  it('has the settings that its shapes leave open, and no doubts', () => {
    const attributes = {
      ...RNN_SIZES,
      mode: 'RNN_RELU',
      nonlinearity: 'relu',
      batch_first: true,
      dropout: 0.2,
    };
    expect(told(RNN, `${NN}.rnn.RNN`, attributes)).to.equal(
      "RNN(3, 4, batch_first=True, dropout=0.2, nonlinearity='relu')",
    );
    expect(told(VECTORS, `${NN}.normalization.LayerNorm`, { normalized_shape: [4], eps: 1e-6 })).to.equal(
      'LayerNorm(4, eps=1e-06)',
    );
  });

  it('is of that class, whatever its name and shapes suggest', () => {
    expect(told(MATRIX, `${NN}.sparse.Embedding`, { padding_idx: null, max_norm: null }, 'fc')).to.equal(
      'Embedding(9, 4)',
    );
    expect(told(MATRIX, `${NN}.linear.Linear`, {}, 'embedding')).to.equal('Linear(4, 9, bias=False)');
    const conv = { stride: [2], padding: [0], dilation: [1], groups: 2, padding_mode: 'zeros' };
    expect(told({ weight: [4, 2, 3] }, `${NN}.conv.Conv1d`, conv, 'up')).to.equal(
      'Conv1d(4, 4, 3, groups=2, bias=False, stride=(2,))',
    );
    const transposed = { ...conv, groups: 1, output_padding: [1], transposed: true };
    expect(told({ weight: [4, 2, 3] }, `${NN}.conv.ConvTranspose1d`, transposed, 'conv')).to.equal(
      'ConvTranspose1d(4, 2, 3, bias=False, stride=(2,), output_padding=(1,))',
    );
    expect(told(VECTORS, `${NN}.normalization.GroupNorm`, { num_groups: 2, eps: 1e-5 })).to.equal(
      'GroupNorm(2, 4)',
    );
  });

  it('has what an old file lacks among its doubts, and takes no default for it', () => {
    expect(told(RNN, `${NN}.rnn.RNN`, { ...RNN_SIZES, mode: 'RNN_RELU', batch_first: false })).to.equal(
      "RNN(3, 4, nonlinearity='relu'); dropout",
    );
    expect(told(RNN, `${NN}.rnn.RNN`, { hidden_size: 4 })).to.equal(
      'RNN(3, 4); batch_first; dropout; nonlinearity',
    );
    expect(told(VECTORS, `${NN}.normalization.LayerNorm`)).to.equal('LayerNorm(4); eps');
    // Without groups a convolution is not known.
    expect(told({ weight: [4, 2, 3] }, `${NN}.conv.Conv1d`, { stride: [2] })).to.match(
      /^Conv1d\(2, 4, 3, bias=False\); stride, padding, dilation and groups; .*what the file says of it is not used$/,
    );
  });

  it('is taken by its shapes alone where the file contradicts them, and says so', () => {
    const by = (attributes: Attributes, shapes = RNN, className = `${NN}.rnn.RNN`) =>
      told(shapes, className, attributes);
    const shapesAlone = "RNN(3, 4); batch_first and dropout; whether nonlinearity is 'tanh' or 'relu'; ";
    expect(by({ ...RNN_SIZES, hidden_size: 7 })).to.equal(
      `${shapesAlone}its attributes in the file do not fit its tensors (hidden_size=7, where they have 4): ` +
        'what the file says of it is not used',
    );
    const odd: Attributes[] = [
      { batch_first: 1 },
      { dropout: 2 },
      { dropout: 'a' },
      { nonlinearity: 'sigmoid' },
      { nonlinearity: 'relu', mode: 'RNN_TANH' },
      { mode: 'LSTM' },
    ];
    for (const attributes of odd)
      expect(by(attributes), JSON.stringify(attributes)).to.match(
        /^RNN\(3, 4\); batch_first and dropout; .*not used$/,
      );
    expect(by({}, RNN, `${NN}.rnn.GRU`)).to.equal(
      `${shapesAlone}the file says that it is torch.nn.GRU, but its tensors and attributes are not those that are ` +
        'known of it here: what the file says of it is not used',
    );
    const eps = (value: AttributeValue) => told(VECTORS, `${NN}.normalization.LayerNorm`, { eps: value });
    for (const value of ['1e-5', -1, null, [1e-5], true]) expect(eps(value)).to.match(/not used$/);
    expect(told(VECTORS, `${NN}.normalization.GroupNorm`, { num_groups: 3 })).to.match(/not used$/);
    const conv = { groups: 1, padding_mode: "'); alert('" };
    expect(told({ weight: [4, 2, 3] }, `${NN}.conv.Conv1d`, conv)).to.match(/not used$/);
  });

  it('is unknown where no layer here computes what its class does', () => {
    expect(told({ weight: [4] }, `${NN}.normalization.RMSNorm`)).to.equal(
      'unknown module; it is torch.nn.RMSNorm, which has no layer here',
    );
    expect(told(VECTORS, `${NN}.batchnorm.BatchNorm1d`, { track_running_stats: false })).to.equal(
      'unknown module; it is BatchNorm1d with track_running_stats=False, which takes the statistics of each batch: ' +
        'batchNorm({ trackRunningStats: false }) of this package takes it',
    );
  });

  it('notes the settings that no layer here has', () => {
    const conv = { stride: [1], padding: [2], dilation: [1], groups: 1, padding_mode: 'reflect' };
    expect(told({ weight: [4, 2, 3] }, `${NN}.conv.Conv1d`, conv)).to.match(
      /; padding_mode='reflect': layers here pad with zeros, so pad the input by padding=\(2,\) before the layer$/,
    );
    expect(told(MATRIX, `${NN}.sparse.Embedding`, { padding_idx: 1, max_norm: 2 })).to.equal(
      'Embedding(9, 4, padding_idx=1, max_norm=2); max_norm=2: PyTorch shortens longer rows when it looks them up, ' +
        'which no layer here does',
    );
    const statistics = { ...VECTORS, running_mean: [4], running_var: [4] };
    expect(told(statistics, `${NN}.batchnorm.BatchNorm1d`, { eps: 1e-5, momentum: null })).to.match(
      /^BatchNorm1d\(4, momentum=None\); momentum=None: in training/,
    );
  });

  it('is taken by its shapes where the class is not one of torch.nn, with the class among the doubts', () => {
    const attributes = { ...RNN_SIZES, nonlinearity: 'relu' };
    expect(told(RNN, 'my_project.RNN', attributes)).to.equal(
      "RNN(3, 4); batch_first and dropout; whether nonlinearity is 'tanh' or 'relu'; what its class my_project.RNN computes",
    );
    expect(told({ scale: [1, 1, 1] }, 'my_project.Net')).to.equal(
      'unknown module; names and shapes are of no module known here; its class is my_project.Net',
    );
    for (const container of [`${NN}.module.Module`, `${NN}.container.Sequential`])
      expect(told(VECTORS, container)).to.equal(told(VECTORS, container, {}, 'm'));
    expect(moduleOf(VECTORS, `${NN}.module.Module`).settings).to.equal(undefined);
  });
});

import { expect } from 'chai';
import { parseStateDict } from '../../src/state-dict/parse.js';
import type { TorchDtype } from '../../src/state-dict/tensors/tensor.js';
import type { TensorShape } from '../../src/torch/groups.js';
import { derivedNotes, describeModule, fileKeys } from '../../src/torch/modules.js';
import { recogniseModules } from '../../src/torch/recognise.js';
import { LAYER_MODULES, layerFixtures } from '../support/fixtures.js';
import { fixtureBytes } from '../support/node/files.js';
import { reparametrised } from '../support/reparametrised.js';

type Shapes = Readonly<Record<string, readonly number[]>>;

function tensors(shapes: Shapes, dtype: TorchDtype = 'F32'): Map<string, TensorShape> {
  return new Map(Object.entries(shapes).map(([name, shape]) => [name, { dtype, shape }]));
}

/** Module path to what it is taken for. */
function described(shapes: Shapes): Record<string, string> {
  return Object.fromEntries(
    recogniseModules(tensors(shapes)).map((module) => [module.path, describeModule(module)]),
  );
}

function doubtsOf(shapes: Shapes): string {
  return recogniseModules(tensors(shapes))
    .flatMap(({ doubts }) => doubts)
    .join('; ');
}

const GRU: Shapes = { weight_ih_l0: [12, 3], weight_hh_l0: [12, 4], bias_ih_l0: [12], bias_hh_l0: [12] };

describe('recogniseModules', () => {
  it('recognises every kind of module that PyTorch saved', () => {
    const file = fixtureBytes('cli/modules.safetensors');
    const modules = recogniseModules(parseStateDict(new Uint8Array(file)));
    expect(Object.fromEntries(modules.map((module) => [module.path, describeModule(module)]))).to.deep.equal({
      token_embedding: 'Embedding(7, 3)',
      gru: 'GRU(3, 4, num_layers=2, bidirectional=True)',
      lstm: 'LSTM(5, 4, proj_size=2)',
      rnn: 'RNN(3, 2, bias=False)',
      gru_cell: 'GRUCell(3, 4)',
      lstm_cell: 'LSTMCell(3, 4)',
      rnn_cell: 'RNNCell(3, 4)',
      fc: 'Linear(8, 2)',
      head: 'Linear(4, 3, bias=False)',
      norm: 'LayerNorm(5)',
      norm_2d: 'LayerNorm([2, 3])',
      bn: 'BatchNorm(4)',
      bn_fixed: 'BatchNorm(4, affine=False)',
      conv: 'Conv1d(3, 5, 2)',
      image: 'Conv2d(3, 4, (2, 3), bias=False)',
      act: 'PReLU(1)',
      acts: 'PReLU(5)',
      custom: 'unknown module',
    });
  });

  for (const fixture of LAYER_MODULES.flatMap(layerFixtures)) {
    it(`reads the arguments of the ${fixture.module} of "${fixture.name}"`, () => {
      const [module] = recogniseModules(fixture.stateDict);
      const { inputSize, hiddenSize, numLayers, bias, bidirectional, projSize } = fixture.config;
      const { kind, torchName, args } = module as Extract<typeof module, { kind: 'recurrent' }>;
      expect({ kind, torchName }).to.deep.equal({ kind: 'recurrent', torchName: fixture.module });
      expect(args).to.include({ inputSize, hiddenSize, numLayers, bias, bidirectional });
      expect(args?.projSize ?? 0).to.equal(projSize ?? 0);
    });
  }

  it('keeps the order of the file, and puts every tensor into one module', () => {
    const shapes = { 'b.weight': [2, 3], 'a.weight': [1], 'b.bias': [2], scale: [4, 4, 4, 4, 4] };
    const modules = recogniseModules(tensors(shapes));
    expect(modules.map(({ path }) => path)).to.deep.equal(['b', 'a', '']);
    expect(modules.flatMap((module) => [...module.shapes.keys()])).to.have.length(4);
  });

  it('takes parameters at the root for a module', () => {
    expect(described(GRU)).to.deep.equal({ '': 'GRU(3, 4)' });
  });

  it('says what a recurrent layer lacks or has too many of', () => {
    const { bias_hh_l0, ...incomplete } = GRU;
    expect(doubtsOf(incomplete)).to.equal('it is like a GRU, but bias_hh_l0 [12] is missing');
    expect(doubtsOf({ ...GRU, extra: [1] })).to.equal(
      'it is like a GRU, but extra is none of its parameters',
    );
    expect(doubtsOf({ ...GRU, bias_ih_l0: [13] })).to.equal(
      'it is like a GRU, but bias_ih_l0 is [13], not [12]',
    );
    expect(doubtsOf({ ...GRU, weight_ih_l2: [12, 4] })).to.match(
      /^it is like a GRU, but There are parameters of layer 0, 2/,
    );
    expect(doubtsOf({ weight_hh_l0: [10, 5] })).to.match(/no 1, 3 or 4 blocks of rows/);
    expect(doubtsOf({ weight_ih_l0: [12, 3] })).to.equal(
      'it is like a recurrent module, but weight_hh is missing or no matrix',
    );
    expect(doubtsOf({ weight_ih: [12, 3], weight_hh: [12, 4], bias_ih: [12] })).to.equal(
      'it is like a GRUCell, but bias_hh [12] is missing',
    );
  });

  it('distinguishes an Embedding from a Linear without bias by its name, else by what follows it', () => {
    expect(described({ 'tok_emb.weight': [3, 9], 'out.weight': [9, 3] })).to.deep.equal({
      tok_emb: 'Embedding(3, 9)',
      out: 'Linear(3, 9, bias=False)',
    });
    const rnn = { 'r.weight_ih_l0': [4, 3], 'r.weight_hh_l0': [4, 4] };
    expect(described({ 'table.weight': [9, 3], ...rnn }).table).to.equal('Embedding(9, 3)');
    expect(described({ 'table.weight': [9, 5], ...rnn }).table).to.equal('Linear(5, 9, bias=False)');
    expect(doubtsOf({ 'table.weight': [9, 5] })).to.equal('whether it is Embedding(9, 5) instead');
  });

  it('reads the whole path of a matrix without bias, and its place in a Sequential', () => {
    const rnn = { 'r.weight_ih_l0': [4, 16], 'r.weight_hh_l0': [4, 4] };
    const kindOf = (path: string, more: Shapes = {}) =>
      described({ [`${path}.weight`]: [29, 16], ...more, ...rnn })[path]?.replace(/\(.*/, '');
    expect(kindOf('fc.1')).to.equal('Linear');
    expect(kindOf('head.out.0')).to.equal('Linear');
    expect(kindOf('embeddings.0')).to.equal('Embedding');
    expect(kindOf('embeddings.proj')).to.equal('Linear');
    expect(kindOf('encoder.0')).to.equal('Embedding');
    expect(kindOf('layers.1', { 'layers.0.weight': [16], 'layers.0.bias': [16] })).to.equal('Linear');
    for (const path of ['fc.1', 'encoder.0', 'layers.1'])
      expect(doubtsOf({ [`${path}.weight`]: [29, 16], ...rnn })).to.match(
        /whether it is (?:Linear\(16, 29, bias=False\)|Embedding\(29, 16\)) instead/,
      );
  });

  it('tells a transposed convolution by its bias, else by its name, and has the other among the doubts', () => {
    const conv = (path: string, weight: number[], bias?: number) => {
      const shapes = { [`${path}.weight`]: weight, ...(bias ? { [`${path}.bias`]: [bias] } : {}) };
      return `${described(shapes)[path]}; ${doubtsOf(shapes)}`;
    };
    expect(conv('a', [6, 4, 3], 4)).to.equal(
      'ConvTranspose1d(6, 4, 3); stride, padding, output_padding and dilation',
    );
    expect(conv('a', [6, 2, 3], 4)).to.match(/^ConvTranspose1d\(6, 4, 3, groups=2\);/);
    expect(conv('a', [6, 4, 3, 3], 6))
      .to.match(/^Conv2d\(4, 6, \(3, 3\)\); .*four axes$/)
      .and.not.match(/Transpose/);
    expect(conv('a', [6, 6, 3], 6)).to.match(/^Conv1d\(6, 6, 3\); .*whether it is ConvTranspose1d instead/);
    expect(conv('ups.0', [6, 6, 3], 6)).to.match(
      /^ConvTranspose1d\(6, 6, 3\); .*whether it is Conv1d instead/,
    );
    expect(conv('deconv', [6, 4, 3])).to.match(/^ConvTranspose1d\(6, 4, 3, bias=False\); .*, groups; /);
    expect(conv('depthwise', [6, 1, 3], 6)).to.match(/^Conv1d\(6, 6, 3, groups=6\);/);
    expect(conv('a', [6, 4, 3], 5)).to.match(/^unknown module/);
  });

  it('has another module among the doubts about a weight of three axes', () => {
    const cases: Shapes[] = [
      { 'mix.weight': [8, 4, 2] },
      { 'bilinear.weight': [5, 3, 4], 'bilinear.bias': [5] },
    ];
    for (const shapes of cases)
      expect(doubtsOf(shapes)).to.contain('whether it is Bilinear, a grouped linear layer or another module');
  });

  it('makes no LayerNorm of a norm that has another name', () => {
    for (const [path, name] of [
      ['gn1', 'GroupNorm(?, 8)'],
      ['block.group_norm', 'GroupNorm(?, 8)'],
      ['instance_norm', 'InstanceNorm(8, affine=True)'],
      ['bn_0', 'BatchNorm(8, track_running_stats=False)'],
    ] as const) {
      const shapes = { [`${path}.weight`]: [8], [`${path}.bias`]: [8] };
      expect(described(shapes)[path]).to.equal('unknown module');
      expect(doubtsOf(shapes)).to.contain(`by its name it is ${name}`);
    }
    expect(doubtsOf({ 'a.weight': [8], 'a.bias': [8] })).to.contain(
      'whether it is GroupNorm, InstanceNorm or BatchNorm',
    );
  });

  it("does not take a module for torch's that has modules inside", () => {
    const shapes: Shapes = {
      'cell.weight_ih': [16, 3],
      'cell.weight_hh': [16, 4],
      'cell.layernorm_i.weight': [16],
      'cell.layernorm_i.bias': [16],
      'cell.inner.deep.weight': [2, 2],
      'fc.weight': [4, 3],
      'fc.lora_A.weight': [1, 3],
      'fc2.weight': [4, 3],
    };
    expect(described(shapes)).to.deep.equal({
      cell: 'unknown module',
      'cell.layernorm_i': 'LayerNorm(16)',
      'cell.inner.deep': 'Linear(2, 2, bias=False)',
      fc: 'unknown module',
      'fc.lora_A': 'Linear(3, 1, bias=False)',
      fc2: 'Linear(3, 4, bias=False)',
    });
    expect(doubtsOf(shapes)).to.contain(
      'it has the parameters of LSTMCell(3, 4, bias=False), but modules inside (inner, layernorm_i), which torch.nn.LSTMCell has not',
    );
  });

  it('takes reparametrised weights for the weights they make, and other parametrizations for unknown', () => {
    const stored = recogniseModules(reparametrised('stored'));
    expect(stored.filter(({ kind }) => kind === 'unknown')).to.deep.equal([]);
    const found = new Map(stored.map((module) => [module.path, module]));
    const told = (path: string) => {
      const module = found.get(path) as (typeof stored)[number];
      return [describeModule(module), ...derivedNotes(module)];
    };
    expect(told('old_gru')).to.deep.equal([
      'GRU(3, 10)',
      'weight_hh_l0: weight norm of weight_hh_l0_g, weight_hh_l0_v',
    ]);
    expect(told('norm_and_spectral')[1]).to.equal(
      'weight: spectral norm and weight norm of parametrizations.weight.original0, parametrizations.weight.original1, ' +
        'parametrizations.weight.1._u, parametrizations.weight.1._v',
    );
    expect(told('drop_outside.module')[1]).to.equal(
      'weight_hh_l0: weight drop of drop_outside.weight_hh_l0_raw',
    );
    const keys = stored.flatMap(fileKeys);
    expect(new Set(keys)).to.include.all.keys(
      [...reparametrised('stored').keys()].filter((key) => !key.includes('drop_out')),
    );
    const others = recogniseModules(reparametrised('undetermined'));
    expect(others.map(({ path, kind }) => `${path} ${kind}`)).to.deep.equal([
      'custom unknown',
      'gru unknown',
      'orthogonal unknown',
      'square linear',
    ]);
    expect(others[0]?.doubts.join()).to.contain(
      'weight is computed of parametrizations.weight.original in a way that the file does not tell. Run model.eval() and ' +
        'torch.nn.utils.parametrize.remove_parametrizations(model.get_submodule("custom"), "weight") in Python',
    );
  });

  it('leaves names of another module as they are', () => {
    const shapes = { 'a.x_g': [4, 1], 'a.x_v': [4, 3], 'a.y_raw': [2], 'a.z_orig': [2], 'a.z_mask': [2] };
    const modules = recogniseModules(tensors(shapes));
    expect(modules.flatMap((module) => [...module.shapes.keys()])).to.deep.equal(
      Object.keys(shapes).map((key) => key.slice(2)),
    );
  });

  it('distinguishes a norm without bias from a PReLU by its name', () => {
    expect(described({ 'ln_1.weight': [4], 'x.weight': [4] })).to.deep.equal({
      ln_1: 'LayerNorm(4, bias=False)',
      x: 'PReLU(4)',
    });
  });

  it('does not guess where names or shapes are of no module', () => {
    for (const shapes of [
      { 'a.weight': [4, 3], 'a.bias': [3] },
      { 'a.weight': [4, 3], 'a.bias': [4], 'a.other': [1] },
      { 'a.weight': [] },
      { 'a.weight': [1, 2, 3, 4, 5], 'a.bias': [1] },
      { 'a.running_mean': [4] },
      { 'a.running_mean': [4], 'a.running_var': [5] },
      { 'a.running_mean': [4], 'a.running_var': [4], 'a.weight': [4] },
      { 'a.bias': [4] },
    ] as Shapes[])
      expect(described(shapes).a, JSON.stringify(shapes)).to.equal('unknown module');
  });

  it('makes no module of empty tensors, nor of dtypes that no layer holds', () => {
    expect(doubtsOf({ 'a.weight': [0, 3], 'a.bias': [0] })).to.equal('weight is empty');
    for (const dtype of ['C64', 'F8_E4M3'] as const) {
      const [module] = recogniseModules(tensors({ 'a.weight': [2, 3] }, dtype));
      expect(module).to.include({ kind: 'unknown' });
      expect(module?.doubts).to.deep.equal([`weight is ${dtype}, which no layer here holds`]);
    }
  });

  it('makes no module of a path that none can have', () => {
    for (const path of ['a.', '.a', '.'])
      expect(described({ [`${path}.weight`]: [2, 3], [`${path}.bias`]: [2] })[path]).to.equal(
        'unknown module',
      );
  });

  it('takes names of objects for names like any other', () => {
    expect(described({ '__proto__.weight': [2, 3], 'constructor.weight': [4, 1] })).to.have.property(
      'constructor',
    );
    const modules = recogniseModules(new Map([['__proto__.weight', { dtype: 'F32', shape: [2, 3] }]]));
    expect(modules.map(({ path }) => path)).to.deep.equal(['__proto__']);
  });

  it('takes time in proportion to the modules: 50,000 in one file', () => {
    const many = new Map<string, TensorShape>();
    for (let i = 0; i < 50_000; i++) many.set(`m${i}.weight`, { dtype: 'F32', shape: [2, 3] });
    expect(recogniseModules(many)).to.have.length(50_000);
  }).timeout(10_000);
});

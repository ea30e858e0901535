import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parseStateDict } from '../../src/state-dict/parse.js';
import type { TorchDtype } from '../../src/state-dict/tensors/tensor.js';
import type { TensorShape } from '../../src/torch/groups.js';
import { describeModule } from '../../src/torch/modules.js';
import { recogniseModules } from '../../src/torch/recognise.js';
import { LAYER_MODULES, layerFixtures } from '../support/fixtures.js';

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
    const file = readFileSync(new URL('../fixtures/cli/modules.safetensors', import.meta.url));
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
    expect(doubtsOf({ weight_ih_l0: [12, 3] })).to.match(/no 1, 3 or 4 blocks of rows/);
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

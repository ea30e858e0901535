import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { rebuildingCode } from '../../../src/cli/inspect/code.js';
import type { FactsByPath } from '../../../src/state-dict/module-facts.js';
import { recogniseModules } from '../../../src/torch/recognise.js';
import { weightlessModules } from '../../../src/torch/told/weightless.js';
import { tell } from '../support.js';

/** Written by scripts/fixtures/make_whole_modules.py. */
const NET = fileURLToPath(new URL('../../fixtures/whole-modules/net.pt', import.meta.url));

describe('inspect of a whole module', () => {
  it('prints the settings that the file tells, and what it does not', async () => {
    const { code, out } = await tell('inspect', NET);
    expect(code).to.equal(0);
    const lines = out.split('\n');
    const start = lines.indexOf('modules');
    expect(lines.slice(start + 1, lines.indexOf('', start))).to.deep.equal([
      'embedding: Embedding(7, 4, padding_idx=0), keys embedding.*',
      "rnn: RNN(4, 5, num_layers=2, batch_first=True, dropout=0.2, nonlinearity='relu'), keys rnn.*",
      'norm: LayerNorm(5, eps=0.01), keys norm.*',
      'fc.1: Linear(5, 5), keys fc.1.* (not stored in the file: what its class my_project.Scale computes)',
      'fc.2: Linear(5, 2, bias=False), keys fc.2.*',
      'rms: unknown module: it is torch.nn.RMSNorm, which has no layer here: weight [2]',
      'drop: Dropout(p=0.3), no weights',
      'fc.0: ReLU(), no weights',
    ]);
    expect(out).to.include(
      "RNN.fromStateDict(stateDict, { prefix: 'rnn', dropout: 0.2, nonlinearity: 'relu' })",
    );
    expect(out).to.include("layerNormalization({ name: 'norm', epsilon: 0.01 })");
    expect(out).to.include('Modules without weights: drop: Dropout(p=0.3), fc.0: ReLU().');
    expect(out).not.to.include('does not know');
  });

  it('has all of it in JSON', async () => {
    const { out } = await tell('inspect', NET, '--json');
    const { modules, weightless, unknownGlobals } = JSON.parse(out);
    expect(modules[1]).to.deep.include({
      path: 'rnn',
      settings: { batch_first: true, dropout: 0.2, nonlinearity: 'relu' },
      doubts: [],
      notes: [],
    });
    expect(weightless).to.deep.equal([
      { path: 'drop', class: 'torch.nn.modules.dropout.Dropout', attributes: [{ name: 'p', value: 0.3 }] },
      { path: 'fc.0', class: 'torch.nn.modules.activation.ReLU', attributes: [] },
    ]);
    expect(unknownGlobals).to.deep.equal([]);
  });

  it('tells the settings of one model in a plain order', () => {
    const shapes = {
      'rnn.weight_ih_l0': [4, 3],
      'rnn.weight_hh_l0': [4, 4],
      'fc.weight': [2, 4],
      'fc.bias': [2],
    };
    const tensors = new Map(
      Object.entries(shapes).map(([name, shape]) => [name, { dtype: 'F32' as const, shape }]),
    );
    const attributes = new Map<string, string | boolean | number>([
      ['nonlinearity', 'relu'],
      ['batch_first', false],
      ['dropout', 0.5],
    ]);
    const facts: FactsByPath = new Map([['rnn', { className: 'torch.nn.modules.rnn.RNN', attributes }]]);
    const modules = recogniseModules(tensors, facts);
    const code = rebuildingCode(modules, { source: 'm.pt', weightless: [] });
    expect(code).to.include(
      "rnn({ name: 'rnn', hiddenSize: 4, bias: false, nonlinearity: 'relu', returnSequences: false, inputShape: [null, 3] })",
    );
    expect(code).not.to.match(/if it was trained so|not stored|in a state_dict|warning/);
  });

  it('shows no character of a name that code or a terminal obeys', () => {
    const odd = 'a\n*/; process.exit(1) //\u2028\u001b[2J';
    const facts: FactsByPath = new Map([
      ['m', { className: `torch.nn.modules.rnn.${odd}`, attributes: new Map() }],
      ['n', { className: odd, attributes: new Map([[odd, odd]]) }],
      [odd, { className: odd, attributes: new Map() }],
      ['p', { className: 'torch.nn.modules.dropout.Dropout', attributes: new Map([[odd, odd]]) }],
    ]);
    const tensors = new Map(
      ['m.weight', 'n.weight'].map((name) => [name, { dtype: 'F32' as const, shape: [3, 3] }]),
    );
    const weightless = weightlessModules(facts, tensors.keys());
    const code = rebuildingCode(recogniseModules(tensors, facts), { source: 'm.pt', weightless });
    for (const line of code.split('\n')) {
      expect(line).not.to.match(/[\p{Cc}\p{Zl}]/u);
      if (line.includes('process.exit')) expect(line).to.match(/^\/\/ /);
    }
  });
});

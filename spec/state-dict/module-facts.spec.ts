import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { factsOf } from '../../src/state-dict/module-facts.js';
import type { ParseOptions } from '../../src/state-dict/options.js';
import { parseStateDict } from '../../src/state-dict/parse.js';
import type { ReadReport } from '../../src/state-dict/report.js';

/** Written by scripts/fixtures/make_whole_modules.py. */
const NET = new Uint8Array(readFileSync(new URL('../fixtures/whole-modules/net.pt', import.meta.url)));

function read(options: ParseOptions = {}) {
  const reports: ReadReport[] = [];
  const stateDict = parseStateDict(NET, { ...options, onReport: (report) => reports.push(report) });
  const { modules = new Map(), unknownGlobals } = reports[0] as ReadReport;
  return { stateDict, modules, unknownGlobals };
}

describe('the facts of a whole module', () => {
  it('are the class and the plain attributes of each module, by its path', () => {
    const { modules } = read();
    const classes = Object.fromEntries([...modules].map(([path, { className }]) => [path, className]));
    expect(classes).to.deep.equal({
      '': 'my_project.Net',
      embedding: 'torch.nn.modules.sparse.Embedding',
      rnn: 'torch.nn.modules.rnn.RNN',
      norm: 'torch.nn.modules.normalization.LayerNorm',
      drop: 'torch.nn.modules.dropout.Dropout',
      fc: 'torch.nn.modules.container.Sequential',
      'fc.0': 'torch.nn.modules.activation.ReLU',
      'fc.1': 'my_project.Scale',
      'fc.2': 'torch.nn.modules.linear.Linear',
      rms: 'torch.nn.modules.normalization.RMSNorm',
    });
    expect(Object.fromEntries(modules.get('rnn')?.attributes ?? [])).to.deep.equal({
      mode: 'RNN_RELU',
      nonlinearity: 'relu',
      input_size: 4,
      hidden_size: 5,
      num_layers: 2,
      bias: true,
      batch_first: true,
      dropout: 0.2,
      bidirectional: false,
      proj_size: 0,
    });
  });

  it('are those of the selected modules', () => {
    expect([...read({ select: ['fc', 'norm'] }).modules.keys()]).to.deep.equal([
      'norm',
      'fc',
      'fc.0',
      'fc.1',
      'fc.2',
    ]);
  });

  it('make their classes known', () => {
    expect(read().unknownGlobals).to.deep.equal([]);
  });

  it('stand beside the state_dict, which is a plain Map, and not beside a copy', () => {
    const { stateDict, modules } = read();
    expect(factsOf(stateDict)).to.deep.equal(modules);
    expect(factsOf(new Map(stateDict)).size).to.equal(0);
  });
});

import { expect } from 'chai';
import type { FactsByPath } from '../../../src/state-dict/module-facts.js';
import { describeWeightless, weightlessModules } from '../../../src/torch/told/weightless.js';

const facts = (classes: Readonly<Record<string, string>>): FactsByPath =>
  new Map(
    Object.entries(classes).map(([path, className]) => [
      path,
      {
        className,
        attributes: new Map<string, number | boolean>([
          ['p', 0.5],
          ['inplace', false],
        ]),
      },
    ]),
  );

describe('weightlessModules', () => {
  it('are those without tensors and without modules, in the order of the file', () => {
    const found = weightlessModules(
      facts({
        '': 'my.Net',
        'a.drop': 'torch.nn.modules.dropout.Dropout',
        a: 'torch.nn.modules.container.Sequential',
        'a.fc': 'torch.nn.modules.linear.Linear',
        act: 'my.Swish',
        empty: 'torch.nn.modules.container.Sequential',
        block: 'my.Block',
        'block.act': 'torch.nn.modules.activation.ReLU',
      }),
      ['a.fc.weight'],
    );
    expect(found.map((module) => `${module.path}: ${describeWeightless(module)}`)).to.deep.equal([
      'a.drop: Dropout(p=0.5)',
      'act: my.Swish()',
      'block.act: ReLU(p=0.5)',
    ]);
  });

  it('takes as little time for names of many parts', () => {
    const long = 'a.'.repeat(200_000);
    expect(weightlessModules(new Map(), [`${long}w`])).to.deep.equal([]);
  });
});

import { expect } from 'chai';
import { pythonText, settingsText, torchClassOf } from '../../../src/torch/told/settings.js';

describe('settings of a module', () => {
  it('are written as Python writes them', () => {
    const texts = [null, true, false, 1e-5, 1.5e-12, 0.001, 0.0001, 3, 0, 'same', [2], [1, 2], []].map(
      pythonText,
    );
    expect(texts).to.deep.equal([
      'None',
      'True',
      'False',
      '1e-05',
      '1.5e-12',
      '0.001',
      '0.0001',
      '3',
      '0',
      "'same'",
      '(2,)',
      '(1, 2)',
      '()',
    ]);
  });

  it("are left out of the text where they are torch's defaults", () => {
    const settings = new Map<string, null | number | readonly number[]>([
      ['eps', 1e-5],
      ['padding_idx', null],
      ['stride', [1, 1]],
      ['padding', [0, 1]],
      ['momentum', null],
    ]);
    expect(settingsText(settings)).to.equal(', padding=(0, 1), momentum=None');
  });

  it('are those of classes of torch.nn, by their names in its modules', () => {
    const names = ['rnn.GRU', 'container.Sequential', 'module.Module', 'a.b.C'];
    const classes = names.map((name) => `torch.nn.modules.${name}`);
    const found = [...classes, 'torch.nn.GRU', 'my.torch.nn.modules.rnn.GRU', 'torchXnn.modules.rnn.GRU'].map(
      (className) => torchClassOf({ className, attributes: new Map() }),
    );
    expect(found).to.deep.equal(['GRU', ...new Array<undefined>(6).fill(undefined)]);
  });
});

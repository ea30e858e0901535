import { expect } from 'chai';
import { padRows, runInBatches } from '../../examples/support/batches.js';
import { bar, shorten, table, title } from '../../examples/support/terminal.js';

describe('examples/support/batches', () => {
  it('pads rows on the right up to the longest', () => {
    expect(padRows([[2], [3, 4, 5], [6, 7]], 0)).to.deep.equal([
      [2, 0, 0],
      [3, 4, 5],
      [6, 7, 0],
    ]);
  });

  it('runs rows of similar length together and answers in the order given', async () => {
    const batches: (readonly number[])[][] = [];
    const rows = [[5, 5, 5], [1], [4, 4, 4, 4], [2, 2], [3]];
    const results = await runInBatches(rows, 2, async (batch) => {
      batches.push([...batch]);
      return batch.map(([first]) => first);
    });
    expect(results).to.deep.equal([5, 1, 4, 2, 3]);
    expect(batches).to.deep.equal([
      [[1], [3]],
      [
        [2, 2],
        [5, 5, 5],
      ],
      [[4, 4, 4, 4]],
    ]);
  });

  it('runs nothing for no rows', async () => {
    expect(await runInBatches([], 2, () => Promise.reject(new Error('ran')))).to.deep.equal([]);
  });
});

describe('examples/support/terminal', () => {
  it('aligns columns by what shows on the screen', () => {
    expect(
      table([
        ['a', 'x'],
        ['e\u0301e', '\u001b[1mbold\u001b[22m', 'y'],
        ['', 'z', 'w'],
      ]),
    ).to.equal('  a   x\n  e\u0301e  \u001b[1mbold\u001b[22m  y\n      z     w');
  });

  it('puts the last cell of each row below it where the lines are too long', () => {
    const rows = [
      ['✓', 'a long label', '12'],
      ['', 'another', '日本'],
    ];
    expect(table(rows, 23)).to.equal('  ✓  a long label  12\n     another       日本');
    expect(table(rows, 17)).to.equal('  ✓  a long label\n     12\n     another\n     日本');
  });

  it('puts the parts of a title on lines of their own where one is too narrow', () => {
    expect([title(['ab', 'cd'], 7), title(['ab', 'cd'], 6)]).to.deep.equal(['ab · cd', 'ab\ncd']);
  });

  it('draws bars to an eighth of a cell', () => {
    expect([0, 0.5, 1, 0.3].map((share) => bar(share, 4))).to.deep.equal(['', '██', '████', '█▎']);
  });

  it('cuts long text with an ellipsis', () => {
    expect([shorten('abcdef', 4), shorten('abcd', 4)]).to.deep.equal(['abc…', 'abcd']);
    expect([shorten('日本語', 6), shorten('日本語', 5), shorten('日本語', 4)]).to.deep.equal([
      '日本語',
      '日本…',
      '日…',
    ]);
  });
});

import { expect } from 'chai';
import { plural, showBytes, showCount, tableLines } from '../../src/cli/table.js';

describe('tableLines', () => {
  it('makes columns as wide as their widest cell, numbers at the right, no spaces at the end', () => {
    const columns = [{ title: 'name' }, { title: 'bytes', align: 'right' as const }, { title: '' }];
    expect(
      tableLines(columns, [
        ['a', '1,000,000', ''],
        ['longer', '1', 'note'],
      ]),
    ).to.deep.equal(['name        bytes', 'a       1,000,000', 'longer          1  note']);
  });

  it('is its titles where there are no rows', () => {
    expect(tableLines([{ title: 'a' }, { title: 'b' }], [])).to.deep.equal(['a  b']);
  });
});

describe('numbers', () => {
  it('have separators and units', () => {
    expect(showCount(1234567)).to.equal('1,234,567');
    expect([0, 1, 1023, 1024, 1536, 2 ** 30, 2 ** 63].map(showBytes)).to.deep.equal([
      '0 bytes',
      '1 byte',
      '1023 bytes',
      '1.0 KiB',
      '1.5 KiB',
      '1.0 GiB',
      '8192.0 PiB',
    ]);
    expect([0, 1, 2].map((count) => plural(count, 'tensor'))).to.deep.equal([
      '0 tensors',
      '1 tensor',
      '2 tensors',
    ]);
  });
});

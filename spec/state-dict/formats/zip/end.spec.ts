import { expect } from 'chai';
import { findDirectory } from '../../../../src/state-dict/formats/zip/end.js';
import type { FormatCode } from '../../../../src/state-dict/rules/format-codes.js';
import { errorOf, utf8 } from '../../support.js';
import { patched, readAll, writeZip } from './support.js';

const ENTRIES = [{ name: 'a', data: utf8('abc') }];
const SHORT = writeZip(ENTRIES);
const LONG = writeZip(ENTRIES, { zip64End: true });

function find(bytes: Uint8Array) {
  return readAll(findDirectory(bytes.length), bytes);
}

function fault(bytes: Uint8Array, code: FormatCode = 'INVALID_SYNTAX'): string {
  const error = errorOf(() => find(bytes));
  expect(error.code).to.equal(code);
  return error.message.replace('zip: end of the archive: ', '');
}

describe('findDirectory', () => {
  it('finds it before either form of the end', () => {
    const begin = SHORT.centrals[0];
    expect(find(SHORT.bytes)).to.deep.equal({ begin, end: SHORT.end, entries: 1, base: 0 });
    expect(find(LONG.bytes)).to.deep.equal({ begin, end: LONG.end64, entries: 1, base: 0 });
  });

  it('finds it before a comment of any length', () => {
    for (const length of [1, 22, 65_535]) {
      const zip = writeZip(ENTRIES, { comment: new Uint8Array(length), zip64End: true });
      expect(find(zip.bytes).begin).to.equal(zip.centrals[0]);
    }
  });

  it('reads the tail alone', () => {
    const zip = writeZip([{ name: 'a', data: new Uint8Array(200_000) }]);
    const reading = findDirectory(zip.bytes.length);
    const request = reading.next().value;
    const begin = zip.bytes.length - 65_535 - 22 - 20 - 56;
    expect(request).to.deep.equal({ kind: 'read', ranges: [{ begin, end: zip.bytes.length }] });
  });

  it('refuses a file without one', () => {
    expect(fault(new Uint8Array(0), 'TRUNCATED')).to.match(/got none\. The file is cut short$/);
    expect(fault(SHORT.bytes.subarray(0, -1), 'TRUNCATED')).to.match(/got none\. The file is cut short$/);
  });

  it('leaves bytes behind the archive alone, and a comment cut short, as Python does', () => {
    const begin = SHORT.centrals[0];
    expect(find(Uint8Array.from([...SHORT.bytes, 0])).begin).to.equal(begin);
    const zip = writeZip(ENTRIES, { comment: utf8('comment') });
    expect(find(zip.bytes.subarray(0, -1)).begin).to.equal(begin);
  });

  it('counts bytes before the archive, whether or not its offsets count them', () => {
    for (const { bytes, centrals, end, end64 } of [SHORT, LONG]) {
      const moved = Uint8Array.from([1, 2, 3, ...bytes]);
      const begin = centrals[0] + 3;
      expect(find(moved)).to.deep.include({ begin, base: 3 });
      const isLong = bytes === LONG.bytes;
      let adjusted = isLong
        ? patched(moved, end64 + 3 + 48, 8, begin)
        : patched(moved, end + 3 + 16, 4, begin);
      if (isLong) adjusted = patched(adjusted, end64 + 3 + 64, 8, end64 + 3);
      expect(find(adjusted)).to.deep.include({ begin, base: 0 });
    }
  });

  it('refuses an archive of nothing behind other bytes', () => {
    const empty = writeZip([]).bytes;
    expect(find(empty)).to.deep.equal({ begin: 0, end: 0, entries: 0, base: 0 });
    expect(fault(Uint8Array.from([1, ...empty]))).to.match(/^expected a directory that ends/);
  });

  it('refuses an archive hidden in a comment, whole as it is', () => {
    expect(fault(writeZip(ENTRIES, { comment: SHORT.bytes }).bytes)).to.equal(
      'expected one record that ends the archive, got another in its comment',
    );
  });

  it('takes no bytes for a record that have no room for its directory', () => {
    const comment = 'PK\x05\x06'.repeat(5);
    for (const entries of [[{ ...ENTRIES[0], comment }], [{ name: 'a', data: utf8(comment) }]]) {
      const { bytes, centrals } = writeZip(entries);
      expect(find(bytes)).to.include({ begin: centrals[0], entries: 1 });
    }
  });

  it('takes the last record where others are data of entries', () => {
    const { bytes, centrals } = writeZip([
      { name: 'inner.zip', data: SHORT.bytes },
      { name: 'commented.zip', data: writeZip(ENTRIES, { comment: utf8('comment') }).bytes },
    ]);
    expect(find(bytes)).to.include({ begin: centrals[0], entries: 2, base: 0 });
  });

  it('refuses a directory that ends elsewhere', () => {
    for (const [at, value] of [
      [12, 82],
      [16, 35],
      [16, 0xffffffff],
    ]) {
      expect(fault(patched(SHORT.bytes, SHORT.end + at, 4, value))).to.match(
        /^expected a directory that ends/,
      );
    }
    expect(fault(patched(LONG.bytes, LONG.end64 + 48, 8, 35))).to.match(/^expected a directory that ends/);
    expect(fault(patched(LONG.bytes, LONG.end64 + 48, 8, 2 ** 60))).to.match(
      /^expected a directory that ends/,
    );
    expect(fault(patched(LONG.bytes, LONG.end64 + 64, 8, LONG.end64 - 1))).to.match(
      /^expected a directory that ends/,
    );
  });

  it('refuses archives on several disks', () => {
    for (const at of [4, 6, 8]) {
      expect(fault(patched(SHORT.bytes, SHORT.end + at, 2, 2))).to.match(/^expected an archive in one part/);
    }
    expect(fault(patched(LONG.bytes, LONG.end64 + 16, 4, 1))).to.equal(
      'expected an archive in one part, got part 1 of several',
    );
  });

  it('refuses a 64-bit record that is not right before its locator, or of another length', () => {
    const rule = /^expected its 64-bit record in the 56 bytes before the locator/;
    expect(fault(patched(LONG.bytes, LONG.end64, 4, 0))).to.match(rule);
    expect(fault(patched(LONG.bytes, LONG.end64 + 4, 8, 45))).to.match(rule);
    expect(fault(patched(LONG.bytes, LONG.end64 + 72, 4, 2))).to.match(rule);
  });

  it('refuses two records that differ', () => {
    const rule = 'expected the same directory in both of its records, got two that differ';
    for (const [at, size, value] of [
      [8, 2, 2],
      [10, 2, 2],
      [12, 4, 46],
      [16, 4, 35],
    ] as const) {
      expect(fault(patched(LONG.bytes, LONG.end + at, size, value))).to.equal(rule);
    }
    // torch writes the values themselves into both.
    expect(find(patched(LONG.bytes, LONG.end + 16, 4, 34)).begin).to.equal(34);
  });
});

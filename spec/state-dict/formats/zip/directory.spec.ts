import { expect } from 'chai';
import { UnsupportedError } from '../../../../src/errors.js';
import { readDirectory } from '../../../../src/state-dict/formats/zip/directory.js';
import { findDirectory } from '../../../../src/state-dict/formats/zip/end.js';
import { errorOf, utf8 } from '../../support.js';
import { opened, patched, readAll, writeZip } from './support.js';

const DATA = utf8('weights '.repeat(9));
const ZIP = writeZip([
  { name: 'a', data: DATA },
  { name: 'b', data: DATA, deflate: true },
]);
const [A, B] = ZIP.centrals;

function read(bytes: Uint8Array, limits = {}) {
  const place = readAll(findDirectory(bytes.length), bytes);
  return readAll(readDirectory(place, opened(bytes, limits).limits), bytes).entries;
}

function fault(bytes: Uint8Array, code = 'INVALID_SYNTAX', limits = {}): string {
  const error = errorOf(() => read(bytes, limits));
  expect(error.code).to.equal(code);
  return error.message.replace('zip: ', '');
}

describe('readDirectory', () => {
  it('reads sizes beyond 32 bits from the extra field, each in its turn', () => {
    const zip = writeZip([{ name: 'a', data: DATA, zip64: true }]);
    const extra = zip.centrals[0] + 46 + 1 + 4;
    let bytes = patched(zip.bytes, extra, 8, 2 ** 40);
    bytes = patched(bytes, extra + 8, 8, 2 ** 40);
    bytes = patched(bytes, extra + 16, 8, 2 ** 41);
    expect(read(bytes).get('a')).to.include({
      storedBytes: 2 ** 40,
      inflatedBytes: 2 ** 40,
      offset: 2 ** 41,
    });
    // A size in its own place takes nothing from the field.
    const sized = patched(patched(zip.bytes, zip.centrals[0] + 24, 4, 5), zip.centrals[0] + 20, 4, 5);
    expect(read(patched(sized, extra, 8, 77)).get('a')).to.include({
      storedBytes: 5,
      inflatedBytes: 5,
      offset: 77,
    });
  });

  it('refuses more entries than maxEntries, and takes just as many', () => {
    expect(read(ZIP.bytes, { maxEntries: 2 }).size).to.equal(2);
    expect(fault(ZIP.bytes, 'TOO_LARGE', { maxEntries: 1 })).to.equal(
      'central directory: expected at most 1 entries, got 2. Raise limits.maxEntries to read it',
    );
  });

  it('refuses a directory longer than maxHeaderBytes, and takes one of just that length', () => {
    const length = ZIP.end - A;
    expect(read(ZIP.bytes, { maxHeaderBytes: length }).size).to.equal(2);
    expect(fault(ZIP.bytes, 'TOO_LARGE', { maxHeaderBytes: length - 1 })).to.equal(
      `central directory: expected at most ${length - 1} bytes (limits.maxHeaderBytes), got ${length}`,
    );
  });

  it('takes the last of the entries with one name, as Python does, and says so', () => {
    const bytes = patched(ZIP.bytes, B + 46, 1, 'a'.charCodeAt(0));
    const place = readAll(findDirectory(bytes.length), bytes);
    const { entries, all } = readAll(readDirectory(place, opened(bytes).limits), bytes);
    expect(all.map(({ name, replaced }) => [name, replaced])).to.deep.equal([
      ['a', undefined],
      ['a', all[0]],
    ]);
    expect([...entries.values()]).to.deep.equal([all[1]]);
  });

  it('refuses another number of entries than the end record counts, but for what 16 bits cut off', () => {
    const counted = (count: number) =>
      patched(patched(ZIP.bytes, ZIP.end + 8, 2, count), ZIP.end + 10, 2, count);
    for (const count of [1, 3]) {
      expect(fault(counted(count))).to.equal(
        `central directory: expected ${count} entries, as the end record says, got 2`,
      );
    }
    const many = writeZip(
      Array.from({ length: 65_537 }, (_, i) => ({ name: `${i}`, data: new Uint8Array(0) })),
    );
    const cutOff = patched(patched(many.bytes, many.end + 8, 2, 1), many.end + 10, 2, 1);
    expect(read(cutOff).size).to.equal(65_537);
    expect(fault(cutOff, 'TOO_LARGE', { maxEntries: 65_536 })).to.match(/at most 65536 entries, got 65537/);
  });

  it('refuses an entry without its signature, or longer than the directory', () => {
    expect(fault(patched(ZIP.bytes, A, 4, 0))).to.match(/expected entry 0, whole, at its byte 0/);
    for (const at of [28, 30, 32]) {
      expect(fault(patched(ZIP.bytes, B + at, 2, 500))).to.match(/expected entry 1, whole, at its byte 47/);
    }
  });

  it('refuses extra fields that are cut short or stand twice', () => {
    const zip = writeZip([{ name: 'a', data: DATA, zip64: true }]);
    const extra = zip.centrals[0] + 47;
    const rule = 'entry "a": expected whole extra fields, each that is read at most once, got others';
    expect(fault(patched(zip.bytes, extra + 2, 2, 25))).to.equal(rule);
    let twice = patched(zip.bytes, extra + 2, 2, 8);
    twice = patched(patched(twice, extra + 12, 2, 1), extra + 14, 2, 12);
    expect(fault(twice)).to.equal(rule);
    const few = patched(patched(zip.bytes, extra + 2, 2, 16), extra + 20, 2, 2);
    const missing = 'entry "a": expected a 64-bit value for each that is too large for 32, got fewer';
    expect(fault(patched(few, extra + 22, 2, 4))).to.equal(missing);
    expect(fault(patched(ZIP.bytes, A + 42, 4, 0xffffffff))).to.equal(missing);
  });

  it('finds 64-bit values behind other fields, and leaves padding of less than a field alone', () => {
    const fields = [...new Uint8Array(Uint16Array.of(0x5455, 1).buffer), 7];
    const zip = writeZip([{ name: 'a', data: DATA, zip64: true, extraBefore: Uint8Array.from(fields) }]);
    expect(read(zip.bytes).get('a')).to.include({ storedBytes: DATA.length, offset: 0 });
    const padded = writeZip([{ name: 'a', data: DATA, zip64: true, extraAfter: new Uint8Array(3) }]);
    expect(read(padded.bytes).get('a')).to.include({ storedBytes: DATA.length, offset: 0 });
  });

  it('refuses entries on other disks', () => {
    expect(fault(patched(ZIP.bytes, A + 34, 2, 1))).to.equal(
      'entry "a": expected an archive in one part, got part 1',
    );
  });

  it('says what encrypted entries and other methods are', () => {
    const encrypted = errorOf(() => read(patched(ZIP.bytes, A + 8, 2, 0x801)));
    expect(encrypted).to.be.instanceOf(UnsupportedError);
    expect(encrypted.message).to.equal(
      'zip: entry "a": expected an entry without a password, got an encrypted one. ' +
        'Decrypt it first: write the archive anew without a password',
    );
    for (const flag of [0x20, 0x40, 0x2000]) {
      const error = errorOf(() => read(patched(ZIP.bytes, A + 8, 2, 0x800 | flag)));
      expect(error).to.be.instanceOf(UnsupportedError);
      expect(error.message).to.match(/got flags 0x[0-9a-f]{4}\. Write the archive anew/);
    }
    expect(errorOf(() => read(patched(ZIP.bytes, A + 10, 2, 14))).message).to.match(/got LZMA/);
    expect(errorOf(() => read(patched(ZIP.bytes, A + 10, 2, 77))).message).to.match(/got method 77/);
    // How hard the deflater tried is no matter, and Python takes no notice of the rest.
    for (const flags of [0x806, 0x10, 0x80, 0x1000, 0xc000])
      expect(read(patched(ZIP.bytes, A + 8, 2, 0x800 | flags)).size).to.equal(2);
  });

  it('refuses sizes that stored or deflated bytes cannot have', () => {
    expect(fault(patched(ZIP.bytes, A + 24, 4, 71))).to.equal(
      'entry "a": expected the 72 bytes stored, got 71',
    );
    const stored = ZIP.descriptors[1] - ZIP.datas[1];
    const most = 1032 * stored;
    expect(read(patched(ZIP.bytes, B + 24, 4, most)).get('b')?.inflatedBytes).to.equal(most);
    expect(fault(patched(ZIP.bytes, B + 24, 4, most + 1))).to.equal(
      `entry "b": expected at most ${most} bytes when inflated, got ${most + 1}`,
    );
  });
});

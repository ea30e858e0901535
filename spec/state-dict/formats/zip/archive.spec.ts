import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { UnsupportedError } from '../../../../src/errors.js';
import { openZip, readEntry, storageOf } from '../../../../src/state-dict/formats/zip/archive.js';
import type { ReadingRequest } from '../../../../src/state-dict/reading/reading.js';
import { errorOf, utf8 } from '../../support.js';
import { contentOf, opened, patched, readAll, type TestEntry, writeZip } from './support.js';

const TEXT = utf8('weights '.repeat(20));

function archiveFixture(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`../../../fixtures/numpy/zip/${name}`, import.meta.url)));
}

function contents(bytes: Uint8Array): Map<string, Uint8Array> {
  return contentOf(readAll(openZip(opened(bytes)), bytes), bytes);
}

describe('openZip on what Python wrote', () => {
  const expected = new Map([
    ['stored.txt', TEXT],
    ['deflated.txt', TEXT],
    ['empty.txt', new Uint8Array(0)],
  ]);

  for (const name of ['plain', 'zip64', 'comment', 'stream', 'stream64']) {
    it(`reads ${name}.zip`, () => {
      expect(contents(archiveFixture(`${name}.zip`))).to.deep.equal(expected);
    });
  }

  it('reads a folder as an entry without bytes', () => {
    expect(contents(archiveFixture('folder.zip'))).to.deep.equal(
      new Map([['folder/', new Uint8Array(0)], ...expected]),
    );
  });

  it('reads an archive without entries', () => {
    expect(contents(archiveFixture('empty.zip')).size).to.equal(0);
  });

  it('refuses an end record in a comment, which Python takes for that of an empty archive', () => {
    const error = errorOf(() => contents(archiveFixture('end_in_comment.zip')));
    expect(error.message).to.equal(
      'zip: end of the archive: expected one record that ends the archive, got another in its comment',
    );
  });

  it('names a method that it does not know', () => {
    const error = errorOf(() => contents(archiveFixture('bzip2.zip')));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.equal(
      'zip: entry "a": expected stored or deflated bytes, got bzip2. Write the archive anew, its entries stored or deflated',
    );
  });
});

describe('openZip', () => {
  it('reads entries with descriptors of each form, extra fields that differ, and comments', () => {
    const forms = ([0, 12, 16, 20, 24] as const).flatMap((descriptor): Partial<TestEntry>[] => [
      { descriptor },
      { descriptor, deflate: true, zip64: true },
      { descriptor, padding: 61, comment: 'a comment' },
    ]);
    const entries = forms.map((form, i): TestEntry => ({ name: `é${i}`, data: TEXT, ...form }));
    for (const zip64End of [false, true]) {
      const { bytes } = writeZip(entries, { zip64End, comment: utf8('a comment') });
      const found = contents(bytes);
      expect([...found.keys()]).to.deep.equal(entries.map(({ name }) => name));
      for (const [name, data] of found) expect(data, name).to.deep.equal(TEXT);
    }
  });

  it('asks for the end and the directory in two requests, and for no entry', () => {
    const entries = Array.from({ length: 10_000 }, (_, i) => ({
      name: `data/${i}`,
      data: new Uint8Array(200),
    }));
    const { bytes, centrals, end } = writeZip(entries);
    const seen: ReadingRequest[] = [];
    expect(readAll(openZip(opened(bytes)), bytes, seen).size).to.equal(10_000);
    const ranges = seen.map((request) => (request.kind === 'read' ? request.ranges : []));
    expect(ranges.map((group) => group.length)).to.deep.equal([1, 1]);
    expect(ranges[1]).to.deep.equal([{ begin: centrals[0], end }]);
  });

  it('keeps the order of the directory where the data has another', () => {
    const [a, b] = ['a', 'b'].map((name) => ({ name, data: utf8(name) }));
    const zip = writeZip([a, b]);
    const [first, second] = [
      zip.bytes.slice(zip.centrals[0], zip.centrals[1]),
      zip.bytes.slice(zip.centrals[1], zip.end),
    ];
    zip.bytes.set(second, zip.centrals[0]);
    zip.bytes.set(first, zip.centrals[0] + second.length);
    expect([...contents(zip.bytes)]).to.deep.equal([
      ['b', utf8('b')],
      ['a', utf8('a')],
    ]);
  });
});

describe('storageOf', () => {
  it('has the slot of the entry around it, and what it is inflated to', () => {
    const zip = writeZip([
      { name: 'a', data: TEXT },
      { name: 'b', data: TEXT, deflate: true },
    ]);
    const archive = readAll(openZip(opened(zip.bytes)), zip.bytes);
    const [a, b] = ['a', 'b'].map((name) => storageOf(archive.get(name)!, true));
    expect(a).to.include({ inflatedBytes: undefined, crc32: archive.get('a')?.crc32, what: 'entry "a"' });
    expect(b).to.include({ inflatedBytes: TEXT.length, what: 'entry "b"' });
    expect(a.end - a.begin).to.equal(TEXT.length);
    for (const [i, { around }] of [a, b].entries()) {
      const { begin, end, headBytes, dataBegin } = around!;
      expect([begin, end]).to.deep.equal([zip.locals[i], zip.locals[i + 1] ?? zip.centrals[0]]);
      for (const bytes of [end - begin, headBytes])
        expect(begin + dataBegin(zip.bytes.subarray(begin, begin + bytes))).to.equal(zip.datas[i]);
    }
  });
});

describe('readEntry', () => {
  const zip = writeZip([
    { name: 'stored', data: TEXT },
    { name: 'deflated', data: TEXT, deflate: true },
  ]);
  const archive = readAll(openZip(opened(zip.bytes)), zip.bytes);

  it('refuses an entry larger than allowed before it reads it', () => {
    for (const entry of archive.values()) {
      expect(readAll(readEntry(entry, TEXT.length), zip.bytes)).to.deep.equal(TEXT);
      const seen: ReadingRequest[] = [];
      const error = errorOf(() => readAll(readEntry(entry, TEXT.length - 1), zip.bytes, seen));
      expect(error.code).to.equal('TOO_LARGE');
      expect(error.message).to.equal(`zip: entry "${entry.name}": expected at most 159 bytes, got 160`);
      expect(seen).to.deep.equal([]);
    }
  });

  it('refuses bytes with another CRC-32', () => {
    const broken = patched(zip.bytes, zip.datas[0], 1, 0);
    const error = errorOf(() => readAll(readEntry(archive.get('stored')!, 1e3), broken));
    expect(error.code).to.equal('DAMAGED');
    expect(error.message).to.match(
      /^zip: entry "stored": expected CRC-32 [0-9a-f]{8}, got [0-9a-f]{8}\. It is damaged$/,
    );
  });

  it('refuses fewer bytes than the entry claims, and more', () => {
    const claiming = (size: number) => {
      const bytes = patched(patched(zip.bytes, zip.locals[1] + 22, 4, size), zip.centrals[1] + 24, 4, size);
      const entry = readAll(openZip(opened(bytes)), bytes).get('deflated')!;
      return errorOf(() => readAll(readEntry(entry, 1e3), bytes));
    };
    const error = claiming(TEXT.length + 1);
    expect(error.code).to.equal('DAMAGED');
    expect(error.message).to.equal('zip: entry "deflated": expected 161 bytes when inflated, got 160');
    expect(claiming(TEXT.length - 1).message).to.equal(
      'zip: entry "deflated": expected at most 159 bytes when inflated, got more',
    );
  });
});

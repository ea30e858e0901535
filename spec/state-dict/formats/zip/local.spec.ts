import { expect } from 'chai';
import { openZip } from '../../../../src/state-dict/formats/zip/archive.js';
import { locateEntries } from '../../../../src/state-dict/formats/zip/local.js';
import { errorOf, utf8 } from '../../support.js';
import { contentOf, opened, patched, readAll, type TestEntry, type TestZip, writeZip } from './support.js';

const DATA = utf8('weights');
const ZIP = writeZip([
  { name: 'a', data: DATA },
  { name: 'b', data: DATA },
]);

function zipOf(entry: Partial<TestEntry>): TestZip {
  return writeZip([
    { name: 'a', data: DATA, ...entry },
    { name: 'b', data: DATA, ...entry },
  ]);
}

function contents(bytes: Uint8Array): Map<string, Uint8Array> {
  return contentOf(readAll(openZip(opened(bytes)), bytes), bytes);
}

/** The error for an archive whose entries are read, which must not depend on how: their slots, or the headers alone. */
function refusal(bytes: Uint8Array): Error & { code?: string } {
  const located = errorOf(() => {
    const archive = readAll(openZip(opened(bytes)), bytes);
    readAll(locateEntries([...archive.values()]), bytes);
  });
  const read = errorOf(() => contents(bytes));
  expect(read.message).to.equal(located.message);
  return read;
}

function fault(bytes: Uint8Array, code: string): string {
  const error = refusal(bytes);
  expect(error.code).to.equal(code);
  return error.message.replace('zip: ', '');
}

function mismatch(bytes: Uint8Array): string {
  return fault(bytes, 'INCONSISTENT').replace('entry "a": expected the same ', '');
}

/** The archive with bytes put in at `at`, and everything that refers to a place behind it moved. */
function withGap({ bytes, centrals, end }: TestZip, at: number, moved: readonly number[]): Uint8Array {
  let file: Uint8Array = Uint8Array.from([...bytes.subarray(0, at), 0, ...bytes.subarray(at)]);
  const view = new DataView(file.buffer);
  for (const i of moved) {
    const field = centrals[i] + 1 + 42;
    file = patched(file, field, 4, view.getUint32(field, true) + 1);
  }
  return patched(file, end + 1 + 16, 4, view.getUint32(end + 1 + 16, true) + 1);
}

describe('locateEntries', () => {
  it('refuses a header that contradicts the directory', () => {
    const [a] = ZIP.locals;
    const behind = (part: string) => `${part} before its data as in the directory, got another`;
    expect(mismatch(patched(ZIP.bytes, a + 6, 2, 0x801))).to.equal(behind('flag of encryption'));
    expect(mismatch(patched(ZIP.bytes, a + 8, 2, 8))).to.equal(behind('method'));
    expect(mismatch(patched(ZIP.bytes, a + 30, 1, 'A'.charCodeAt(0)))).to.equal(behind('name'));
    for (const length of [0, 2]) {
      expect(mismatch(patched(ZIP.bytes, a + 26, 2, length))).to.equal(behind('name'));
    }
    expect(mismatch(patched(ZIP.bytes, a + 14, 4, 0))).to.equal(behind('CRC-32'));
    expect(mismatch(patched(ZIP.bytes, a + 18, 4, 6))).to.equal(behind('sizes'));
    expect(mismatch(patched(ZIP.bytes, a + 22, 4, 0))).to.equal(behind('sizes'));
    expect(fault(patched(ZIP.bytes, a, 4, 0), 'INVALID_SYNTAX')).to.equal(
      'entry "a": expected its header at byte 0, got something else',
    );
  });

  it('takes flags that do not change how data is read', () => {
    for (const flags of [0, 0x802, 0x806, 0x1800])
      expect(contents(patched(ZIP.bytes, ZIP.locals[0] + 6, 2, flags)).get('a')).to.deep.equal(DATA);
  });

  it('refuses 64-bit sizes that contradict it or are not there', () => {
    const zip = zipOf({ zip64: true });
    const extra = zip.locals[0] + 31;
    const missing = 'sizes, in an extra field of 64 bits, before its data as in the directory, got another';
    expect(mismatch(patched(zip.bytes, extra, 2, 2))).to.equal(missing);
    expect(mismatch(patched(zip.bytes, extra + 2, 2, 8))).to.equal(missing);
    for (const at of [4, 12]) {
      expect(mismatch(patched(zip.bytes, extra + at, 8, 8))).to.match(/^sizes before/);
    }
    for (const { bytes } of [ZIP, zipOf({ data: utf8('') })]) {
      expect(mismatch(patched(patched(bytes, 18, 4, 0xffffffff), 22, 4, 0xffffffff))).to.equal(missing);
    }
  });

  it('takes zeros in place of CRC-32 and sizes only where a descriptor follows, or the values themselves', () => {
    const zip = zipOf({ descriptor: 16 });
    const [a] = zip.locals;
    const crc = new DataView(zip.bytes.buffer).getUint32(zip.descriptors[0] + 4, true);
    const full = patched(patched(patched(zip.bytes, a + 14, 4, crc), a + 18, 4, 7), a + 22, 4, 7);
    expect(contents(full).get('a')).to.deep.equal(DATA);
    expect(mismatch(patched(zip.bytes, a + 14, 4, 1))).to.match(/^CRC-32/);
    expect(mismatch(patched(zip.bytes, a + 18, 4, 6))).to.match(/^sizes/);
  });

  it('takes each of them alone, as Info-ZIP writes the inflated size of what it streams', () => {
    for (const descriptor of [12, 24] as const) {
      const zip = zipOf({ descriptor, deflate: true });
      expect(contents(patched(zip.bytes, zip.locals[0] + 22, 4, DATA.length)).get('a')).to.deep.equal(DATA);
    }
  });

  it('finds 64-bit sizes behind other extra fields, one of the two too', () => {
    const extraBefore = new Uint8Array(Uint16Array.of(0x5455, 2, 7).buffer);
    for (const descriptor of [0, 20] as const) {
      const zip = zipOf({ zip64: true, extraBefore, descriptor });
      expect(contents(zip.bytes).get('a')).to.deep.equal(DATA);
      const short = patched(zip.bytes, zip.locals[0] + 22, 4, DATA.length);
      expect(contents(short).get('a')).to.deep.equal(DATA);
    }
  });

  it('leaves sizes behind other extra fields alone that are longer than what it reads of a header', () => {
    const extraBefore = Uint8Array.of(0x46, 0x42, 0xd0, 0x07, ...new Uint8Array(2000));
    const { bytes, datas } = zipOf({ zip64: true, extraBefore });
    const archive = readAll(openZip(opened(bytes)), bytes);
    expect(readAll(locateEntries([...archive.values()]), bytes)).to.deep.equal(datas);
    expect(contents(bytes).get('b')).to.deep.equal(DATA);
    // The whole entry is held to them.
    const size = datas[0] - 16;
    expect(errorOf(() => contents(patched(bytes, size, 8, 9))).message).to.match(
      /the same sizes before its data/,
    );
  });

  it('refuses a descriptor that contradicts it', () => {
    const mismatch = (bytes: Uint8Array) =>
      errorOf(() => contents(bytes)).message.replace('zip: entry "a": expected the same ', '');
    for (const descriptor of [12, 16, 20, 24] as const) {
      const zip = zipOf({ descriptor });
      for (let at = 0; at < descriptor; at++) {
        const place = zip.descriptors[0] + at;
        expect(mismatch(patched(zip.bytes, place, 1, zip.bytes[place] ^ 1))).to.equal(
          'CRC-32 and sizes behind its data as in the directory, got others',
        );
      }
    }
  });

  it('leaves bytes before the first entry alone, between entries and before the directory', () => {
    const streamed = zipOf({ descriptor: 16 });
    for (const bytes of [
      withGap(ZIP, 0, [0, 1]),
      withGap(ZIP, ZIP.locals[1], [1]),
      withGap(ZIP, ZIP.centrals[0], []),
      withGap(streamed, streamed.locals[1], [1]),
    ]) {
      expect([...contents(bytes)]).to.deep.equal([
        ['a', DATA],
        ['b', DATA],
      ]);
    }
  });

  it('refuses entries at the same place, and entries that reach into the next or the directory', () => {
    const same = patched(ZIP.bytes, ZIP.centrals[1] + 42, 4, 0);
    expect(fault(same, 'INCONSISTENT')).to.equal(
      'entry "a": expected 38 bytes at least from 0 to what follows, got 0',
    );
    const sized = (i: number, size: number) => {
      const central = patched(
        patched(ZIP.bytes, ZIP.centrals[i] + 20, 4, size),
        ZIP.centrals[i] + 24,
        4,
        size,
      );
      return patched(patched(central, ZIP.locals[i] + 18, 4, size), ZIP.locals[i] + 22, 4, size);
    };
    for (const i of [0, 1]) {
      for (const size of [8, 60, 0xfffffffe]) {
        expect(fault(sized(i, size), 'INCONSISTENT')).to.match(/^entry "[ab]": expected \d+ bytes at least/);
      }
    }
    const padded = patched(ZIP.bytes, ZIP.locals[0] + 28, 2, 1);
    expect(fault(padded, 'INCONSISTENT')).to.equal(
      'entry "a": expected data that ends by 38, where the next part begins, got 39',
    );
  });

  it('refuses an entry that begins in the directory, behind it or behind the file', () => {
    for (const offset of [ZIP.centrals[0], ZIP.centrals[0] - 29, ZIP.bytes.length, 0xfffffffe]) {
      const bytes = patched(ZIP.bytes, ZIP.centrals[1] + 42, 4, offset);
      expect(refusal(bytes).code).to.be.oneOf(['INCONSISTENT', 'INVALID_SYNTAX']);
    }
  });
});

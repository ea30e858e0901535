import { expect } from 'chai';
import { openNpz } from '../../../../src/state-dict/formats/numpy/npz.js';
import { parseStateDict } from '../../../../src/state-dict/parse.js';
import type { ReadingRequest } from '../../../../src/state-dict/reading/reading.js';
import { errorOf, utf8 } from '../../support.js';
import { opened, patched, readAll, type TestEntry, writeZip } from '../zip/support.js';
import { described, EXPECTED, npyDict, npyFile, numpyFixture, storedTensor } from './support.js';

const ONE = npyFile(npyDict('<f4', '(1,)'), 4);

function open(entries: readonly TestEntry[], limits = {}, seen: ReadingRequest[] = []) {
  const { bytes } = writeZip(entries);
  return readAll(openNpz(opened(bytes, limits)), bytes, seen).root;
}

describe('openNpz', () => {
  for (const name of ['arrays.npz', 'compressed.npz']) {
    it(`reads ${name} as numpy does`, () => {
      const file = numpyFixture(name);
      const { root, ...rest } = readAll(openNpz(opened(file)), file);
      expect(rest).to.deep.equal({ format: 'npz', unknownGlobals: [], warnings: [] });
      expect([...root.keys()]).to.deep.equal(Object.keys(EXPECTED[name]));
      for (const [key, node] of root) expect(described(node, file), key).to.deep.equal(EXPECTED[name][key]);
    });
  }

  it('refuses arrays that are not tensors one by one', () => {
    const file = numpyFixture('refused.npz');
    const { root } = readAll(openNpz(opened(file)), file);
    const kinds = [...root].map(([name, node]) => [
      name,
      node.kind === 'refused' ? /an array of (\w+)/.exec(node.reason)?.[1] : node.kind,
    ]);
    expect(kinds).to.deep.equal([
      ['object', 'Python'],
      ['unicode', 'strings'],
      ['bytes', 'strings'],
      ['date', 'dates'],
      ['duration', 'dates'],
      ['complex128', 'complex'],
      ['longdouble', 'long'],
      ['structured', 'records'],
      ['void', 'raw'],
      ['float32', 'stored'],
    ]);
  });

  it('takes entries with other names than *.npy as values beside the tensors, whatever they hold', () => {
    const root = open([
      { name: 'w.npy', data: ONE },
      { name: 'readme.txt', data: utf8('abc') },
      { name: 'folder/', data: utf8('') },
      { name: 'x.NPY', data: ONE },
    ]);
    expect([...root].map(([name, node]) => [name, node.kind])).to.deep.equal([
      ['w', 'stored'],
      ['readme.txt', 'other'],
      ['folder/', 'other'],
      ['x.NPY', 'other'],
    ]);
    expect(root.get('readme.txt')).to.deep.equal({ kind: 'other', text: '3 bytes' });
  });

  it('keeps names that objects have', () => {
    expect([...open([{ name: '__proto__.npy', data: ONE }]).keys()]).to.deep.equal(['__proto__']);
  });

  it('refuses an array that another name in the directory makes a value', () => {
    const { bytes, centrals } = writeZip([{ name: 'w.npy', data: ONE }]);
    const error = errorOf(() => {
      const broken = patched(bytes, centrals[0] + 46 + 1, 1, '-'.charCodeAt(0));
      readAll(openNpz(opened(broken)), broken);
    });
    expect(error.message).to.equal(
      'zip: entry "w-npy": expected the same name before its data as in the directory, got another',
    );
  });

  it('refuses two entries of one name, and an entry called .npy that is not an npy file', () => {
    const twice = errorOf(() =>
      open([
        { name: 'w', data: ONE },
        { name: 'w.npy', data: ONE },
      ]),
    );
    expect(twice.code).to.equal('DUPLICATE_NAME');
    expect(twice.message).to.equal('npz: archive: expected each name once, got "w" again');
    const other = errorOf(() => open([{ name: 'w.npy', data: utf8('abc') }]));
    expect(other.code).to.equal('INVALID_SYNTAX');
    expect(other.message).to.equal(
      'npy: entry "w.npy": expected the mark and version of an npy file first, got other bytes',
    );
  });

  it('refuses more arrays than maxTensors, and takes just as many', () => {
    const entries = ['a.npy', 'b.npy', 'c'].map((name) => ({ name, data: ONE }));
    expect(open(entries, { maxTensors: 2 }).size).to.equal(3);
    const error = errorOf(() => open(entries, { maxTensors: 1 }));
    expect(error.code).to.equal('TOO_LARGE');
    expect(error.message).to.match(/^npz: archive: expected at most 1 tensors/);
  });

  it('holds the size of an array to that of its entry, stored or deflated', () => {
    for (const deflate of [false, true]) {
      const data = npyFile(npyDict('<f4', '(3,)'), 8);
      const error = errorOf(() => open([{ name: 'w.npy', data, deflate }]));
      expect(error.code).to.equal('INVALID_TENSOR');
      expect(error.message).to.equal('npy: entry "w.npy": expected 12 bytes for F32 [3], got 8');
    }
  });

  it('reads headers longer than usual, one after the other', () => {
    for (const deflate of [false, true]) {
      const dict = npyDict('<f4', '(1,)') + ' '.repeat(5000);
      const entries = ['a.npy', 'b.npy'].map((name) => ({ name, deflate, data: npyFile(dict, 4) }));
      const root = open(entries);
      expect(storedTensor(root.get('b')).byteOffset).to.equal(10 + dict.length);
    }
  });

  const zeros = (name: string, count: number) => {
    const header = npyFile(npyDict('|u1', `(${count},)`).padEnd(118));
    return { name, data: Uint8Array.from([...header, ...new Uint8Array(count)]), deflate: true };
  };

  it('inflates the header of a compressed array from its first bytes', () => {
    const seen: ReadingRequest[] = [];
    const root = open([zeros('a.npy', 2 ** 20), zeros('b.npy', 7)], {}, seen);
    const { bytes, inflatedBytes } = storedTensor(root.get('a')).storage;
    expect({ bytes, inflatedBytes }).to.deep.equal({ bytes: undefined, inflatedBytes: 128 + 2 ** 20 });
    const inflated = seen.filter((request) => request.kind === 'inflate');
    expect(inflated.map(({ isHead, maxBytes }) => [isHead, maxBytes])).to.deep.equal([
      [true, 256],
      [true, 128 + 7],
    ]);
    expect(Math.max(...inflated.map(({ bytes }) => bytes.length))).to.be.at.most(1024);
  });

  it('takes no memory for arrays that are not selected', () => {
    // Each array has 2^23 zeros in 8 KB.
    const { bytes } = writeZip(['a.npy', 'b.npy', 'c.npy'].map((name) => zeros(name, 2 ** 23)));
    const limits = { maxTensorBytes: 128 + 2 ** 23 };
    const stateDict = parseStateDict(bytes, { limits, select: ['b'] });
    expect([...stateDict].map(([name, { data }]) => [name, data.byteLength])).to.deep.equal([['b', 2 ** 23]]);
    expect(errorOf(() => parseStateDict(bytes, { limits, select: ['a', 'b'] })).message).to.include(
      `at most ${limits.maxTensorBytes} bytes that are not views of the file (limits.maxTensorBytes), got ${2 * limits.maxTensorBytes}.`,
    );
  });

  it('counts what is inflated to find a header that its first bytes do not give', () => {
    const dict = npyDict('<f4', '(0,)') + ' '.repeat(60_000);
    const entries = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ name: `${i}.npy`, deflate: true, data: npyFile(dict) }));
    const { bytes } = writeZip(entries(10));
    const file = opened(bytes);
    readAll(openNpz(file), bytes);
    expect(file.work.steps).to.be.within(10 * (60_000 / 64), 10 * (60_000 / 64) + 1000);
    const many = writeZip(entries(150)).bytes;
    expect(errorOf(() => readAll(openNpz(opened(many, { maxExpansion: 1 })), many)).code).to.equal(
      'TOO_LARGE',
    );
  });
});

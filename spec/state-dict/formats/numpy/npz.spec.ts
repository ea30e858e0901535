import { expect } from 'chai';
import { openNpz } from '../../../../src/state-dict/formats/numpy/npz.js';
import { parseStateDict } from '../../../../src/state-dict/parse.js';
import type { ReadingRequest } from '../../../../src/state-dict/reading/reading.js';
import type { ReadReport } from '../../../../src/state-dict/report.js';
import { errorOf, utf8 } from '../../support.js';
import { opened, patched, readAll, type TestEntry, writeZip } from '../zip/support.js';
import { described, EXPECTED, npyDict, npyFile, numpyFixture, openedNodes, storedTensor } from './support.js';

const ONE = npyFile(npyDict('<f4', '(1,)'), 4);

function open(entries: readonly TestEntry[], limits = {}, seen: ReadingRequest[] = [], withElements = true) {
  return openedNodes(writeZip(entries).bytes, { limits, seen, withElements });
}

describe('openNpz', () => {
  for (const name of ['arrays.npz', 'compressed.npz']) {
    it(`reads ${name} as numpy does`, () => {
      const file = numpyFixture(name);
      const checkpoint = readAll(openNpz(opened(file)), file);
      expect(checkpoint).to.deep.include({ format: 'npz', unknownGlobals: [], warnings: [] });
      const root = openedNodes(file);
      expect([...root.keys()]).to.deep.equal(Object.keys(EXPECTED[name]));
      for (const [key, node] of root) expect(described(node, file), key).to.deep.equal(EXPECTED[name][key]);
      for (const [key, node] of openedNodes(file, { withElements: false })) {
        const { dtype, shape } = EXPECTED[name][key];
        expect(storedTensor(node), key).to.deep.include({ dtype, shape });
        expect(storedTensor(node).storage.bytes, key).to.equal(undefined);
      }
    });
  }

  it('refuses arrays that are not tensors one by one', () => {
    const root = openedNodes(numpyFixture('refused.npz'));
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

  it('takes entries with other names than *.npy as values beside the tensors, unless they hold an array', () => {
    const root = open([
      { name: 'w.npy', data: ONE },
      { name: 'readme.txt', data: utf8('abc') },
      { name: 'folder/', data: utf8('') },
      { name: 'x.NPY', data: ONE },
    ]);
    expect([...root].map(([name, node]) => [name, node.kind])).to.deep.equal([
      ['w', 'stored'],
      ['readme.txt', 'other'],
      ['x.NPY', 'stored'],
    ]);
    expect(root.get('readme.txt')).to.deep.equal({ kind: 'other', text: '3 bytes' });
  });

  it('takes the last of the arrays with one name, as numpy does, and says so', () => {
    const two = npyFile(npyDict('<f4', '(2,)'), 8);
    const { bytes } = writeZip([
      { name: 'w.npy', data: ONE },
      { name: 'b.npy', data: ONE },
      { name: 'w.npy', data: two },
    ]);
    const reports: ReadReport[] = [];
    const stateDict = parseStateDict(bytes, { onReport: (report) => reports.push(report) });
    expect([...stateDict].map(([name, { shape }]) => [name, shape])).to.deep.equal([
      ['w', [2]],
      ['b', [1]],
    ]);
    expect(reports[0].warnings).to.deep.equal([
      'Took the last entry of each of these names, as numpy does: "w.npy".',
    ]);
    // A damaged name must not hide an array.
    const directory = Buffer.from(bytes).lastIndexOf('b.npy');
    const hiding = patched(bytes, directory, 1, 'w'.charCodeAt(0));
    expect(errorOf(() => parseStateDict(hiding))).to.have.property('code', 'INCONSISTENT');
  });

  it('leaves out what numpy does not take for an array, such as what a Mac adds to an archive, and says so', () => {
    const { bytes } = writeZip([
      { name: '__MACOSX/._w.npy', data: utf8('\0\x05\x16\x07') },
      { name: 'w.npy', data: ONE },
      { name: 'folder/', data: utf8('') },
    ]);
    const reports: ReadReport[] = [];
    const stateDict = parseStateDict(bytes, { onReport: (report) => reports.push(report) });
    expect([...stateDict.keys()]).to.deep.equal(['w']);
    expect(reports[0].warnings).to.deep.equal(['Left out, because they are not arrays: "__MACOSX/._w".']);
    const at = Buffer.from(bytes).indexOf('\x93NUMPY', 0, 'latin1');
    expect(errorOf(() => parseStateDict(patched(bytes, at, 1, 0)))).to.have.property(
      'code',
      'INVALID_SYNTAX',
    );
    const both = writeZip(['a.npy', 'b.npy'].map((name) => ({ name, data: ONE }))).bytes;
    const damaged = patched(both, Buffer.from(both).indexOf('\x93NUMPY', 0, 'latin1'), 1, 0);
    expect(errorOf(() => parseStateDict(damaged))).to.have.property('code', 'DAMAGED');
  });

  it('tells the console of what may be an array and was left out', () => {
    const { warn } = console;
    const warned: string[] = [];
    console.warn = (text: string) => warned.push(text);
    try {
      const twice = Uint8Array.from([...ONE, ...ONE]);
      const { bytes } = writeZip([
        { name: 'a.npy', data: utf8('abc') },
        { name: 'w.npy', data: twice },
        { name: 'note.txt', data: utf8('abc') },
      ]);
      expect([...parseStateDict(bytes).keys()]).to.deep.equal(['w']);
    } finally {
      console.warn = warn;
    }
    expect(warned).to.deep.equal([
      'parseStateDict: Left out, because they are not arrays: "a". ' +
        `Left out, as numpy.load does: ${ONE.length} bytes behind the first array of entry "w.npy".`,
    ]);
  });

  it('takes an array in an entry of any name, as numpy does', () => {
    for (const deflate of [false, true]) {
      const { bytes } = writeZip([
        { name: 'w.npy', data: ONE },
        { name: 'noext', data: npyFile(npyDict('<f4', '(2,)'), 8), deflate },
        { name: 'empty', data: utf8(''), deflate },
      ]);
      const shapes = [...parseStateDict(bytes)].map(([name, { shape }]) => [name, shape]);
      expect(shapes).to.deep.equal([
        ['w', [1]],
        ['noext', [2]],
      ]);
    }
  });

  it('reads names that lead anywhere, and an archive of nothing', () => {
    const names = ['/a', '../a', 'a\\b', 'C:/a', ''];
    const stateDict = parseStateDict(
      writeZip(names.map((name) => ({ name: `${name}.npy`, data: ONE }))).bytes,
    );
    expect([...stateDict.keys()]).to.deep.equal(names);
    expect(parseStateDict(writeZip([]).bytes).size).to.equal(0);
  });

  it('is told by its entries, wherever an array stands and whatever stands before the archive', () => {
    const { bytes } = writeZip([
      { name: 'readme.txt', data: utf8('abc') },
      { name: 'w.npy', data: ONE },
    ]);
    for (const before of ['', '#!/bin/sh\nexit\n', 'MZ\x90\0', 'PK'])
      expect([...parseStateDict(Buffer.concat([utf8(before), bytes])).keys()]).to.deep.equal(['w']);
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
    const entries = [
      { name: 'a.npy', data: ONE },
      { name: 'b', data: ONE },
      { name: 'c', data: utf8('abc') },
    ];
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
    const root = open([zeros('a.npy', 2 ** 20), zeros('b.npy', 7)], {}, seen, false);
    const { bytes, inflatedBytes } = storedTensor(root.get('a')).storage;
    expect({ bytes, inflatedBytes }).to.deep.equal({ bytes: undefined, inflatedBytes: 128 + 2 ** 20 });
    expect(seen.filter(({ kind }) => kind === 'inflate')).to.deep.equal([]);
  });

  it('takes no memory for arrays that are not selected', () => {
    // Each array has 2^20 zeros in a kilobyte.
    const { bytes } = writeZip(['a.npy', 'b.npy', 'c.npy'].map((name) => zeros(name, 2 ** 20)));
    const limits = { maxTensorBytes: 128 + 2 ** 20 };
    const stateDict = parseStateDict(bytes, { limits, select: ['b'] });
    expect([...stateDict].map(([name, { data }]) => [name, data.byteLength])).to.deep.equal([['b', 2 ** 20]]);
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
    openedNodes(bytes, { file });
    expect(file.work.steps).to.be.within(10 * (60_000 / 64), 10 * (60_000 / 64) + 1000);
    const many = writeZip(entries(150)).bytes;
    const strict = opened(many, { maxExpansion: 1 });
    expect(errorOf(() => openedNodes(many, { file: strict })).code).to.equal('TOO_LARGE');
  });
});

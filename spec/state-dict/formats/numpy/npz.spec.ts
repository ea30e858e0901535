import { expect } from 'chai';
import { openNpz } from '../../../../src/state-dict/formats/numpy/npz.js';
import type { ReadingRequest } from '../../../../src/state-dict/reading/reading.js';
import { errorOf, utf8 } from '../../support.js';
import { noise, opened, readAll, type TestEntry, writeZip } from '../zip/support.js';
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

  it('refuses arrays that are no tensors each for itself', () => {
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

  it('takes entries not called .npy for values beside the tensors, whatever they hold', () => {
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
    expect(root.get('readme.txt')).to.deep.equal({ kind: 'other', value: { text: '3 bytes' } });
  });

  it('keeps names that objects have', () => {
    expect([...open([{ name: '__proto__.npy', data: ONE }]).keys()]).to.deep.equal(['__proto__']);
  });

  it('refuses two entries of one name, and an entry called .npy that is none', () => {
    const twice = errorOf(() =>
      open([
        { name: 'w', data: ONE },
        { name: 'w.npy', data: ONE },
      ]),
    );
    expect(twice.code).to.equal('DUPLICATE_KEY');
    expect(twice.message).to.equal('npz: archive: expected each name once, got "w" again');
    const other = errorOf(() => open([{ name: 'w.npy', data: utf8('abc') }]));
    expect(other.code).to.equal('INVALID_NPY');
    expect(other.message).to.equal(
      'npy: entry "w.npy": expected the mark and version of an npy file first, got other bytes',
    );
  });

  it('refuses more arrays than maxTensors, and takes just as many', () => {
    const entries = ['a.npy', 'b.npy', 'c'].map((name) => ({ name, data: ONE }));
    expect(open(entries, { maxTensors: 2 }).size).to.equal(3);
    const error = errorOf(() => open(entries, { maxTensors: 1 }));
    expect(error.code).to.equal('TOO_MANY_TENSORS');
    expect(error.message).to.match(/^npz: archive: expected at most 1 tensors/);
  });

  it('holds the size of an array to that of its entry, stored or deflated', () => {
    for (const deflate of [false, true]) {
      const data = npyFile(npyDict('<f4', '(3,)'), 8);
      const error = errorOf(() => open([{ name: 'w.npy', data, deflate }]));
      expect(error.code).to.equal('SIZE_MISMATCH');
      expect(error.message).to.equal('npy: entry "w.npy": expected 12 bytes for F32 [3], got 8');
    }
  });

  it('reads headers longer than usual, one after the other', () => {
    for (const deflate of [false, true]) {
      const dict = npyDict('<f4', '(1,)') + ' '.repeat(5000);
      const entries = ['a.npy', 'b.npy'].map((name) => ({ name, deflate, data: npyFile(dict, 4) }));
      const seen: ReadingRequest[] = [];
      const root = open(entries, {}, seen);
      expect(storedTensor(root.get('b')).byteOffset).to.equal(10 + dict.length);
      expect(seen.filter(({ kind }) => kind === 'read')).to.have.length(3 + 1 + 2);
    }
  });

  it('reads and inflates little more than the headers, whatever the arrays hold', () => {
    const arrays = [new Uint8Array(2 ** 22), noise(2 ** 20)];
    const entries = arrays.map((elements, i) => {
      const header = npyFile(npyDict('|u1', `(${elements.length},)`).padEnd(118));
      return { name: `${i}.npy`, data: Uint8Array.from([...header, ...elements]), deflate: true };
    });
    const seen: ReadingRequest[] = [];
    const root = open(entries, {}, seen);
    expect(storedTensor(root.get('0')).storage.inflatedBytes).to.equal(128 + 2 ** 22);
    for (const request of seen.slice(3)) {
      if (request.kind === 'inflate') expect(request).to.include({ maxBytes: 256, prefix: true });
      else for (const { begin, end } of request.ranges) expect(end - begin).to.be.at.most(1024);
    }
    expect(seen).to.have.length(6);
  });
});

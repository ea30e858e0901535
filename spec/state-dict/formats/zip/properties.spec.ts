import { expect } from 'chai';
import fc from 'fast-check';
import { FormatError, UnsupportedError } from '../../../../src/errors.js';
import { openZip } from '../../../../src/state-dict/formats/zip/archive.js';
import { described, npyDict, npyFile, numpyFixture, openedNodes } from '../numpy/support.js';
import { contentOf, noise, opened, readAll, type TestEntry, writeZip } from './support.js';

const SEED = 20261125;
const RUNS = { seed: SEED, numRuns: 300 };
const MANY_RUNS = { seed: SEED, numRuns: 3000 };

const name = fc
  .oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('__proto__', 'data/0', 'a/b/'))
  .filter((text) => text !== '' && !text.includes('\0'));

const entry: fc.Arbitrary<TestEntry> = fc.record({
  name,
  data: fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.nat({ max: 5000 }).map((length) => new Uint8Array(length)),
  ),
  deflate: fc.boolean(),
  descriptor: fc.constantFrom(0 as const, 12 as const, 16 as const, 20 as const, 24 as const),
  zip64: fc.boolean(),
  padding: fc.option(fc.nat({ max: 70 }), { nil: undefined }),
  comment: fc.string({ maxLength: 5 }),
});

const entries = fc.uniqueArray(entry, { maxLength: 6, selector: (made) => made.name });

/** Bytes `[begin, end)`, as far as there are any, replaced by others. */
interface Edit {
  readonly begin: number;
  readonly length: number;
  /** Places of the file that the new bytes are copied from, or the bytes themselves. */
  readonly source: number;
  readonly bytes: Uint8Array;
}

const place = fc.nat({ max: 2 ** 31 - 1 });
const length = fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: 60 }));

/** A flip, a cut, an insertion, or a part of the file copied to another place of it. */
const edit: fc.Arbitrary<Edit> = fc.record({
  begin: place,
  length,
  source: fc.option(place, { nil: -1 }),
  bytes: fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    length.map((count) => new Uint8Array(count)),
  ),
});

/** At most this many bytes are cut off the end, so that many edits hit the records there. */
const cut = fc.oneof(fc.constant(0), fc.nat({ max: 100 }));

function applied(bytes: Uint8Array, { begin, length: count, source, bytes: others }: Edit): Uint8Array {
  const at = begin % (bytes.length + 1);
  const from = source % (bytes.length + 1);
  const put = source < 0 ? others : bytes.subarray(from, from + others.length);
  return Uint8Array.from([...bytes.subarray(0, at), ...put, ...bytes.subarray(at + count)]);
}

/** What `run` gives; undefined after one of the errors that a broken file may cause. */
function outcome<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof FormatError || error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

function contents(bytes: Uint8Array): Map<string, Uint8Array> {
  return contentOf(readAll(openZip(opened(bytes)), bytes), bytes);
}

/** Every tensor of an npz archive whose entries have their checksums. */
function tensors(bytes: Uint8Array): Map<string, unknown> {
  contents(bytes);
  return new Map(
    [...openedNodes(bytes)].map(([key, node]) => [
      key,
      node.kind === 'stored' ? described(node, bytes) : node,
    ]),
  );
}

describe('properties of zip archives', () => {
  it('what is written is read back', () => {
    fc.assert(
      fc.property(entries, fc.boolean(), fc.uint8Array({ maxLength: 30 }), (made, zip64End, comment) => {
        const { bytes } = writeZip(made, { zip64End, comment });
        expect([...contents(bytes)]).to.deep.equal(made.map(({ name: key, data }) => [key, data]));
      }),
      RUNS,
    );
  });

  it('an edited archive has the same content, or is refused', () => {
    const files = [
      writeZip(
        [
          { name: 'archive/data.pkl', data: noise(40), descriptor: 16, padding: 20 },
          { name: 'archive/data/0', data: new Uint8Array(0), padding: 30 },
          { name: 'archive/data/1', data: noise(64), descriptor: 24, padding: 10 },
        ],
        { zip64End: true },
      ).bytes,
      writeZip(
        [
          { name: 'w.npy', data: new Uint8Array(90), deflate: true, zip64: true },
          { name: 'b.npy', data: noise(30), zip64: true },
        ],
        { comment: noise(5) },
      ).bytes,
    ];
    for (const file of files) {
      const original = [...contents(file)];
      let refused = 0;
      fc.assert(
        fc.property(edit, cut, (change, end) => {
          const bytes = applied(file.subarray(0, file.length - end), change);
          const found = outcome(() => contents(bytes));
          if (found) expect([...found]).to.deep.equal(original);
          else refused++;
        }),
        MANY_RUNS,
      );
      expect(refused).to.be.above(MANY_RUNS.numRuns / 2);
    }
  });

  it('an edited npz archive has the same tensors, or is refused', () => {
    const header = npyFile(npyDict('>i2', '(2, 3)', true));
    const array = Uint8Array.from([...header, ...noise(12)]);
    const files = [
      numpyFixture('compressed.npz').slice(),
      writeZip([{ name: 'w.npy', data: array }]).bytes,
      writeZip([{ name: 'w.npy', data: array, deflate: true }]).bytes,
    ];
    for (const file of files) {
      const original = [...tensors(file)];
      fc.assert(
        fc.property(edit, (change) => {
          const found = outcome(() => tensors(applied(file, change)));
          if (found) expect([...found]).to.deep.equal(original);
        }),
        RUNS,
      );
    }
  });

  it('an edited header of an array is one, or is refused', () => {
    fc.assert(
      fc.property(edit, fc.constantFrom(1, 2, 3), (change, major) => {
        const file = applied(npyFile(npyDict('<f4', '(2, 3)', true), 24, major), change);
        const { bytes } = writeZip([{ name: 'w.npy', data: file }]);
        outcome(() => tensors(bytes));
      }),
      MANY_RUNS,
    );
  });
});

import { expect } from 'chai';
import fc from 'fast-check';
import { FormatError, UnsupportedError } from '../../../../src/errors.js';
import type { Checkpoint, CheckpointDict } from '../../../../src/state-dict/formats/checkpoint.js';
import { openZip } from '../../../../src/state-dict/formats/zip/archive.js';
import { bitsOf, elementCount } from '../../../../src/state-dict/tensors/dtypes.js';
import { bytesOfParts, text } from '../pickle/support.js';
import { contentOf, opened, readAll } from '../zip/support.js';
import { openBytes, pickled, torchFile, torchZip } from './support.js';

/** Fixed, so that a failure repeats. */
const RUNS = { seed: 20261125, numRuns: 1000 };

/** The records of a stored file, to be written again with another pickle. */
function recordsOf(name: string): Record<string, Uint8Array> {
  const bytes = torchFile(name);
  const records = contentOf(readAll(openZip(opened(bytes)), bytes), bytes);
  return Object.fromEntries([...records].map(([path, data]) => [path.slice(path.indexOf('/') + 1), data]));
}

const ARCHIVES = [
  'checkpoint.pt',
  'views.pt',
  'parameters.pt',
  'refused.pt',
  'lightning.ckpt',
  'protocol4.pt',
].map(recordsOf);
const LEGACY = ['legacy.pt', 'legacy_dtypes.pt', 'legacy_views.pt'].map(torchFile);

type Change = (bytes: Uint8Array) => Uint8Array;

const place = fc.nat({ max: 2 ** 31 - 1 });
const bytes = fc.uint8Array({ minLength: 1, maxLength: 4 });

/** A part cut out, bits flipped, bytes put in, a part moved elsewhere. */
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 1, max: 255 })).map(
    ([at, mask]): Change =>
      (file) => {
        const copy = file.slice();
        copy[at % file.length] ^= mask;
        return copy;
      },
  ),
  fc.tuple(place, bytes).map(
    ([at, inserted]): Change =>
      (file) =>
        splice(file, at % file.length, 0, inserted),
  ),
  fc.tuple(place, fc.integer({ min: 1, max: 8 })).map(
    ([at, count]): Change =>
      (file) =>
        splice(file, at % file.length, count, []),
  ),
  fc.tuple(place, place, fc.integer({ min: 1, max: 60 })).map(
    ([from, to, count]): Change =>
      (file) => {
        const begin = from % file.length;
        return splice(file, to % file.length, 0, file.subarray(begin, begin + count));
      },
  ),
  place.map(
    (at): Change =>
      (file) =>
        file.slice(0, at % file.length),
  ),
);

function splice(file: Uint8Array, at: number, removed: number, inserted: ArrayLike<number>): Uint8Array {
  return new Uint8Array([...file.subarray(0, at), ...Array.from(inserted), ...file.subarray(at + removed)]);
}

/** What is read of a file that may be broken, sound to the last tensor; undefined after an error of the two kinds allowed. */
function outcome(file: Uint8Array): Checkpoint | undefined {
  let checkpoint: Checkpoint;
  try {
    checkpoint = openBytes(file);
  } catch (error) {
    if (error instanceof FormatError || error instanceof UnsupportedError) return undefined;
    throw error;
  }
  expectSound(checkpoint.root, file.length);
  return checkpoint;
}

/** Every tensor lies inside its storage, and its storage inside the file. */
function expectSound(root: CheckpointDict, fileBytes: number): void {
  const seen = new Set([root]);
  for (const dict of seen) {
    for (const node of dict.values()) {
      if (node.kind === 'dict') seen.add(node.entries);
      if (node.kind !== 'stored') continue;
      const { dtype, shape, strides, storage, byteOffset } = node.tensor;
      const count = elementCount(shape);
      const last = shape.reduce((sum, size, axis) => sum + (size - 1) * (strides?.[axis] ?? 0), 0);
      const end = count === 0 ? 0 : byteOffset + ((last + 1) * bitsOf(dtype)) / 8;
      expect(storage.begin).to.be.at.least(0);
      expect(storage.end).to.be.at.most(fileBytes);
      expect(count).to.be.at.least(0);
      expect(byteOffset).to.be.at.least(0);
      expect(end).to.be.at.most(storage.end - storage.begin);
    }
  }
}

describe('properties of the reader of torch files', () => {
  it('with any change to its pickle an archive is refused typed or still sound', () => {
    let refused = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...ARCHIVES),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        (records, changes) => {
          const pickle = changes.reduce(
            (file, edit) => (file.length > 0 ? edit(file) : file),
            records['data.pkl'],
          );
          if (outcome(torchZip(pickle, { ...records, 'data.pkl': pickle })) === undefined) refused++;
        },
      ),
      RUNS,
    );
    expect(refused).to.be.within(200, 999);
  });

  it('with any change a file of the layout before 1.6 is refused typed or still sound', () => {
    fc.assert(
      fc.property(fc.constantFrom(...LEGACY), change, (file, edit) => {
        outcome(edit(file));
      }),
      RUNS,
    );
  });

  it('with any change to the archive a file is refused typed or still sound', () => {
    const file = torchFile('views.pt');
    fc.assert(
      fc.property(change, (edit) => {
        outcome(edit(file));
      }),
      RUNS,
    );
  });

  it('without any one record, or with two exchanged, an archive is refused typed or still sound', () => {
    for (const records of ARCHIVES) {
      const names = Object.keys(records);
      for (const name of names) {
        outcome(torchZip(records['data.pkl'], { ...records, [name]: undefined }));
        outcome(torchZip(records['data.pkl'], { ...records, [name]: records[names[0]] }));
      }
    }
  });

  it('any bytes behind the marks of the layouts are refused typed or sound', () => {
    const magic = pickled('\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19');
    const mark = fc.constantFrom(
      '',
      'PK\x03\x04',
      magic,
      bytesOfParts(magic, pickled('M\xe9\x03'), pickled('}')),
      pickled(text('x')),
    );
    fc.assert(
      fc.property(mark, fc.uint8Array({ maxLength: 60 }), (head, tail) => {
        outcome(bytesOfParts(head, tail));
      }),
      RUNS,
    );
  });
});

import { expect } from 'chai';
import fc from 'fast-check';
import { FormatError, UnsupportedError } from '../../src/errors.js';
import { parseSafetensorsMetadata } from '../../src/state-dict/formats/safetensors/safetensors.js';
import { parseStateDict } from '../../src/state-dict/parse.js';
import { bitsOf, DTYPE_NAMES, isOpaque, viewOf } from '../../src/state-dict/tensors/dtypes.js';
import { toFloat32Array } from '../../src/state-dict/tensors/float32.js';
import type { StateDict, TorchDtype, TorchTensor } from '../../src/state-dict/tensors/tensor.js';
import { writeSafetensors } from '../../src/state-dict/write/safetensors.js';
import {
  bytesOf,
  expectSameBits,
  expectWellFormed,
  fixture,
  parseJson,
  parseSafetensors,
  utf8,
} from './support.js';

/** Fixed, so that a failure repeats; fast-check prints it with the path to the smallest counterexample. */
const SEED = 20261122;
const RUNS = { seed: SEED, numRuns: 300 };
const MANY_RUNS = { seed: SEED, numRuns: 2000 };

/** A small file of each format, with a bit of everything. */
const FILE = fixture('vectors/39_zero_size_between');
const TEXT = utf8(
  '{"epoch": 3, "state_dict": {"w": [[1.5, -2e3], [NaN, Infinity]], "b": [true, false], "s\\u00e9": 7, ' +
    '"i": {"shape": [2, 1], "dtype": "torch.int64", "data": [9007199254740993, -1]}, ' +
    '"h": {"dtype": "F16", "data": "ADwAwA==", "shape": [2]}}}',
);

const shape = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });

/** A tensor of any bits, NaN payloads included; opaque dtypes get a last size that fills whole bytes. */
function tensor(dtypes: readonly TorchDtype[]): fc.Arbitrary<TorchTensor> {
  return fc.tuple(fc.constantFrom(...dtypes), shape).chain(([dtype, sizes]) => {
    const whole = bitsOf(dtype) % 8 === 0 ? sizes : [...sizes, 4];
    const byteLength = (whole.reduce((count, size) => count * size, 1) * bitsOf(dtype)) / 8;
    return fc
      .uint8Array({ minLength: byteLength, maxLength: byteLength })
      .map((bytes) => ({ dtype, shape: whole, data: viewOf(dtype, bytes.slice().buffer, 0, byteLength) }));
  });
}

const name = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => text !== '__metadata__'),
  fc.constantFrom('weight_ih_l0', '__proto__', 'constructor', '', '0', 'a\0b'),
);

function stateDict(dtypes: readonly TorchDtype[] = DTYPE_NAMES): fc.Arbitrary<StateDict> {
  return fc
    .uniqueArray(fc.tuple(name, tensor(dtypes)), { maxLength: 6, selector: ([key]) => key })
    .map((entries) => new Map(entries));
}

const metadata = fc
  .uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), {
    selector: ([key]) => key,
  })
  .map((entries) => new Map(entries));

/** One change to a file: a part of it cut off, bytes overwritten, or bytes put in. */
type Change =
  | { readonly kind: 'truncate'; readonly at: number }
  | { readonly kind: 'flip'; readonly at: number; readonly mask: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array };

const at = fc.nat({ max: 2 ** 31 - 1 });
const mask = fc.integer({ min: 1, max: 255 });
const change: fc.Arbitrary<Change> = fc.oneof(
  at.map((place): Change => ({ kind: 'truncate', at: place })),
  fc.tuple(at, mask).map(([place, bits]): Change => ({ kind: 'flip', at: place, mask: bits })),
  fc
    .tuple(at, fc.uint8Array({ minLength: 1, maxLength: 3 }))
    .map(([place, bytes]): Change => ({ kind: 'insert', at: place, bytes })),
);

/** Changes to text that keep it text: they get further into the parser than random bytes do. */
const textChange: fc.Arbitrary<Change> = fc
  .tuple(at, fc.constantFrom(...'[]{}",:0-9.eE\\ tfnNI'.split('')))
  .map(([place, text]): Change => ({ kind: 'insert', at: place, bytes: utf8(text) }));

function apply(bytes: Uint8Array, edit: Change): Uint8Array {
  const place = edit.at % bytes.length;
  if (edit.kind === 'truncate') return bytes.slice(0, place);
  if (edit.kind === 'insert') {
    return Uint8Array.from([...bytes.subarray(0, place), ...edit.bytes, ...bytes.subarray(place)]);
  }
  const copy = bytes.slice();
  copy[place] ^= edit.mask;
  return copy;
}

/** What `parse` makes of a file that may be broken: a sound state_dict, or undefined after one of the errors allowed. */
function outcome(
  parse: () => StateDict,
  allowed: readonly (new (...args: never[]) => Error)[] = [FormatError],
): StateDict | undefined {
  let parsed: StateDict;
  try {
    parsed = parse();
  } catch (error) {
    if (allowed.some((type) => error instanceof type)) return undefined;
    throw error;
  }
  expectWellFormed(parsed);
  return parsed;
}

/** Base64 or numbers of a tensor, as a JSON file may hold it. */
function jsonTensor({ dtype, shape: sizes, data }: TorchTensor): unknown {
  return {
    dtype,
    shape: sizes,
    data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
  };
}

function jsonFile(tensors: StateDict): Uint8Array {
  const members = [...tensors].map(
    ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(jsonTensor(value))}`,
  );
  return utf8(`{${members.join(',')}}`);
}

describe('properties of the readers and the writer', () => {
  describe('safetensors', () => {
    it('written and read again is the same bit for bit, in every dtype', () => {
      fc.assert(
        fc.property(stateDict(), metadata, (tensors, notes) => {
          // The name of a tensor as the text of another name is a tie, which is read under both.
          fc.pre([...notes.values()].every((text) => !tensors.has(text)));
          const file = writeSafetensors(tensors, notes);
          const parsed = parseStateDict(file);
          const inOrder = new Map([...parsed.keys()].map((key) => [key, tensors.get(key)!]));
          expect(parsed.size).to.equal(tensors.size);
          expectSameBits(parsed, inOrder);
          expect(parseSafetensorsMetadata(file)).to.deep.equal(notes);
          expect(writeSafetensors(parsed, notes)).to.deep.equal(file);
        }),
        RUNS,
      );
    });

    it('survives a write and read for each dtype by itself', () => {
      for (const dtype of DTYPE_NAMES) {
        fc.assert(
          fc.property(tensor([dtype]), (one) => {
            expectSameBits(parseSafetensors(writeSafetensors(new Map([['w', one]]))), new Map([['w', one]]));
          }),
          { seed: SEED, numRuns: 20 },
        );
      }
    });

    it('shorter by any number of bytes is refused', () => {
      const file = fixture('vectors/39_zero_size_between');
      for (let length = 0; length < file.length; length++) {
        expect(
          outcome(() => parseSafetensors(file.subarray(0, length))),
          `${length}`,
        ).to.equal(undefined);
      }
    });

    it('with any bit of the header flipped is refused or still sound', () => {
      const file = fixture('vectors/51_unordered_keys_ok');
      let refused = 0;
      for (let bit = 0; bit < (file.length - 32) * 8; bit++) {
        const copy = file.slice();
        copy[bit >> 3] ^= 1 << (bit & 7);
        const parsed = outcome(() => parseSafetensors(copy));
        if (parsed === undefined) refused++;
        else expect([...parsed.values()].reduce((sum, { data }) => sum + data.byteLength, 0)).to.equal(32);
      }
      expect(refused).to.be.above(500);
    });

    it('with any change is refused by a FormatError or still sound, and never larger than the file', () => {
      const files = fc.oneof(
        stateDict().map((tensors) => writeSafetensors(tensors)),
        fc.constant(FILE),
      );
      fc.assert(
        fc.property(files, fc.oneof(change, textChange), (file, edit) => {
          const changed = apply(file, edit);
          const parsed = outcome(() => parseSafetensors(changed));
          const bytes = [...(parsed?.values() ?? [])].reduce((sum, { data }) => sum + data.byteLength, 0);
          expect(bytes).to.be.at.most(changed.length);
          if (edit.kind === 'truncate' || edit.kind === 'insert') expect(parsed).to.equal(undefined);
        }),
        MANY_RUNS,
      );
    });
  });

  describe('JSON', () => {
    it('of base64 gives the same bits as safetensors, in every dtype', () => {
      fc.assert(
        fc.property(stateDict(), (tensors) => expectSameBits(parseStateDict(jsonFile(tensors)), tensors)),
        RUNS,
      );
    });

    it('of numbers gives the same values in every dtype that has some', () => {
      const dtypes = DTYPE_NAMES.filter((dtype) => !isOpaque(dtype) && dtype !== 'C64' && dtype !== 'BOOL');
      fc.assert(
        fc.property(tensor(dtypes), (one) => {
          const half = one.dtype === 'F16' || one.dtype === 'BF16';
          const numbers = half ? toFloat32Array(one) : one.data;
          const text = `{"w":{"dtype":"${one.dtype}","shape":[${one.shape}],"data":[${[...numbers].join(',')}]}}`;
          const parsed = parseJson(utf8(text)).get('w')!;
          // NaN loses its payload in text, and -0 its sign in `join`: values are compared, as numbers.
          const values = half ? toFloat32Array(parsed) : parsed.data;
          expect(parsed.shape).to.deep.equal(one.shape);
          expect([...values].map(String)).to.deep.equal([...numbers].map(String));
        }),
        RUNS,
      );
    });

    it('with any change is refused by a FormatError or still sound', () => {
      fc.assert(
        fc.property(
          fc.oneof(stateDict().map(jsonFile), fc.constant(TEXT)),
          fc.oneof(change, textChange),
          (file, edit) => {
            if (file.length > 0) outcome(() => parseJson(apply(file, edit)));
          },
        ),
        MANY_RUNS,
      );
    });

    it('shorter by any number of bytes is refused', () => {
      for (let length = 0; length < TEXT.length; length++) {
        expect(
          outcome(() => parseJson(TEXT.subarray(0, length))),
          `${length}`,
        ).to.equal(undefined);
      }
    });

    it('never gets more memory than a few times its own length', () => {
      const numbers = utf8(`{"w":{"shape":[100000],"dtype":"F64","data":[${'1,'.repeat(99999)}1]}}`);
      expect(bytesOf(parseJson(numbers).get('w')!).length).to.be.at.most(4 * numbers.length);
    });
  });

  it('any bytes at all give tensors, a FormatError or, where the format is known, an UnsupportedError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        outcome(() => parseStateDict(bytes), [FormatError, UnsupportedError]);
        outcome(() => parseSafetensors(bytes));
        outcome(() => parseJson(bytes));
      }),
      MANY_RUNS,
    );
  });

  it('any change to a file of either format is refused or sound through detection too', () => {
    fc.assert(
      fc.property(fc.constantFrom(FILE, TEXT), fc.oneof(change, textChange), (file, edit) => {
        outcome(() => parseStateDict(apply(file, edit)), [FormatError, UnsupportedError]);
      }),
      MANY_RUNS,
    );
  });
});

import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { expect } from 'chai';
import { FormatError, UnsupportedError } from '../../../src/errors.js';
import type {
  StoredBytes,
  StoredTensor,
  TensorNode,
  UnopenedFile,
} from '../../../src/state-dict/formats/checkpoint.js';
import { runSync } from '../../../src/state-dict/reading/drive.js';
import type { ByteRange, InflateRequest, Reading } from '../../../src/state-dict/reading/reading.js';
import { bindTensors } from '../../../src/state-dict/tensors/bind.js';
import type { StateDict } from '../../../src/state-dict/tensors/tensor.js';
import { errorOf, openedFile } from '../support.js';

const FLOATS = Float32Array.from({ length: 12 }, (_, i) => i + 0.5);
const FILE = new Uint8Array(FLOATS.buffer);
const inflate = ({ bytes, maxBytes }: InflateRequest) =>
  new Uint8Array(inflateRawSync(bytes, { maxOutputLength: maxBytes }));

/** The file, with that limit on bytes that are not views. */
function atMost(maxTensorBytes: number): UnopenedFile {
  const file = openedFile(FILE.length);
  return { ...file, limits: { ...file.limits, maxTensorBytes } };
}

function storage(begin: number, end: number, more: Partial<StoredBytes> = {}): StoredBytes {
  return { begin, end, littleEndian: true, what: 'entry "data/0"', ...more };
}

function tensor(at: StoredBytes, shape: number[], more: Partial<StoredTensor> = {}): StoredTensor {
  return { dtype: 'F32', shape, storage: at, byteOffset: 0, ...more };
}

function reading(tensors: Record<string, StoredTensor>, options: object = {}): Reading<StateDict> {
  const nodes = Object.entries(tensors).map(([name, entry]): [string, TensorNode] => [
    name,
    { kind: 'stored', tensor: entry },
  ]);
  return bindTensors(new Map(nodes), { ...atMost(1000), ...options }, 'torch');
}

function bind(tensors: Record<string, StoredTensor>, file = FILE, options: object = {}): StateDict {
  return runSync(reading(tensors, options), file, { inflate });
}

/** What is read of the file. */
function asked(tensors: Record<string, StoredTensor>): readonly ByteRange[] {
  const { value } = reading(tensors).next();
  return 'kind' in value && value.kind === 'read' ? value.ranges : [];
}

describe('bindTensors', () => {
  it('views what lies row-major and aligned in the file', () => {
    const whole = storage(0, 48);
    const stateDict = bind({
      a: tensor(whole, [2, 3]),
      b: tensor(whole, [3], { byteOffset: 24, strides: [1] }),
    });
    expect([...stateDict.keys()]).to.deep.equal(['a', 'b']);
    expect([...stateDict.get('a')!.data]).to.deep.equal([0.5, 1.5, 2.5, 3.5, 4.5, 5.5]);
    expect([...stateDict.get('b')!.data]).to.deep.equal([6.5, 7.5, 8.5]);
    for (const { data } of stateDict.values()) expect(data.buffer).to.equal(FILE.buffer);
  });

  it('gathers strided elements into row-major order', () => {
    const stateDict = bind({
      t: tensor(storage(0, 24), [3, 2], { strides: [1, 3] }),
      e: tensor(storage(40, 48), [2, 2], { strides: [0, 1] }),
    });
    expect([...stateDict.get('t')!.data]).to.deep.equal([0.5, 3.5, 1.5, 4.5, 2.5, 5.5]);
    expect([...stateDict.get('e')!.data]).to.deep.equal([10.5, 11.5, 10.5, 11.5]);
  });

  it('gives tensors that are the same in every respect one array, and others arrays of their own', () => {
    const shared = storage(0, 24);
    const strided = { strides: [1, 3] };
    const stateDict = bind({
      a: tensor(shared, [6]),
      tied: tensor(shared, [6]),
      reshaped: tensor(shared, [2, 3]),
      t: tensor(shared, [3, 2], strided),
      tiedT: tensor(shared, [3, 2], strided),
    });
    const data = (name: string) => stateDict.get(name)!.data;
    expect(data('tied')).to.equal(data('a'));
    expect(data('tiedT')).to.equal(data('t'));
    expect(data('reshaped')).not.to.equal(data('a'));
    expect(data('reshaped').buffer).to.equal(data('a').buffer);
  });

  it('copies elements that are not aligned in the file', () => {
    const file = new Uint8Array(9);
    file.set(FILE.subarray(0, 8), 1);
    const { data } = bind({ a: tensor(storage(1, 9), [2]) }, file).get('a')!;
    expect([...data]).to.deep.equal([0.5, 1.5]);
    expect(data.buffer).not.to.equal(file.buffer);
  });

  it('copies a storage once where memory does not have the alignment of the file', () => {
    const file = new Uint8Array(49).subarray(1);
    file.set(FILE);
    const shared = storage(0, 48);
    const stateDict = bind({ a: tensor(shared, [12]), b: tensor(shared, [3, 4]) }, file, {
      ...atMost(1),
    });
    expect([...stateDict.get('b')!.data]).to.deep.equal([...FLOATS]);
    expect(stateDict.get('a')!.data.buffer).to.equal(stateDict.get('b')!.data.buffer);
    expect(stateDict.get('a')!.data.buffer).not.to.equal(file.buffer);
  });

  it('swaps the bytes of big-endian elements, C64 by its halves, and leaves the file as it is', () => {
    const view = new DataView(new ArrayBuffer(16));
    for (const [i, value] of [1.5, -2, 0.25, 8].entries()) view.setFloat32(4 * i, value, false);
    const file = new Uint8Array(view.buffer);
    const before = file.slice();
    const big = storage(0, 16, { littleEndian: false });
    const stateDict = bind(
      {
        f: tensor(big, [4]),
        t: tensor(big, [2, 2], { strides: [1, 2] }),
        c: tensor(big, [2], { dtype: 'C64' }),
        u: tensor(big, [2], { dtype: 'U8' }),
      },
      file,
    );
    expect([...stateDict.get('f')!.data]).to.deep.equal([1.5, -2, 0.25, 8]);
    expect([...stateDict.get('t')!.data]).to.deep.equal([1.5, 0.25, -2, 8]);
    expect([...stateDict.get('c')!.data]).to.deep.equal([1.5, -2, 0.25, 8]);
    expect([...stateDict.get('u')!.data]).to.deep.equal([0x3f, 0xc0]);
    expect(file).to.deep.equal(before);
  });

  it('reads elements of less than a byte, and tensors without any', () => {
    const stateDict = bind({
      f4: tensor(storage(0, 2), [4], { dtype: 'F4' }),
      none: tensor(storage(48, 48), [0, 5], { strides: [5, 1] }),
    });
    expect(stateDict.get('f4')!.data).to.have.length(2);
    expect(stateDict.get('none')!.data).to.have.length(0);
  });

  it('inflates a storage once, within the size it claims', () => {
    const deflated = new Uint8Array(deflateRawSync(FILE));
    const shared = storage(0, deflated.length, { inflatedBytes: 48, crc32: crc32(FILE) });
    let inflated = 0;
    const counting = (request: InflateRequest) => {
      inflated++;
      expect(request).to.include({ kind: 'inflate', wrapper: 'zip', maxBytes: 48, what: 'entry "data/0"' });
      return inflate(request);
    };
    const tensors = { a: tensor(shared, [12]), b: tensor(shared, [2], { byteOffset: 8 }) };
    const stateDict = runSync(reading(tensors), deflated, { inflate: counting });
    expect([...stateDict.get('b')!.data]).to.deep.equal([2.5, 3.5]);
    expect(inflated).to.equal(1);
    const short = storage(0, deflated.length, { inflatedBytes: 49 });
    const error = errorOf(() => bind({ a: tensor(short, [12]) }, deflated));
    expect(error).to.be.instanceOf(FormatError).with.property('code', 'DAMAGED');
    expect(error.message).to.equal('zip: entry "data/0": expected 49 bytes when inflated, got 48');
  });

  it('holds bytes to their checksum', () => {
    const sound = storage(0, 8, { crc32: crc32(FILE.subarray(0, 8)) });
    expect(bind({ a: tensor(sound, [2]) }).size).to.equal(1);
    const damaged = storage(0, 8, { crc32: 5 });
    const error = errorOf(() => bind({ a: tensor(damaged, [1]) }));
    expect(error).to.be.instanceOf(FormatError).with.property('code', 'DAMAGED');
    expect(error.message).to.equal(
      'zip: entry "data/0": expected CRC-32 00000005, got 3bcf0a4d. It is damaged',
    );
  });

  describe('reads', () => {
    it('storages in one request', () => {
      const tensors = { b: tensor(storage(24, 48), [6]), a: tensor(storage(0, 24), [6]) };
      expect(asked(tensors)).to.deep.equal([
        { begin: 24, end: 48 },
        { begin: 0, end: 24 },
      ]);
    });

    /** A storage of which only the range around it is known: its bytes begin behind so many others. */
    function surrounded(begin: number, end: number, before: number, more: Partial<StoredBytes> = {}) {
      const around = { begin, end, headBytes: before, dataBegin: () => before };
      return storage(end - (end - begin - before), end, { around, ...more });
    }

    it('what stands around a storage with it, and views the rest', () => {
      const tensors = { a: tensor(surrounded(4, 48, 4), [10]), b: tensor(storage(0, 4), [1]) };
      expect(asked(tensors)).to.deep.equal([
        { begin: 4, end: 48 },
        { begin: 0, end: 4 },
      ]);
      const { data } = bind(tensors, FILE, atMost(1)).get('a')!;
      expect([...data]).to.deep.equal([...FLOATS.subarray(2)]);
      expect(data.buffer).to.equal(FILE.buffer);
    });

    it('what stands before a storage alone, first, where it reads a part of that', () => {
      const file = new Uint8Array(4_000_000);
      file.set(FILE, 2_000_000);
      const large = surrounded(100, file.length, 12);
      const part = tensor(large, [3], { byteOffset: 2_000_004 - 112 });
      expect(asked({ part })).to.deep.equal([{ begin: 100, end: 112 }]);
      const seen: (readonly ByteRange[])[] = [];
      const running = reading({
        part: tensor(surrounded(100, file.length, 12), [3], { byteOffset: 1_999_892 }),
      });
      let step = running.next();
      while (!step.done) {
        const ranges = step.value.kind === 'read' ? step.value.ranges : [];
        seen.push(ranges);
        step = running.next(ranges.map(({ begin, end }) => file.subarray(begin, end)));
      }
      expect(seen.at(-1)).to.deep.equal([{ begin: 2_000_004, end: 2_000_016 }]);
      expect([...step.value.get('part')!.data]).to.deep.equal([1.5, 2.5, 3.5]);
    });

    it('nothing where unaligned copies of it would go past a limit: their place is known when they are read', () => {
      const file = new Uint8Array(1 << 20);
      const error = errorOf(() =>
        bind({ a: tensor(surrounded(0, 4003, 3), [1000]) }, file, { ...atMost(3999), size: file.length }),
      );
      expect(error.message).to.include('expected at most 3999 bytes that are not views of the file');
    });

    it('a part of a large storage where the tensors lie in less than half of it', () => {
      const large = storage(0, 4_000_000);
      const from = (byteOffset: number, count: number) => tensor(large, [count], { byteOffset });
      expect(asked({ a: from(2_000_000, 10) })).to.deep.equal([{ begin: 2_000_000, end: 2_000_040 }]);
      expect(asked({ a: from(2_000_000, 10), b: from(400, 10) })).to.deep.equal([
        { begin: 400, end: 2_000_040 },
      ]);
      expect(asked({ a: from(0, 500_000) })).to.deep.equal([{ begin: 0, end: 4_000_000 }]);
      const small = storage(0, 400_000);
      expect(asked({ a: tensor(small, [2]) })).to.deep.equal([{ begin: 0, end: 400_000 }]);
    });

    it('elements of such a part at their places, without a checksum that is of the whole', () => {
      const file = new Uint8Array(4_000_000);
      file.set(FILE, 2_000_000);
      const large = storage(0, file.length, { crc32: 1 });
      const { data } = bind({ a: tensor(large, [3], { byteOffset: 2_000_004 }) }, file).get('a')!;
      expect([...data]).to.deep.equal([1.5, 2.5, 3.5]);
    });
  });

  describe('counts the bytes that are not views before it reads anything, and refuses more than the limit:', () => {
    const limit = atMost(100);
    const cases: [string, StoredTensor, number][] = [
      ['a stride of 0', tensor(storage(0, 4), [26], { strides: [0] }), 104],
      ['terabytes of it', tensor(storage(0, 4), [2 ** 40], { strides: [0] }), 2 ** 42],
      ['inflated bytes', tensor(storage(0, 4, { inflatedBytes: 101 }), [1]), 101],
      ['big-endian elements', tensor(storage(0, 104, { littleEndian: false }), [26]), 104],
      ['elements that are not aligned', tensor(storage(2, 106), [26]), 104],
    ];
    for (const [name, entry, bytes] of cases) {
      it(name, () => {
        const error = errorOf(() => reading({ a: entry }, limit).next());
        expect(error).to.be.instanceOf(RangeError);
        expect(error.message).to.equal(
          'spec: tensors: expected at most 100 bytes that are not views of the file (limits.maxTensorBytes), ' +
            `got ${bytes}. Raise limits.maxTensorBytes to read them`,
        );
      });
    }

    it('more than a small file may become, however much all files may', () => {
      const entry = tensor(storage(0, 4), [2 ** 26], { strides: [0] });
      const options = { ...atMost(2 ** 40), size: 1000 };
      expect(reading({ a: entry }, options).next().done).to.equal(false);
      const larger = tensor(storage(0, 4), [2 ** 26 + 1], { strides: [0] });
      expect(() => reading({ a: larger }, options).next()).to.throw(
        'at most 268435456 bytes that are not views of the file (limits.maxExpansion), got 268435460',
      );
      expect(reading({ a: larger }, { ...options, size: 2 ** 25 }).next().done).to.equal(false);
    });

    it('the sum of them, tied ones once', () => {
      const at = storage(0, 4);
      const half = (size: number) => tensor(at, [size], { strides: [0] });
      expect(bind({ a: half(25), b: half(25) }, FILE, limit).size).to.equal(2);
      expect(() => bind({ a: half(13), b: half(14) }, FILE, limit)).to.throw('got 108');
    });
  });

  it('reads the elements of parsed tensors, in their order, and counts them before', () => {
    const loaded: TensorNode = {
      kind: 'loaded',
      tensor: { dtype: 'U8', shape: [1] },
      read: () => Uint8Array.of(7),
    };
    const stored: TensorNode = { kind: 'stored', tensor: tensor(storage(0, 4), [1]) };
    const nodes = new Map<string, TensorNode>([
      ['l', loaded],
      ['s', stored],
    ]);
    const stateDict = runSync(bindTensors(nodes, atMost(1), 'torch'), FILE);
    expect([...stateDict.keys()]).to.deep.equal(['l', 's']);
    expect(stateDict.get('l')).to.deep.equal({ dtype: 'U8', shape: [1], data: Uint8Array.of(7) });
    expect(() => runSync(bindTensors(nodes, atMost(0), 'torch'), FILE)).to.throw(
      'tensors: expected at most 0 bytes',
    );
  });

  it('refuses a tensor that cannot be read, with its own error where it has one', () => {
    const refusing = (node: TensorNode) =>
      errorOf(() => runSync(bindTensors(new Map([['w', node]]), atMost(1), 'torch'), FILE));
    const error = refusing({ kind: 'refused', reason: 'a sparse tensor' });
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.equal(
      'torch: tensor "w": expected a plain tensor, got a sparse tensor. ' +
        'Leave it out with select, or save it as a plain tensor',
    );
    const own = new Error('its own');
    expect(refusing({ kind: 'refused', reason: 'broken', error: () => own })).to.equal(own);
  });
});

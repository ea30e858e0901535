import { expect } from 'chai';
import fc from 'fast-check';
import {
  blocksOf,
  elementSpan,
  gather,
  isRowMajor,
  swapBytes,
} from '../../../src/state-dict/tensors/strides.js';

const RUNS = { seed: 20261122, numRuns: 1000 };

/** What strides mean, element by element. */
function gatherNaively(
  bytes: Uint8Array,
  elementBytes: number,
  shape: number[],
  strides: number[],
): Uint8Array {
  let offsets = [0];
  for (const [axis, size] of shape.entries()) {
    offsets = offsets.flatMap((offset) =>
      Array.from({ length: size }, (_, index) => offset + index * strides[axis]),
    );
  }
  return Uint8Array.from(
    offsets.flatMap((offset) => [...bytes.subarray(offset * elementBytes, (offset + 1) * elementBytes)]),
  );
}

const axis = fc.record({ size: fc.integer({ min: 0, max: 5 }), stride: fc.integer({ min: 0, max: 9 }) });

describe('gather', () => {
  it('is what strides mean, for elements of any size at any address', () => {
    fc.assert(
      fc.property(
        fc.array(axis, { maxLength: 4 }),
        fc.constantFrom(1, 2, 4, 8, 16),
        fc.nat({ max: 7 }),
        (axes, elementBytes, shift) => {
          const shape = axes.map(({ size }) => size);
          const strides = axes.map(({ stride }) => stride);
          const length = elementSpan(shape, strides) * elementBytes;
          const buffer = Uint8Array.from({ length: length + shift }, (_, i) => (i * 37 + (i >> 8)) & 0xff);
          const bytes = buffer.subarray(shift);
          const expected = gatherNaively(bytes, elementBytes, shape, strides);
          expect(gather(bytes, elementBytes, shape, strides)).to.deep.equal(expected);
        },
      ),
      RUNS,
    );
  });

  it('copies many small axes in blocks, whether they overlap or not', () => {
    for (const [shape, strides] of [
      [Array(14).fill(2), Array(14).fill(1)],
      [Array(14).fill(2), Array.from({ length: 14 }, (_, i) => 2 ** i)],
      [
        [2, 700, 2, 2],
        [3, 5, 0, 1],
      ],
      [
        [3, 2, 2],
        [0, 1, 2],
      ],
    ]) {
      const bytes = Uint8Array.from(
        { length: 2 * elementSpan(shape, strides) },
        (_, i) => (i * 37 + (i >> 8)) & 0xff,
      );
      expect(gather(bytes, 2, shape, strides)).to.deep.equal(gatherNaively(bytes, 2, shape, strides));
    }
    for (const shape of [Array(28).fill(2), [5, 1000, 1000, 2], [100, 3, 3, 3], [2 ** 26, 2, 2]]) {
      const { outer, size } = blocksOf(shape.map((length) => ({ size: length, stride: 1 })));
      const blocks = outer.reduce((product, { size: length }) => product * length, 1);
      expect(blocks * size).to.equal(shape.reduce((product, length) => product * length, 1));
      if (blocks > 1) expect(size).to.be.at.least(1024);
    }
  });

  it('transposes matrices wider and higher than a block', () => {
    for (const elementBytes of [1, 2, 4, 8]) {
      const bytes = Uint8Array.from({ length: 70 * 45 * elementBytes }, (_, i) => (i * 37 + (i >> 8)) & 0xff);
      const expected = gatherNaively(bytes, elementBytes, [70, 45], [1, 70]);
      expect(gather(bytes, elementBytes, [70, 45], [1, 70])).to.deep.equal(expected);
    }
  });

  it('copies long rows of a wider matrix', () => {
    const bytes = Uint8Array.from({ length: 100 * 4 * 5 }, (_, i) => (i * 37 + (i >> 8)) & 0xff);
    expect(gather(bytes, 4, [5, 60], [100, 1])).to.deep.equal(gatherNaively(bytes, 4, [5, 60], [100, 1]));
  });

  it('keeps every bit of NaN', () => {
    const bits = Uint32Array.of(0x7fa00001, 0, 0xffc12345);
    expect([...new Uint32Array(gather(new Uint8Array(bits.buffer), 4, [2], [2]).buffer)]).to.deep.equal([
      0x7fa00001, 0xffc12345,
    ]);
  });
});

describe('isRowMajor', () => {
  it('holds where elements lie one after the other', () => {
    expect(isRowMajor([2, 3], [3, 1])).to.equal(true);
    expect(isRowMajor([], [])).to.equal(true);
    for (const strides of [
      [1, 2],
      [4, 1],
      [0, 1],
      [6, 2],
    ])
      expect(isRowMajor([2, 3], strides), `${strides}`).to.equal(false);
  });

  it('does not mind the stride of an axis of one index, or any stride of an empty tensor', () => {
    expect(isRowMajor([2, 1, 3], [3, 99, 1])).to.equal(true);
    expect(isRowMajor([2, 0], [7, 7])).to.equal(true);
  });
});

describe('elementSpan', () => {
  it('reaches from the first element to behind the last', () => {
    expect(elementSpan([2, 3], [10, 2])).to.equal(15);
    expect(elementSpan([1000, 1000], [0, 0])).to.equal(1);
    expect(elementSpan([], [])).to.equal(1);
    expect(elementSpan([3, 0], [1, 1])).to.equal(0);
  });
});

describe('swapBytes', () => {
  it('turns each element around, as DataView reads it', () => {
    for (const elementBytes of [1, 2, 4, 8]) {
      const bytes = Uint8Array.from({ length: 16 }, (_, i) => i);
      swapBytes(bytes, elementBytes);
      const expected = Array.from(
        { length: 16 },
        (_, i) => i - (i % elementBytes) + elementBytes - 1 - (i % elementBytes),
      );
      expect([...bytes]).to.deep.equal(expected);
    }
  });
});

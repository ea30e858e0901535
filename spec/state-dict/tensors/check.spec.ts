import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { checkTensor, hasSameValues } from '../../../src/state-dict/tensors/check.js';
import type { TorchDtype, TorchTensor } from '../../../src/state-dict/tensors/tensor.js';
import { errorOf } from '../support.js';

describe('checkTensor', () => {
  it('accepts arrays of another realm and Buffers as bytes', () => {
    const foreign: Float32Array = runInNewContext('Float32Array.of(1, 2)');
    expect(foreign).not.to.be.instanceOf(Float32Array);
    checkTensor('spec', 'tensor', { dtype: 'F32', shape: [2], data: foreign });
    checkTensor('spec', 'tensor', { dtype: 'U8', shape: [2], data: Buffer.from([1, 2]) });
  });

  it('counts two floats for each C64 and packs F4 two to the byte', () => {
    checkTensor('spec', 'tensor', { dtype: 'C64', shape: [2], data: new Float32Array(4) });
    checkTensor('spec', 'tensor', { dtype: 'F4', shape: [4], data: new Uint8Array(2) });
  });

  it('names what is wrong with dtype, shape and data', () => {
    const fault = (tensor: unknown) =>
      errorOf(() => checkTensor('spec', 'tensor "w"', tensor as TorchTensor)).message;
    expect(fault({})).to.match(/^spec: tensor "w": expected a dtype of BOOL, .*, got undefined$/);
    expect(fault(undefined)).to.equal(
      'spec: tensor "w": expected an entry { dtype, shape, data }, got undefined. Is the key right? A Map gives undefined ' +
        'for one that it lacks',
    );
    expect(fault(3)).to.equal('spec: tensor "w": expected an entry { dtype, shape, data }, got 3');
    expect(fault({ dtype: 'F32', shape: 2, data: new Float32Array(2) })).to.equal(
      'spec: tensor "w" shape: expected an array, got 2',
    );
    expect(fault({ dtype: 'F32', shape: [0.5], data: new Float32Array(2) })).to.equal(
      'spec: tensor "w" shape: expected an integer >= 0, got 0.5',
    );
    expect(fault({ dtype: 'F32', shape: [2 ** 40, 2 ** 40], data: new Float32Array(2) })).to.equal(
      'spec: tensor "w" shape: expected sizes whose product is at most 2^53 - 1, got [1099511627776, 1099511627776]',
    );
    expect(fault({ dtype: 'F32', shape: new Array(65).fill(1), data: new Float32Array(1) })).to.equal(
      'spec: tensor "w" shape: expected at most 64 dimensions, got 65',
    );
    expect(fault({ dtype: 'F32', shape: [2], data: [1, 2] })).to.equal(
      'spec: tensor "w" data: expected a Float32Array for F32, got [1, 2]',
    );
    expect(fault({ dtype: 'F32', shape: [2], data: undefined })).to.equal(
      'spec: tensor "w" data: expected a Float32Array for F32, got undefined',
    );
    expect(fault({ dtype: 'F32', shape: [0], data: { [Symbol.toStringTag]: 'Float32Array' } })).to.equal(
      'spec: tensor "w" data: expected a Float32Array for F32, got Object',
    );
    expect(fault({ dtype: 'I64', shape: [2], data: new BigInt64Array(1) })).to.equal(
      'spec: tensor "w" data: expected 16 bytes for I64 [2], got 8',
    );
  });
});

describe('hasSameValues', () => {
  /** The bytes 0, 1, 2, ... of a tensor that begins `offset` bytes into its buffer. */
  const bytes = (count: number, offset: number, dtype: TorchDtype = 'U8'): TorchTensor => ({
    dtype,
    shape: [count],
    data: new Uint8Array(count + offset).map((_, i) => i - offset).subarray(offset),
  });

  const flip = ({ data }: TorchTensor, i: number) => {
    (data as Uint8Array)[i] ^= 128;
  };

  it('compares every bit, wherever the bytes lie in their buffers', () => {
    for (const count of [0, 1, 3, 4, 7, 8, 11])
      for (const offset of [0, 1, 4]) {
        const [a, b] = [bytes(count, 0), bytes(count, offset)];
        expect(hasSameValues(a, b), `${count} bytes at ${offset}`).to.equal(true);
        for (let i = 0; i < count; i++) {
          flip(b, i);
          expect(hasSameValues(a, b), `byte ${i} of ${count} at ${offset}`).to.equal(false);
          flip(b, i);
        }
      }
  });

  it('tells 0 from -0, and one NaN from another', () => {
    const float = (bits: number): TorchTensor => ({
      dtype: 'F32',
      shape: [1],
      data: new Float32Array(Uint32Array.of(bits).buffer),
    });
    expect(hasSameValues(float(0), float(0x80000000))).to.equal(false);
    expect(hasSameValues(float(0x7fc00000), float(0x7fc00001))).to.equal(false);
    expect(hasSameValues(float(0x7fc00001), float(0x7fc00001))).to.equal(true);
  });

  it('compares dtypes, shapes and lengths', () => {
    expect(hasSameValues(bytes(4, 0), bytes(4, 0, 'BOOL'))).to.equal(false);
    expect(hasSameValues(bytes(4, 0), { ...bytes(4, 0), shape: [2, 2] })).to.equal(false);
    expect(hasSameValues(bytes(4, 0), { ...bytes(8, 0), shape: [4] })).to.equal(false);
  });
});

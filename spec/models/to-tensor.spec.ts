import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { UnsupportedError } from '../../src/errors.js';
import { toTensor } from '../../src/models/to-tensor.js';
import { readStateDict } from '../../src/state-dict/read.js';
import type { StateDict, TorchData, TorchTensor } from '../../src/state-dict/tensors/tensor.js';
import { describeEachBackend } from '../support/backends.js';
import { tidied } from '../support/tidied.js';

const FIXTURE = fileURLToPath(new URL('../fixtures/torch/to-tensor.safetensors', import.meta.url));

function bytesOf(data: tf.TypedArray | TorchData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
}

const entry = (dtype: string, data: TorchData, shape = [data.length]) =>
  ({ dtype, shape, data }) as TorchTensor;

describeEachBackend('toTensor', (backend) => {
  let file: StateDict;
  before(async () => {
    file = await readStateDict(FIXTURE);
  });

  it('has the values of torch, bit for bit, in the shape of the entry', async () => {
    const names = [...file.keys()].filter((name) => file.has(`${name}/tfjs`));
    expect(names).to.have.lengthOf(15);
    for (const name of names) {
      const expected = file.get(`${name}/tfjs`) as TorchTensor;
      const tensor = toTensor(file.get(name) as TorchTensor);
      expect(tensor.shape, name).to.deep.equal(expected.shape);
      expect(tensor.dtype, name).to.equal(
        { F32: 'float32', I32: 'int32', BOOL: 'bool' }[expected.dtype as 'F32'],
      );
      expect(bytesOf(await tensor.data()), name).to.deep.equal(bytesOf(expected.data));
      tensor.dispose();
    }
  });

  it('makes complex64 of C64, where the backend has it', async () => {
    const c64 = file.get('complex64') as TorchTensor;
    if (backend === 'wasm') {
      expect(() => toTensor(c64, 'freqs')).to.throw(
        UnsupportedError,
        'toTensor: entry "freqs": expected a backend with complex numbers, such as cpu or webgl, for C64, got wasm',
      );
      return;
    }
    const tensor = toTensor(c64);
    expect([tensor.dtype, tensor.shape]).to.deep.equal(['complex64', [2, 3]]);
    await tidied(async () => {
      for (const [part, values] of [
        ['real', tf.real(tensor)],
        ['imag', tf.imag(tensor)],
      ] as const)
        expect(bytesOf(await values.data())).to.deep.equal(
          bytesOf((file.get(`complex64/${part}`) as TorchTensor).data),
        );
    });
    tensor.dispose();
  });

  it('copies: a change of the entry is none of the tensor, and the other way round', async () => {
    for (const [dtype, data] of [
      ['F32', Float32Array.of(1, 2)],
      ['I32', Int32Array.of(1, 2)],
      ['BOOL', Uint8Array.of(1, 1)],
    ] as const) {
      const tensor = toTensor(entry(dtype, data));
      data.fill(0);
      expect([...(await tensor.data())][0], dtype).to.equal(1);
      tensor.dispose();
    }
  });

  it('takes every true byte of BOOL for true', async () => {
    const tensor = toTensor(entry('BOOL', Uint8Array.of(0, 255, 2)));
    expect([...(await tensor.data())].map(Number)).to.deep.equal([0, 1, 1]);
    tensor.dispose();
  });

  it('refuses what tfjs does not hold, and makes no tensor', () => {
    const remedy = 'tf.tensor(toFloat32Array(entry), entry.shape) rounds to float32';
    for (const [own, got] of [
      [
        entry('I64', BigInt64Array.of(1n, -(2n ** 31n) - 1n)),
        'I64 values in the range of int32, got -2147483649n',
      ],
      [
        entry('U64', BigUint64Array.of(2n ** 63n)),
        'U64 values in the range of int32, got 9223372036854775808n',
      ],
      [entry('U32', Uint32Array.of(2 ** 31)), 'U32 values in the range of int32, got 2147483648'],
    ] as const)
      expect(() => toTensor(own, 'ids')).to.throw(
        RangeError,
        `toTensor: entry "ids": expected ${got}. ${remedy}`,
      );
    expect(() => toTensor(entry('F8_E5M2', Uint8Array.of(1)))).to.throw(
      UnsupportedError,
      'toTensor: entry: expected',
    );
    expect(() => toTensor(entry('F32', Float32Array.of(1), [2]))).to.throw(
      RangeError,
      'toTensor: entry data: ',
    );
    expect(() => toTensor(undefined as never)).to.throw(
      TypeError,
      'toTensor: entry: expected an entry { dtype, shape, data }, got undefined. Is the key right? A Map gives undefined for ' +
        'one that it lacks',
    );
  });
});

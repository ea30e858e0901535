import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { type Lengths, lengthsFromMask, toLengths } from '../../../src/layers/masks/lengths.js';
import { readsLengths } from '../../../src/ops/readback.js';
import { describeEachBackend } from '../../support/backends.js';
import { readsOnFakeGpu } from '../../support/fake-gpu.js';
import { tidied } from '../../support/tidied.js';

describeEachBackend('lengths', (backend) => {
  it('become an int32 tensor, or nothing where every row is full', async () => {
    await tidied(async () => {
      const lengths = toLengths('f', [2, 3], 2, 3) as tf.Tensor1D;
      expect([lengths.dtype, await lengths.array()]).to.deep.equal(['int32', [2, 3]]);
      expect(toLengths('f', [3, 3], 2, 3)).to.equal(undefined);
      expect(toLengths('f', tf.tensor1d([3, 3], 'int32'), 2, 3)).to.equal(undefined);
    });
  });

  it('come as any typed array, as BigInts and as entries of files', async () => {
    await tidied(async () => {
      const shape = [2];
      for (const given of [
        [2n, 3n],
        Int8Array.of(2, 3),
        Uint8Array.of(2, 3),
        Uint16Array.of(2, 3),
        Uint32Array.of(2, 3),
        BigInt64Array.of(2n, 3n),
        BigUint64Array.of(2n, 3n),
        Float32Array.of(2, 3),
        Float64Array.of(2, 3),
        { dtype: 'I64', shape, data: BigInt64Array.of(2n, 3n) },
        { dtype: 'U8', shape, data: Uint8Array.of(2, 3) },
        { dtype: 'F64', shape, data: Float64Array.of(2, 3) },
      ] as Lengths[])
        expect(await toLengths('f', given, 2, 3)?.array(), String(given)).to.deep.equal([2, 3]);
    });
  });

  it('are refused as what holds no lengths', () => {
    const of = (given: unknown) => () => toLengths('f', given as Lengths, 2, 3);
    const rule =
      'f: lengths: expected number[], a typed array, a 1-D tensor or an entry of a state_dict, got';
    for (const [given, type, text] of [
      ['23', TypeError, `${rule} "23"`],
      [null, TypeError, `${rule} null`],
      [new DataView(new ArrayBuffer(2)), TypeError, `${rule} DataView`],
      [new Map(), TypeError, `${rule} Map. Pass one entry of it: stateDict.get(key)`],
      [
        { dtype: 'F16', shape: [2], data: Uint16Array.of(2, 3) },
        TypeError,
        'got F16. In torch: lengths.long()',
      ],
      [{ dtype: 'I64', shape: [2, 1], data: BigInt64Array.of(2n, 3n) }, RangeError, 'got [2, 1]'],
      [BigInt64Array.of(2n, 2n ** 62n), RangeError, 'f: lengths[1]: expected an integer in 1..3 (T), got'],
      [[2, 2.5], RangeError, 'f: lengths[1]: expected an integer in 1..3 (T), got 2.5'],
      [Float32Array.of(Number.NaN, 1), RangeError, 'f: lengths[0]: expected an integer in 1..3 (T), got NaN'],
    ] as const)
      expect(of(given)).to.throw(type, text);
  });

  it('are read off a right-padded mask', async () => {
    await tidied(async () => {
      const mask = (rows: number[][]) => tf.tensor2d(rows, undefined, 'bool');
      expect(
        await lengthsFromMask(
          'f',
          mask([
            [1, 0],
            [1, 1],
          ]),
        )?.array(),
      ).to.deep.equal([1, 2]);
      expect(
        lengthsFromMask(
          'f',
          mask([
            [1, 1],
            [1, 1],
          ]),
        ),
      ).to.equal(undefined);
      expect(() =>
        lengthsFromMask(
          'f',
          mask([
            [0, 1],
            [1, 1],
          ]),
        ),
      ).to.throw(RangeError, 'row 0: 01');
    });
  });

  if (backend === 'tensorflow') {
    it('are read where they are on the host on a GPU of tfjs-node, and stay on the device where an op made them', async () => {
      await tidied(async () => {
        const [lengths, mask] = [
          tf.tensor1d([2, 1], 'int32'),
          tf.tensor2d(
            [
              [1, 1],
              [1, 0],
            ],
            [2, 2],
            'bool',
          ),
        ];
        const made = [tf.add(lengths, 0), tf.logicalAnd(mask, mask)] as const;
        const wrong = tf.tensor1d([3, 1], 'int32');
        let results: (tf.Tensor | undefined)[] = [];
        const reads = readsOnFakeGpu(() => {
          expect(readsLengths(wrong)).to.equal(true);
          expect(() => toLengths('f', wrong, 2, 2)).to.throw(RangeError, 'lengths[0]');
          expect(readsLengths(made[0])).to.equal(false);
          results = [toLengths('f', made[0], 2, 2), lengthsFromMask('f', made[1])];
        });
        expect(reads).to.equal(0);
        expect(await Promise.all(results.map((result) => result?.array()))).to.deep.equal([
          [2, 1],
          [2, 1],
        ]);
      });
    });
  } else {
    it('are read', () => {
      tf.tidy(() => {
        expect(readsLengths(tf.tensor1d([2, 1], 'int32'))).to.equal(true);
      });
    });
  }
});

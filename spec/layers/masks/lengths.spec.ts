import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { lengthsFromMask, toLengths } from '../../../src/layers/masks/lengths.js';
import { readsValuesCheaply } from '../../../src/ops/readback.js';
import { describeEachBackend } from '../../support/backends.js';
import { readsOnFakeGpu } from '../../support/fake-gpu.js';

describeEachBackend('lengths', (backend) => {
  it('become an int32 tensor, or nothing where every row is full', () => {
    tf.tidy(() => {
      const lengths = toLengths('f', [2, 3], 2, 3) as tf.Tensor1D;
      expect([lengths.dtype, lengths.arraySync()]).to.deep.equal(['int32', [2, 3]]);
      expect(toLengths('f', [3, 3], 2, 3)).to.equal(undefined);
      expect(toLengths('f', tf.tensor1d([3, 3], 'int32'), 2, 3)).to.equal(undefined);
    });
  });

  it('are read off a right-padded mask', () => {
    tf.tidy(() => {
      const mask = (rows: number[][]) => tf.tensor2d(rows, undefined, 'bool');
      expect(
        lengthsFromMask(
          'f',
          mask([
            [1, 0],
            [1, 1],
          ]),
        )?.arraySync(),
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
    it('stay on the device on a GPU build', () => {
      tf.tidy(() => {
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
        let results: (tf.Tensor | undefined)[] = [];
        const reads = readsOnFakeGpu(() => {
          expect(readsValuesCheaply()).to.equal(false);
          results = [toLengths('f', lengths, 2, 2), lengthsFromMask('f', mask)];
        });
        expect(reads).to.equal(0);
        expect(results.map((result) => result?.arraySync())).to.deep.equal([
          [2, 1],
          [2, 1],
        ]);
      });
    });
  } else {
    it('can be read cheaply', () => {
      expect(readsValuesCheaply()).to.equal(true);
    });
  }
});

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru, lastStep, maskedMean } from '../../../src/index.js';
import { describeEachBackend } from '../../support/backends.js';
import { expectClose } from '../../support/expect-same.js';
import { tidied } from '../../support/tidied.js';

const LENGTHS = [4, 1, 3];

/** The valid steps of each row: right pooling of them is the definition. */
function eachRow(x: tf.Tensor, lengths: readonly number[], pool: (steps: tf.Tensor) => tf.Tensor): tf.Tensor {
  const rows = lengths.map((length, row) => pool(x.slice([row, 0], [1, length]).squeeze([0])));
  return tf.stack(rows);
}

const POOLINGS = [
  {
    title: 'LastStep',
    make: lastStep,
    pool: (steps: tf.Tensor) => steps.slice([steps.shape[0] - 1], [1]).squeeze([0]),
  },
  { title: 'MaskedMean', make: maskedMean, pool: (steps: tf.Tensor) => steps.mean(0) },
] as const;

for (const { title, make, pool } of POOLINGS)
  describeEachBackend(title, () => {
    it('reads the valid steps of each row, by lengths or by a mask, and all without them', async () => {
      await tidied(async () => {
        for (const shape of [
          [3, 4, 2],
          [3, 4, 2, 5],
        ]) {
          const x = tf.randomNormal(shape);
          const expected = eachRow(x, LENGTHS, pool);
          const column = tf.tensor2d(LENGTHS, [3, 1]);
          const mask = tf.less(tf.range(0, 4), column);
          for (const output of [
            make().apply([x, column]),
            make().apply([x, tf.tensor1d(LENGTHS, 'int32')]),
            make().apply(x, { lengths: LENGTHS }),
            make().apply([x], { lengths: BigInt64Array.from(LENGTHS, BigInt) }),
            make().apply(x, { mask }),
            make().apply([x], { mask: [mask] }),
          ])
            await expectClose(output as tf.Tensor, expected);
          await expectClose(
            make().apply(x, { lengths: [4, 4, 4] }) as tf.Tensor,
            eachRow(x, [4, 4, 4], pool),
          );
        }
        expect((make().apply(tf.zeros([0, 4, 2])) as tf.Tensor).shape).to.deep.equal([0, 2]);
      });
    });

    it('reads all steps in a model whose sequences have no mask', async () => {
      const input = tf.input({ shape: [4, 2] });
      const model = tf.model({ inputs: input, outputs: make().apply(input) as tf.SymbolicTensor });
      await tidied(async () => {
        const x = tf.randomNormal([3, 4, 2]);
        await expectClose(model.predict(x) as tf.Tensor, eachRow(x, [4, 4, 4], pool));
      });
      model.dispose();
    });

    it('neither reads padded steps nor gives them a gradient', async () => {
      await tidied(async () => {
        const lengths = tf.tensor2d(LENGTHS, [3, 1]);
        const clean = tf.randomNormal([3, 4, 2]);
        const valid = tf.less(tf.range(0, 4), lengths).expandDims(2);
        const x = tf.where(valid, clean, tf.fill([3, 4, 2], Number.NaN));
        const loss = (given: tf.Tensor) => (make().apply([given, lengths]) as tf.Tensor).square().sum();
        const { value, grad } = tf.valueAndGrad(loss)(x);
        const expected = tf.valueAndGrad((given: tf.Tensor) => eachRow(given, LENGTHS, pool).square().sum())(
          clean,
        );
        await expectClose(value, expected.value);
        await expectClose(grad, expected.grad);
      });
    });

    it('reads the mask of a model, from whatever layer', async () => {
      const embed = tf.layers.embedding({ inputDim: 6, outputDim: 3, maskZero: true });
      const layer = gru({ hiddenSize: 2, bidirectional: true });
      const ids = tf.input({ shape: [4], dtype: 'int32' });
      const output = layer.apply(embed.apply(ids) as tf.SymbolicTensor) as tf.SymbolicTensor;
      const model = tf.model({ inputs: ids, outputs: make().apply(output) as tf.SymbolicTensor });
      expect(model.outputs[0]!.shape).to.deep.equal([null, 4]);
      await tidied(async () => {
        const rows = tf.tensor2d(
          [
            [1, 2, 3, 4],
            [5, 0, 0, 0],
            [2, 2, 1, 0],
          ],
          undefined,
          'int32',
        );
        const x = tf.gather(embed.getWeights()[0]!, rows);
        const expected = eachRow(layer.forward(x, { lengths: LENGTHS }).output, LENGTHS, pool);
        await expectClose(model.predict(rows) as tf.Tensor, expected);
      });
      model.dispose();
    });

    it('ignores a mask that belongs to another branch of the model', async () => {
      const embed = tf.layers.embedding({ inputDim: 6, outputDim: 3, maskZero: true });
      const [ids, x] = [tf.input({ shape: [4], dtype: 'int32' }), tf.input({ shape: [4, 3] })];
      const masked = make().apply(embed.apply(ids) as tf.SymbolicTensor) as tf.SymbolicTensor;
      const model = tf.model({ inputs: [ids, x], outputs: [masked, make().apply(x) as tf.SymbolicTensor] });
      await tidied(async () => {
        const values = tf.randomNormal([1, 4, 3]);
        const rows = tf.tensor2d([[1, 2, 0, 0]], undefined, 'int32');
        const [first, second] = model.predict([rows, values]) as [tf.Tensor, tf.Tensor];
        await expectClose(first, eachRow(tf.gather(embed.getWeights()[0]!, rows), [2], pool));
        await expectClose(second, eachRow(values, [4], pool));
      });
      model.dispose();
    });

    it('refuses other inputs and options', () => {
      tf.tidy(() => {
        const x = tf.zeros([3, 4, 2]);
        const apply = (inputs: unknown, options?: object) => () => make().apply(inputs as never, options);
        const where = `${title}.apply`;
        for (const [call, type, text] of [
          [apply(tf.zeros([3, 4])), RangeError, `${where}: x: expected [B, T, F], got [3, 4]`],
          [
            apply(tf.zeros([3, 0, 2])),
            RangeError,
            `${where}: x: expected at least one time step, got [3, 0, 2]`,
          ],
          [apply([x, x, x]), RangeError, `${where}: inputs: expected x or [x, lengths], got 3 tensors`],
          [
            apply(x, { lengths: [5, 1, 1] }),
            RangeError,
            `${where}: lengths[0]: expected an integer in 1..4 (T), got 5`,
          ],
          [apply(x, { length: [1] }), TypeError, `${where}: length: expected one of lengths, mask, training`],
          [apply([1]), TypeError, `${where}: x: expected a tensor, got 1`],
          [() => make({ units: 2 } as never), TypeError, `${title}: units: expected one of inputShape`],
        ] as const)
          expect(call).to.throw(type, text);
        expect(apply(tf.input({ shape: [4, 2] }), { lengths: [1] })).to.throw(
          TypeError,
          `${where}: lengths: expected one of training`,
        );
      });
    });
  });

describeEachBackend('poolings of tensors without lengths', () => {
  it('are the last step of every row, and no mean, whose mask was lost', async () => {
    await tidied(async () => {
      const x = tf.randomNormal([3, 4, 2]);
      await expectClose(lastStep().apply(x) as tf.Tensor, x.slice([0, 3], [3, 1]).squeeze([1]));
      for (const options of [undefined, {}, { mask: null }, { lengths: undefined }])
        expect(() => maskedMean().apply(x, options)).to.throw(
          TypeError,
          'MaskedMean.apply: lengths: expected lengths or a mask beside tensors, got neither. A tensor carries no mask, ' +
            'also not one that a model returns. Of rows without padding x.mean(1) is the mean',
        );
      expect((maskedMean().apply(tf.zeros([0, 4, 2])) as tf.Tensor).shape).to.deep.equal([0, 2]);
    });
  });
});

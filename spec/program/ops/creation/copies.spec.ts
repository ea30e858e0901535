import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readExportedProgram } from '../../../../src/program/index.js';
import { findOp } from '../../../../src/program/ops/table.js';
import type { Call, Value } from '../../../../src/program/ops/types.js';
import { describeEachBackend } from '../../../support/backends.js';
import { call, programBytes } from '../../../support/program-files.js';
import { tidied } from '../../../support/tidied.js';

function run(target: string, args: readonly unknown[], dtype: Call['dtype'] = 'F32'): Value {
  const op = findOp(target)?.run as (...all: unknown[]) => Value;
  return op(...args, { where: 'model: check', dtype, dtypes: [dtype], argumentDtypes: [], isTraining: true });
}

describeEachBackend('copies and checks of programs', () => {
  it('an assertion of the model that fails is an error in its words', () =>
    tidied(async () => {
      const target = 'aten._assert_async.msg';
      expect(run(target, [tf.scalar(true, 'bool'), 'lengths.max() == T'])).to.equal(undefined);
      expect(() => run(target, [tf.scalar(false, 'bool'), 'lengths.max() == T'])).to.throw(
        RangeError,
        'model: check: an assertion of the model fails: lengths.max() == T',
      );
      expect(() => run('aten._assert_async.default', [tf.scalar(0)])).to.throw(
        RangeError,
        'model: check: an assertion of the model fails: it has no message',
      );
      expect(run('aten._assert_scalar.default', [true, 'u0 >= 0'])).to.equal(undefined);
      expect(() => run('aten._assert_scalar.default', [false, 'u0 >= 0'])).to.throw(
        RangeError,
        'model: check: an assertion of the model fails: u0 >= 0',
      );
    }));

  it('an assertion that fails is told once by a program', async () => {
    const program = await readExportedProgram(
      programBytes({
        inputs: [['x', []]],
        calls: [
          call('aten._assert_async.msg', { self: 'x', assert_msg: { as_string: 'Expected more' } }),
          call('aten.neg.default', { self: 'x' }, ['y', []]),
        ],
        outputs: ['y'],
      }),
    );
    await tidied(async () => {
      const x = tf.scalar(0);
      expect(() => program.forward(x)).to.throw(
        RangeError,
        /^TorchProgram: \S+: an assertion of the model fails: Expected more$/,
      );
    });
    program.dispose();
  });

  it('a detached tensor has its values, and no gradient', () =>
    tidied(async () => {
      const x = tf.tensor1d([1, 2]);
      const dy = tf.grad((x) => tf.mul(x, run('aten.detach.default', [x]) as tf.Tensor))(x);
      expect(Array.from(await dy.data())).to.deep.equal([1, 2]);
    }));

  it('an empty tensor has its shape and dtype', () =>
    tidied(async () => {
      const x = tf.ones([2]);
      const made = [
        run('aten.empty.memory_format', [[2, 3]], 'I64'),
        run(
          'aten.empty_strided.default',
          [
            [2, 3],
            [3, 1],
          ],
          'I64',
        ),
        run('aten.new_empty.default', [x, [2, 3]], 'I64'),
        run('aten.empty_like.default', [tf.ones([2, 3])], 'I64'),
      ] as tf.Tensor[];
      for (const { shape, dtype } of made)
        expect({ shape, dtype }).to.deep.equal({ shape: [2, 3], dtype: 'int32' });
    }));
});

/** What a run lends to its ops: the arguments that nothing needs after the call. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { release } from '../../../src/nn/in-turn.js';
import { readExportedProgram, registerOp } from '../../../src/program/index.js';
import { describeEachBackend } from '../../support/backends.js';
import { call, type ProgramSpec, programBytes } from '../../support/program-files.js';
import { registerSpecOps } from '../../support/program-ops.js';

const SIZES = ['b', 2];

/** Whether the arguments of the last `spec.spend` were gone before it was over. */
let spent: boolean[] = [];

function registerSpending(): void {
  registerSpecOps();
  registerOp('spec::spend(Tensor self, Tensor other) -> Tensor', (self: tf.Tensor, other: tf.Tensor) => {
    const sum = tf.add(self, other);
    release(self, other);
    spent = [self.isDisposed, other.isDisposed];
    return sum;
  });
  registerOp('spec::spend_and_fail(Tensor self) -> Tensor', (self: tf.Tensor) => {
    release(self);
    throw new Error('as told');
  });
  registerOp('spec::return_spent(Tensor self) -> Tensor', (self: tf.Tensor) => {
    release(self);
    return self;
  });
}

async function run(
  spec: Omit<ProgramSpec, 'inputs'>,
  body: (forward: () => tf.Tensor[], x: tf.Tensor) => void | Promise<void>,
): Promise<void> {
  const program = await readExportedProgram(programBytes({ inputs: [['x', SIZES]], ...spec }));
  const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  try {
    await body(() => [program.forward(x)].flat() as tf.Tensor[], x);
  } finally {
    tf.dispose([x]);
    program.dispose();
  }
}

const double = (self: string, result: string) => call('spec.double.default', { self }, [result, SIZES]);
const spend = (self: string, other: string, result = 'z') =>
  call('spec.spend.default', { self, other }, [result, SIZES]);

/** Runs a program, and tells which arguments its last `spec.spend` could release. */
async function released(spec: Omit<ProgramSpec, 'inputs'>, expected: number[]): Promise<boolean[]> {
  await run(spec, async (forward) => {
    const outputs = forward();
    expect(Array.from(await (outputs[0] as tf.Tensor).data())).to.deep.equal(expected);
    tf.dispose(outputs);
  });
  return spent;
}

describeEachBackend('arguments that nothing needs after a call', () => {
  before(registerSpending);

  it('may be released by its op', async () => {
    const calls = [double('x', 'y'), double('y', 'u'), double('y', 'v'), spend('u', 'v')];
    expect(await released({ calls, outputs: ['z'] }, [8, 16, 24, 32])).to.deep.equal([true, true]);
  });

  it('are none that a later call or the caller needs', async () => {
    const calls = [
      double('x', 'y'),
      double('y', 'u'),
      spend('y', 'u'),
      call('spec.plus.default', { self: 'z', other: 'u' }, ['w', SIZES]),
    ];
    expect(await released({ calls, outputs: ['w'] }, [10, 20, 30, 40])).to.deep.equal([true, false]);
    const returned = [double('x', 'y'), spend('y', 'x')];
    expect(await released({ calls: returned, outputs: ['z', 'y'] }, [3, 6, 9, 12])).to.deep.equal([
      false,
      false,
    ]);
  });

  it('are no weights', async () => {
    const calls = [double('x', 'y'), spend('y', 'p_weight')];
    const weight = { kind: 'parameter', name: 'weight', tensor: ['p_weight', [2]], values: [1, 1] } as const;
    expect(await released({ stored: [weight], calls, outputs: ['z'] }, [3, 5, 7, 9])).to.deep.equal([
      true,
      false,
    ]);
  });

  it('are none that another value stands for too, or that the call has twice', async () => {
    const same = call('spec.same.default', { self: 'y' }, ['v', SIZES]);
    const calls = [double('x', 'y'), same, spend('y', 'x', 'u'), spend('v', 'x')];
    expect(await released({ calls: calls.slice(0, 3), outputs: ['u', 'v'] }, [3, 6, 9, 12])).to.deep.equal([
      false,
      false,
    ]);
    expect(await released({ calls, outputs: ['z', 'u'] }, [3, 6, 9, 12])).to.deep.equal([true, false]);
    const twice = [double('x', 'y'), spend('y', 'y')];
    expect(await released({ calls: twice, outputs: ['z'] }, [4, 8, 12, 16])).to.deep.equal([false, false]);
  });

  it('are none while a tape records', () =>
    run({ calls: [double('x', 'y'), spend('y', 'x')], outputs: ['z'] }, async (forward, x) => {
      const gradient = tf.grad(() => forward()[0] as tf.Tensor)(x);
      expect(spent).to.deep.equal([false, false]);
      expect(Array.from(await gradient.data())).to.deep.equal([3, 3, 3, 3]);
      gradient.dispose();
    }));

  it('leave nothing behind where the op fails after it has released them', () =>
    run(
      {
        calls: [double('x', 'y'), call('spec.spend_and_fail.default', { self: 'y' }, ['z', SIZES])],
        outputs: ['z'],
      },
      (forward) => {
        const { numTensors } = tf.memory();
        expect(forward).to.throw('as told');
        expect(tf.memory().numTensors).to.equal(numTensors);
      },
    ));

  it('are refused as results once they are released', () =>
    run(
      {
        calls: [double('x', 'y'), call('spec.return_spent.default', { self: 'y' }, ['z', SIZES])],
        outputs: ['z'],
      },
      (forward) => {
        const { numTensors } = tf.memory();
        expect(forward).to.throw(
          RangeError,
          /spec\.return_spent\.default .*: expected a tensor as result 0, got a disposed tensor$/,
        );
        expect(tf.memory().numTensors).to.equal(numTensors);
      },
    ));
});

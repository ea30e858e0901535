/**
 * What a program holds at most, beside code that disposes each tensor at its last use. A function of several calls of tf disposes its own
 * tensors, and its caller the argument after it, in the code by hand too.
 */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readExportedProgram } from '../../../src/program/index.js';
import { describeEachBackend } from '../../support/backends.js';
import { type CallSpec, call, type ProgramSpec, programBytes } from '../../support/program-files.js';

/** Of the peak of the code by hand. */
const BOUND = 1.2;

type Body = (x: tf.Tensor) => tf.Tensor;

async function peakOf(run: () => tf.Tensor): Promise<number> {
  const { numBytes } = tf.memory();
  const { peakBytes, result } = await tf.profile(run);
  tf.dispose(result as tf.Tensor);
  return peakBytes - numBytes;
}

/** Compares the peaks and the results; also that neither a call nor one on a tape leaves anything behind. */
async function expectLean(spec: ProgramSpec, shape: number[], byHand: Body): Promise<void> {
  const program = await readExportedProgram(programBytes(spec));
  const x = tf.randomNormal(shape, 0, 1, 'float32', 7);
  const run: Body = (input) => program.forward(input) as tf.Tensor;
  const [got, want] = [run(x), byHand(x)];
  const difference = tf.tidy(() => tf.max(tf.abs(tf.sub(got, want))));
  expect((await difference.data())[0]).to.be.at.most(1e-5);
  tf.dispose([got, want, difference]);
  const { numTensors } = tf.memory();
  expect(await peakOf(() => run(x))).to.be.at.most(BOUND * (await peakOf(() => byHand(x))));
  tf.dispose(tf.grad((input) => run(input))(x));
  expect(tf.memory().numTensors).to.equal(numTensors);
  program.dispose();
  x.dispose();
}

/** Applies functions one after the other, and disposes each result once it is used. */
function chain(...steps: readonly Body[]): Body {
  return (x) =>
    steps.reduce((value, step) => {
      const next = step(value);
      if (value !== x) value.dispose();
      return next;
    }, x);
}

const DEPTH = 6;
const SIZE = 16;

/** Values that differ from one another. */
const values = (count: number) => Array.from({ length: count }, (_, i) => Math.sin(i));

function repeated(calls: (from: string, i: number) => CallSpec[]): CallSpec[] {
  return Array.from({ length: DEPTH }, (_, i) => calls(i === 0 ? 'x' : `y${i - 1}`, i)).flat();
}

const OUTPUTS = [`y${DEPTH - 1}`];

const LINEAR: ProgramSpec['stored'] = [
  { kind: 'parameter', name: 'weight', tensor: ['w', [SIZE, SIZE]], values: values(SIZE * SIZE) },
  { kind: 'parameter', name: 'bias', tensor: ['c', [SIZE]], values: values(SIZE) },
];

/** The weight and bias of {@link LINEAR} as tensors, while a body runs. */
async function withLinear(body: (weight: tf.Tensor, bias: tf.Tensor) => Promise<void>): Promise<void> {
  const [weight, bias] = [tf.tensor(values(SIZE * SIZE), [SIZE, SIZE]), tf.tensor(values(SIZE))];
  try {
    await body(weight, bias);
  } finally {
    tf.dispose([weight, bias]);
  }
}

describeEachBackend('memory of a program', () => {
  it('is that of code by hand for a chain of elementwise calls', () => {
    const sizes = ['b', SIZE];
    const calls = repeated((from, i) => [
      call('aten.tanh.default', { self: from }, [`t${i}`, sizes]),
      call('aten.mul.Tensor', { self: `t${i}`, other: 'x' }, [`y${i}`, sizes]),
    ]);
    return expectLean({ inputs: [['x', sizes]], calls, outputs: OUTPUTS }, [8, SIZE], (x) =>
      chain(...new Array(DEPTH).fill([tf.tanh, (y: tf.Tensor) => tf.mul(y, x)]).flat())(x),
    );
  });

  it('is that of code by hand for linear layers', () => {
    const sizes = ['b', SIZE];
    const calls = repeated((from, i) => [
      call('aten.linear.default', { input: from, weight: 'w', bias: 'c' }, [`h${i}`, sizes]),
      call('aten.sigmoid.default', { self: `h${i}` }, [`y${i}`, sizes]),
    ]);
    return withLinear((weight, bias) => {
      const linear = chain(
        (x) => tf.matMul(x, weight, false, true),
        (product) => tf.add(product, bias),
      );
      const layer: Body[] = [linear, tf.sigmoid];
      return expectLean(
        { inputs: [['x', sizes]], stored: LINEAR, calls, outputs: OUTPUTS },
        [32, SIZE],
        chain(...new Array(DEPTH).fill(layer).flat()),
      );
    });
  });

  it('is that of code by hand for linear layers of sequences, normalized', () => {
    const sizes = ['b', 's', SIZE];
    const calls = repeated((from, i) => [
      call('aten.linear.default', { input: from, weight: 'w', bias: 'c' }, [`h${i}`, sizes]),
      call('aten.softmax.int', { self: `h${i}`, dim: { as_int: -1 } }, [`y${i}`, sizes]),
    ]);
    return withLinear((weight, bias) => {
      const linear = chain(
        (x) => tf.reshape(x, [-1, SIZE]),
        (rows) => tf.matMul(rows, weight, false, true),
        (product) => tf.add(product, bias),
        (y) => tf.reshape(y, [4, 8, SIZE]),
      );
      const layer: Body[] = [linear, (y) => tf.softmax(y, -1)];
      return expectLean(
        { inputs: [['x', sizes]], stored: LINEAR, calls, outputs: OUTPUTS },
        [4, 8, SIZE],
        chain(...new Array(DEPTH).fill(layer).flat()),
      );
    });
  });

  it('is that of code by hand for axes that move', () => {
    const shapes = [
      ['b', 3, 's', 5],
      ['b', 's', 3, 5],
    ];
    const calls = repeated((from, i) => [
      call('aten.permute.default', { self: from, dims: { as_ints: [0, 2, 1, 3] } }, [
        `y${i}`,
        shapes[(i + 1) % 2] as string[],
      ]),
    ]);
    const layer: Body = (x) => {
      const [rows, a, b, inner] = x.shape as [number, number, number, number];
      return chain(
        (value) => tf.reshape(value, [rows, a, b, inner]),
        (value) => tf.transpose(value, [0, 2, 1, 3]),
        (value) => tf.reshape(value, [rows, b, a, inner]),
      )(x);
    };
    return expectLean(
      { inputs: [['x', shapes[0] as string[]]], calls, outputs: OUTPUTS },
      [2, 3, 4, 5],
      chain(...new Array(DEPTH).fill(layer)),
    );
  });
});

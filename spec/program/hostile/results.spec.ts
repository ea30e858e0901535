/** Calls that ask for large results: each is refused before it takes memory, by the bytes that its arguments ask for. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readExportedProgram, TorchProgram } from '../../../src/program/index.js';
import { broadcast, countOf } from '../../../src/program/ops/calls/made.js';
import { parseSignature, type Signature } from '../../../src/program/ops/calls/schema.js';
import { FAMILIES } from '../../../src/program/ops/table.js';
import { type CallSpec, call, INT64, programBytes } from '../../support/program-files.js';
import { ASKS, BY_OPERANDS, INPUTS } from './large-results.js';

const HUGE = 2 ** 40;
/** Parameters that say how much a call makes. */
const SIZES =
  /^(size|output_size|repeats|dims|steps|n|m|window_length|num_classes|num_samples|bins|minlength|pad|padding|chunks|sections|offset|scale_factors)$/;
/** Those whose results have as many elements as the tensor that they get, or fewer. */
const AS_LARGE = [
  ...['view.default', '_unsafe_view.default', 'view_copy.default', 'permute.default', 'flip.default'],
  ...['roll.default', 'rot90.default', 'diff.default', 'diagonal.default', 'diagonal_copy.default'],
  ...['diagonal_scatter.default', '_assert_tensor_metadata.default', 'sym_constrain_range.default'],
  'sym_constrain_range_for_size.default',
];

function bytesOf(target: string, inputs: CallSpec['inputs']): Uint8Array<ArrayBuffer> {
  const { returns } = signatures.get(target) ?? { returns: ['Tensor'] };
  const [first] = returns;
  const outputs =
    first === 'Tensor[]' ? [{ as_tensors: [] }] : returns.map((_, i) => [`y${i}`, [2]] as const);
  return programBytes({
    inputs: Object.entries(INPUTS).map(([name, sizes]) =>
      name === 'ids' ? [name, sizes, INT64] : [name, sizes],
    ),
    calls: [call(`aten.${target}`, inputs, ...outputs)],
    outputs: [],
  });
}

const signatures = new Map(
  FAMILIES.flatMap((family) => Object.keys(family).map(parseSignature)).map((signature) => [
    signature.target.replace('aten.', ''),
    signature,
  ]),
);

function run(program: Awaited<ReturnType<typeof readExportedProgram>>): void {
  tf.tidy(() => {
    const values = Object.entries(INPUTS).map(([name, shape]) =>
      tf.ones(shape, name === 'ids' ? 'int32' : 'float32'),
    );
    program.forward(...values);
  });
}

async function errorOf(bytes: Uint8Array<ArrayBuffer>, maxTensorBytes?: number): Promise<Error | undefined> {
  const program = await readExportedProgram(bytes, { limits: { maxTensorBytes } });
  try {
    run(program);
  } catch (error) {
    return error as Error;
  } finally {
    program.dispose();
  }
  return undefined;
}

describe('calls that ask for large results', () => {
  before(() => tf.setBackend('cpu'));

  for (const [target, ask] of Object.entries(ASKS))
    it(`${target}: is refused before it takes memory`, async () => {
      const { numTensors } = tf.memory();
      const error = await errorOf(bytesOf(target, ask(HUGE)));
      expect(error).to.be.instanceOf(RangeError);
      expect(error?.message).to.match(
        new RegExp(
          `: aten\\.${target}.*: expected tensors of at most 4294967296 bytes at a time, got [\\de+.]+ for [\\de+.]+ elements beside 0 of tensors that are needed still\\. Raise limits\\.maxTensorBytes of readExportedProgram to run it$`,
        ),
      );
      expect(tf.memory().numTensors).to.equal(numTensors);
      // It runs where there is room. Parts are not counted before they are made.
      const small = await errorOf(bytesOf(target, ask(2)), 2 ** 12);
      const isList = signatures.get(target)?.returns[0] === 'Tensor[]';
      const told = small?.message.replace(/^.*expected /, '').slice(0, 'a list as result 0'.length);
      expect(told).to.equal(isList ? 'a list as result 0' : undefined);
    });

  it('are known of every op that has a size, and bounded by it', () => {
    const all = [...signatures].filter(([, { parameters }]) =>
      parameters.some(({ name }) => SIZES.test(name)),
    );
    const unknown = all.filter(([, signature]) => countOf(signature) === undefined).map(([target]) => target);
    expect(unknown).to.have.members(AS_LARGE);
    const counted = [...signatures].filter(([, signature]) => countOf(signature) !== undefined);
    const names = counted.map(([target]) => target).filter((target) => !BY_OPERANDS.includes(target));
    expect(Object.keys(ASKS)).to.have.members(names);
  });

  it('are known of products of tensors, before they are made', () => {
    tf.tidy(countProducts);
  });

  function countProducts(): void {
    const count = (target: string, ...args: unknown[]) =>
      (countOf(signatures.get(target) as Signature) as (...all: unknown[]) => number)(...args);
    const [line, matrix, batch] = [tf.zeros([5]), tf.zeros([3, 4]), tf.zeros([2, 1, 4, 6])];
    for (const [target, args, elements] of [
      ['outer.default', [line, line], 25],
      ['kron.default', [matrix, line], 60],
      ['matmul.default', [matrix, batch], 36],
      ['matmul.default', [line, tf.zeros([5, 7])], 7],
      ['linear.default', [batch, tf.zeros([9, 6])], 72],
      ['embedding.default', [matrix, line], 20],
      ['index_select.default', [matrix, -1, line], 15],
      ['tensordot.default', [matrix, batch, [1], [2]], 36],
      ['cdist.default', [matrix, tf.zeros([7, 4])], 84],
      ['einsum.default', ['ij,jk', [matrix, tf.zeros([4, 6])]], 18],
      ['einsum.default', ['i, j -> ij', [line, line]], 25],
      ['einsum.default', ['...ij,jk->...ik', [batch, tf.zeros([6, 3])]], 24],
      ['einsum.default', ['...ij->ij', [batch]], 24],
      ['meshgrid.default', [[line, line, line]], 375],
    ] as const)
      expect(count(target, ...args), `${target} ${args[0]}`).to.equal(elements);
    // What is broadcast has the shape of both.
    for (const [a, b, elements] of [
      [[64, 1], [1, 64], 4096],
      [[64, 64], [64, 64], 4096],
      [[64, 64], [], 4096],
      [[1], [3, 64], 192],
    ] as const)
      expect(broadcast(...([tf.zeros([...a]), tf.zeros([...b]), 1] as never[]))).to.equal(elements);
  }

  const zeros = (i: number, size: number) =>
    call('aten.zeros.default', { size: { as_ints: [size] } }, [`z${i}`, [size]]);
  /** Each of 1 KiB. */
  const chain = (names: readonly string[]) =>
    programBytes({ inputs: [], calls: names.map((_, i) => zeros(i, 256)), outputs: names });

  it('are held to one sum of what is needed at one time, to the byte', async () => {
    const needed = chain(['z0', 'z1', 'z2']);
    const read = (bytes: Uint8Array<ArrayBuffer>, maxTensorBytes: number) =>
      readExportedProgram(bytes, { limits: { maxTensorBytes } });
    const enough = await read(needed, 3072);
    tf.dispose(enough.forward() as tf.Tensor[]);
    const short = await read(needed, 3071);
    const { numTensors } = tf.memory();
    expect(() => short.forward()).to.throw(
      RangeError,
      'z2: aten.zeros.default (model.py:3: torch.ops.aten.zeros.default()): expected tensors of at most 3071 bytes at a time, got 1024 for 256 elements beside 2048 of tensors that are needed still. Raise limits.maxTensorBytes of readExportedProgram to run it',
    );
    expect(tf.memory().numTensors).to.equal(numTensors);
    // The first two are not needed.
    const freed = await read(
      programBytes({ inputs: [], calls: [zeros(0, 256), zeros(1, 256), zeros(2, 256)], outputs: ['z2'] }),
      1024,
    );
    tf.dispose(freed.forward() as tf.Tensor);
    for (const program of [enough, short, freed]) program.dispose();
  });

  it('count elements once, however many views have them', async () => {
    const views = [0, 1, 2].map((i) =>
      call('aten.view.default', { self: i === 0 ? 'z0' : `v${i - 1}`, size: { as_ints: [256] } }, [
        `v${i}`,
        [256],
      ]),
    );
    const bytes = programBytes({
      inputs: [],
      calls: [zeros(0, 256), ...views],
      outputs: ['z0', 'v0', 'v1', 'v2'],
    });
    const program = await readExportedProgram(bytes, { limits: { maxTensorBytes: 1024 } });
    tf.dispose(program.forward() as tf.Tensor[]);
    program.dispose();
  });

  it('are refused where no argument tells how much they make, once it is made', async () => {
    const doubled = call('aten.cat.default', { tensors: ['z0', 'z0', 'z0'] }, ['y', [768]]);
    const bytes = programBytes({ inputs: [], calls: [zeros(0, 256), doubled], outputs: ['y'] });
    const program = await readExportedProgram(bytes, { limits: { maxTensorBytes: 3000 } });
    const { numTensors } = tf.memory();
    expect(() => program.forward()).to.throw(RangeError, 'got 4096 of tensors that are needed still');
    expect(tf.memory().numTensors).to.equal(numTensors);
    program.dispose();
  });

  it('take no more time for differences than there are elements', async () => {
    const calls = [call('aten.diff.default', { self: 'x', n: { as_int: HUGE } }, ['y', [0]])];
    const program = await readExportedProgram(programBytes({ inputs: [['x', [3]]], calls, outputs: ['y'] }));
    tf.tidy(() => {
      expect((program.forward(tf.zeros([3])) as tf.Tensor).shape).to.deep.equal([0]);
    });
    program.dispose();
  });

  it('keep the limit of their program in its configuration', async () => {
    const program = await readExportedProgram(chain(['z0']), { limits: { maxTensorBytes: 1000 } });
    const copy = TorchProgram.fromConfig(TorchProgram, program.getConfig()) as TorchProgram;
    for (const each of [program, copy]) {
      expect(() => each.forward()).to.throw(RangeError, 'at most 1000 bytes at a time');
      each.dispose();
    }
  });
});

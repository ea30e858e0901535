/** Integers beyond int32 are never wrong in silence, against PyTorch (scripts/fixtures/make_int64.py). */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { UnsupportedError } from '../../../../src/index.js';
import { readExportedProgram } from '../../../../src/program/index.js';
import { describeEachBackend } from '../../../support/backends.js';
import { fixtureText } from '../../../support/node/files.js';
import {
  type ArgumentSpec,
  BOOL,
  type CallSpec,
  call,
  FLOAT32,
  INT32,
  INT64,
  type ProgramSpec,
  programBytes,
  type TensorSpec,
} from '../../../support/program-files.js';
import { tidied } from '../../../support/tidied.js';

interface StoredTensor {
  readonly dtype: 'I64' | 'I32' | 'F32' | 'BOOL';
  readonly shape: readonly number[];
  readonly data: readonly (number | boolean | string)[];
}

type Stored = number | boolean | string | readonly number[] | StoredTensor | { readonly scalarType: 'I64' };

interface Row {
  readonly target: string;
  readonly inputs: Readonly<Record<string, Stored>>;
  readonly result: StoredTensor;
}

const DTYPES = { I64: INT64, I32: INT32, F32: FLOAT32, BOOL };
const TF_DTYPES = { I64: 'int32', I32: 'int32', F32: 'float32', BOOL: 'bool' } as const;

const isTensor = (value: Stored): value is StoredTensor => typeof value === 'object' && 'data' in value;
/** Integers beyond 2^53 are strings. */
const isNumber = (value: number | string) => !Number.isNaN(Number(value));
const isIn32Bits = (value: number | boolean | string) => Number(value) === (Number(value) | 0);

/** A program of one call, on its tensors. */
function programOf({ target, inputs, result }: Row): ProgramSpec {
  const tensors = Object.entries(inputs).filter(([, value]) => isTensor(value));
  const argument = (name: string, value: Stored): ArgumentSpec => {
    if (isTensor(value)) return name;
    if (typeof value === 'boolean') return { as_bool: value };
    if (typeof value !== 'object') return isNumber(value) ? { as_int: Number(value) } : { as_string: value };
    return 'scalarType' in value ? { as_scalar_type: DTYPES[value.scalarType] } : { as_ints: value };
  };
  const args = Object.entries(inputs).map(([name, value]) => [name, argument(name, value)]);
  const tensor = (name: string, { dtype, shape }: StoredTensor): TensorSpec => [name, shape, DTYPES[dtype]];
  return {
    inputs: tensors.map(([name, value]) => tensor(name, value as StoredTensor)),
    calls: [call(target, Object.fromEntries(args), tensor('result', result))],
    outputs: ['result'],
  };
}

async function resultOf(spec: ProgramSpec, inputs: readonly tf.Tensor[]): Promise<number[]> {
  const program = await readExportedProgram(programBytes(spec));
  try {
    return Array.from(await (program.forward(...inputs) as tf.Tensor).data());
  } finally {
    program.dispose();
  }
}

async function refusal(spec: ProgramSpec, inputs: readonly tf.Tensor[]): Promise<Error> {
  try {
    return new Error(`none: ${await resultOf(spec, inputs)}`);
  } catch (error) {
    return error as Error;
  }
}

function tensorsOf({ inputs }: Row): tf.Tensor[] {
  const tensors = Object.values(inputs).filter(isTensor);
  return tensors.map(({ dtype, shape, data }) => tf.tensor(data.map(Number), [...shape], TF_DTYPES[dtype]));
}

const int = (value: number) => ({ as_int: value });
const ids = (...values: number[]) => tf.tensor1d(values, 'int32');
const X: TensorSpec = ['x', ['n'], INT64];

describeEachBackend('int64 as int32', () => {
  for (const [i, row] of (JSON.parse(fixtureText('program/int64.json')) as Row[]).entries()) {
    const { target, result } = row;
    const isWhole = result.dtype === 'F32' || result.data.every(isIn32Bits);
    it(`${target} (${i}) ${isWhole ? "has PyTorch's numbers" : 'is refused'}`, () =>
      tidied(async () => {
        const [spec, inputs] = [programOf(row), tensorsOf(row)];
        if (isWhole) expect(await resultOf(spec, inputs)).to.deep.equal(result.data.map(Number));
        else
          expect((await refusal(spec, inputs)).message).to.match(
            /expected int64 values that int32 holds, got/,
          );
      }));
  }

  it('says which call, how far, and what to do', async () => {
    const x = ids(5000, -49999);
    const error = await refusal(HASH, [x]);
    x.dispose();
    expect(error).to.be.instanceOf(RangeError);
    expect(error.message).to.match(/^TorchProgram: y: aten\.mul\.Tensor \(model\.py:3/);
    expect(error.message).to.contain(
      'expected int64 values that int32 holds, got about 5000000000 from values up to 49999 and 1000003. tfjs has no int64: ' +
        'compute it in JavaScript and pass it as an input, or, before a remainder by m, take the factors and summands by m too',
    );
  });

  it('refuses a number of the program when it is read', async () => {
    const row = {
      ...HASH,
      calls: [call('aten.mul.Tensor', { self: 'x', other: int(3e9) }, ['y', ['n'], INT64])],
    };
    const error = await refusal({ ...row, outputs: ['y'] }, []);
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.match(
      /^TorchProgram: y: aten\.mul\.Tensor .* other: expected .*, got 3000000000\. /,
    );
  });

  it('has the right remainder where factors and summands are taken by it too', () =>
    tidied(async () => {
      const values = [5000, 49999, 0, 2147483647];
      const hashed = values.map((id) => Number((BigInt(id) * 1000003n + 12345n) % 97n));
      expect(await resultOf(hashOf([remainder('x', 'r')], 'r'), [ids(...values)])).to.deep.equal(hashed);
      const given = values.map((id) => Number((BigInt(id) * 1000003n) % 97n));
      expect(await resultOf(hashOf([], undefined), [ids(...given)])).to.deep.equal(hashed);
    }));

  it('has the least of int32 for minus infinity, which models replace, and refuses the other floats beyond it', () =>
    tidied(async () => {
      // The buckets of relative positions in T5: log(0) is replaced.
      const row = (values: readonly number[]): [ProgramSpec, tf.Tensor[]] => [
        {
          inputs: [
            ['x', ['n']],
            ['most', ['n'], INT64],
          ],
          calls: [
            call('aten.to.dtype', { self: 'x', dtype: { as_scalar_type: INT64 } }, ['far', ['n'], INT64]),
            call('aten.add.Tensor', { self: 'far', other: int(2) }, ['moved', ['n'], INT64]),
            call('aten.minimum.default', { self: 'moved', other: 'most' }, ['kept', ['n'], INT64]),
            call('aten.clamp_min.default', { self: 'kept', min: int(-9) }, ['y', ['n'], INT64]),
          ],
          outputs: ['y'],
        },
        [tf.tensor1d([...values]), ids(...values.map(() => 3))],
      ];
      const infinite = Number.NEGATIVE_INFINITY;
      expect(await resultOf(...row([infinite, 0.7, 5, infinite]))).to.deep.equal([-9, 2, 3, -9]);
      for (const value of [Number.POSITIVE_INFINITY, -3e9, 3e9])
        expect((await refusal(...row([infinite, value]))).message).to.contain(
          `expected int64 values that int32 holds, got ${Math.fround(value)}`,
        );
    }));

  it('has the extremes of int64 for those of int32 where they fill a tensor', () =>
    tidied(async () => {
      const { max, min } = { max: int(2 ** 63), min: int(-(2 ** 63)) };
      for (const [fill, pick, expected] of [
        [max, 'amin', [3, 5]],
        [min, 'amax', [4, 6]],
      ] as const) {
        const spec: ProgramSpec = {
          inputs: [
            ['x', [2, 3], INT64],
            ['mask', [2, 3], BOOL],
          ],
          calls: [
            call('aten.masked_fill.Scalar', { self: 'x', mask: 'mask', value: fill }, ['y', [2, 3], INT64]),
            call(`aten.${pick}.default`, { self: 'y', dim: { as_ints: [1] } }, ['z', [2], INT64]),
          ],
          outputs: ['z'],
        };
        const x = tf.tensor2d([1, 3, 4, 5, 6, 9], [2, 3], 'int32');
        const mask = tf.tensor2d([1, 0, 0, 0, 0, 1], [2, 3], 'bool');
        expect(await resultOf(spec, [x, mask])).to.deep.equal(expected);
      }
    }));

  for (const [target, args, dtype] of [
    ['aten.remainder.Scalar', { other: int(7) }, INT64],
    ['aten.add.Tensor', { other: int(-1) }, INT64],
    ['aten.to.dtype', { dtype: { as_scalar_type: FLOAT32 } }, FLOAT32],
  ] as const)
    it(`does not compute with these extremes: ${target}`, () =>
      tidied(async () => {
        const spec = (fill: number): ProgramSpec => ({
          inputs: [X, ['mask', ['n'], BOOL]],
          calls: [
            call('aten.masked_fill.Scalar', { self: 'x', mask: 'mask', value: int(fill) }, [
              'y',
              ['n'],
              INT64,
            ]),
            call(target, { self: 'y', ...args }, ['z', ['n'], dtype]),
          ],
          outputs: ['z'],
        });
        const [x, some, none] = [ids(9, 5), tf.tensor1d([1, 0], 'bool'), tf.tensor1d([0, 0], 'bool')];
        expect((await refusal(spec(2 ** 63), [x, some])).message).to.contain(
          "expected int64 values that int32 holds, got 2147483647, which stands for int64's greatest. " +
            'The program fills a tensor with torch.iinfo(torch.int64).max or min: fill it with a number that int32 holds',
        );
        const usual = await resultOf(spec(2 ** 63), [x, none]);
        expect(usual).to.deep.equal(await resultOf(spec(9), [x, some]));
      }));

  it('leaves gradients as they are', () =>
    tidied(async () => {
      const spec: ProgramSpec = {
        inputs: [X, ['w', ['n']]],
        calls: [
          call('aten.mul.Tensor', { self: 'x', other: int(40000) }, ['y', ['n'], INT64]),
          call('aten.sub.Tensor', { self: 'y', other: 'x' }, ['z', ['n'], INT64]),
          call('aten.mul.Tensor', { self: 'w', other: 'z' }, ['out', ['n']]),
        ],
        outputs: ['out'],
      };
      const program = await readExportedProgram(programBytes(spec));
      const x = ids(-40000, 2, 50000);
      const gradient = tf.grad((w) => program.forward(x, w) as tf.Tensor)(tf.ones([3]));
      program.dispose();
      const expected = [-40000, 2, 50000].map((id) => Math.fround(id * 39999));
      expect(Array.from(await gradient.data())).to.deep.equal(expected);
    }));
});

const remainder = (self: string, name: string) =>
  call('aten.remainder.Scalar', { self, other: int(97) }, [name, ['n'], INT64]);

/** `(x * 1000003 + 12345) % 97` after calls that make `from` of x; without `from`, x is the product. */
function hashOf(first: readonly CallSpec[], from: string | undefined): ProgramSpec {
  const times = call('aten.mul.Tensor', { self: from ?? 'x', other: int(1000003) }, ['y', ['n'], INT64]);
  const plus = call('aten.add.Tensor', { self: from ? 'y' : 'x', other: int(12345) }, ['z', ['n'], INT64]);
  const calls = [...first, ...(from ? [times] : []), plus, remainder('z', 'out')];
  return { inputs: [X], calls, outputs: ['out'] };
}

const HASH = hashOf([], 'x');

import { expect } from 'chai';
import { loadStateDict, type StateDict, StateDictError, toStateDict } from '../../../src/index.js';
import { readExportedProgram } from '../../../src/program/index.js';
import { describeEachBackend } from '../../support/backends.js';
import { BOOL, call, FLOAT64, INT64, type ProgramSpec, programBytes } from '../../support/program-files.js';
import { registerSpecOps } from '../../support/program-ops.js';
import { Oracle, readProgram } from '../../support/programs.js';
import { collectWarnings } from '../../support/warnings.js';

/** One tensor of each kind. */
const KINDS: ProgramSpec = {
  stored: [
    { kind: 'parameter', name: 'fc.weight', tensor: ['w', [2]], values: [1, 2], requiresGrad: true },
    { kind: 'parameter', name: 'fixed', tensor: ['f', [2], FLOAT64], values: [0.1, 4] },
    { kind: 'buffer', name: 'ids', tensor: ['i', [2], INT64], values: [2 ** 30 + 1, -6] },
    { kind: 'buffer', name: 'flags', tensor: ['g', [2], BOOL], values: [1, 0] },
    { kind: 'buffer', name: 'table', tensor: ['t', [2]], values: [7, 8], isPersistent: false },
    { kind: 'constant', name: 'lifted_tensor_0', tensor: ['c', []], values: [9] },
  ],
  inputs: [['x', ['b', 2]]],
  calls: [call('spec.times.default', { self: 'x', other: 'w' }, ['y', ['b', 2]])],
  outputs: ['y'],
};

function valuesOf(stateDict: StateDict): Record<string, unknown> {
  return Object.fromEntries([...stateDict].map(([key, { dtype, data }]) => [key, [dtype, ...data]]));
}

describeEachBackend("a program's state_dict", () => {
  const warnings = collectWarnings();
  before(registerSpecOps);

  it('has parameters and persistent buffers in the dtypes of the model, floats as float32', async () => {
    const program = await readExportedProgram(programBytes(KINDS));
    expect(warnings).to.deep.equal([
      'readExportedProgram: The program computes in float64 ("fixed"), and here in float32.',
    ]);
    expect(valuesOf(await toStateDict(program))).to.deep.equal({
      'fc.weight': ['F32', 1, 2],
      fixed: ['F32', Math.fround(0.1), 4],
      ids: ['I64', 2n ** 30n + 1n, -6n],
      flags: ['BOOL', 1, 0],
    });
    expect(
      program.weights.map(({ originalName, dtype }) => [originalName.split('/')[1], dtype]),
    ).to.deep.equal([
      ['fc.weight', 'float32'],
      ['fixed', 'float32'],
      ['ids', 'int32'],
      ['flags', 'bool'],
      ['table', 'float32'],
      ['lifted_tensor_0', 'float32'],
    ]);
    program.dispose();
  });

  it('is loaded from any checkpoint of the model, integers exactly', async () => {
    const program = await readExportedProgram(programBytes(KINDS), { onWarnings: () => {} });
    const report = loadStateDict(
      program,
      new Map([
        ['module.fc.weight', { dtype: 'F32' as const, shape: [2], data: Float32Array.of(3, 4) }],
        ['module.fixed', { dtype: 'F64' as const, shape: [2], data: Float64Array.of(5, 6) }],
        ['module.ids', { dtype: 'I64' as const, shape: [2], data: BigInt64Array.of(2n ** 30n + 3n, 1n) }],
        ['module.flags', { dtype: 'BOOL' as const, shape: [2], data: Uint8Array.of(0, 1) }],
      ]),
    );
    expect(report.strippedPrefix).to.equal('module');
    expect(valuesOf(await toStateDict(program))).to.deep.equal({
      'fc.weight': ['F32', 3, 4],
      fixed: ['F32', 5, 6],
      ids: ['I64', 2n ** 30n + 3n, 1n],
      flags: ['BOOL', 0, 1],
    });
    program.dispose();
  });

  it('is loaded strictly, and not at all where a value does not fit', async () => {
    const program = await readExportedProgram(programBytes(KINDS), { onWarnings: () => {} });
    const before = await toStateDict(program);
    const changed = (key: string, value: StateDict extends Map<string, infer T> ? T : never) =>
      new Map([...before, [key, value]]);
    const scalar = { dtype: 'F32' as const, shape: [], data: new Float32Array(1) };
    expect(() => loadStateDict(program, changed('other', scalar))).to.throw(
      StateDictError,
      'Unexpected key(s)',
    );
    expect(() => loadStateDict(program, changed('fixed', scalar))).to.throw(StateDictError, 'size mismatch');
    const large = { dtype: 'I64' as const, shape: [2], data: BigInt64Array.of(2n ** 40n, 0n) };
    expect(() => loadStateDict(program, changed('ids', large))).to.throw(
      RangeError,
      'loadStateDict: tensor "ids": expected I64 values in the range of int32',
    );
    const without = new Map([...before].filter(([key]) => key !== 'flags'));
    expect(() => loadStateDict(program, without)).to.throw(
      StateDictError,
      'Missing key(s) in state_dict: "flags"',
    );
    expect(valuesOf(await toStateDict(program))).to.deep.equal(valuesOf(before));
    program.dispose();
  });

  it('has one variable for tied parameters, under each name', async () => {
    const program = await readProgram('tied');
    const state = await toStateDict(program);
    expect([...state.keys()]).to.have.members([...new Oracle('tied').named('after').keys()]);
    expect(program.weights.filter(({ shape }) => shape.join() === '6,4')).to.have.length(1);
    const other = { dtype: 'F32' as const, shape: [6, 4], data: new Float32Array(24).fill(2) };
    expect(() => loadStateDict(program, new Map([...state, ['out.weight', other]]))).to.throw(
      StateDictError,
      'embedding.weight',
    );
    loadStateDict(program, new Map([...state, ['out.weight', other], ['embedding.weight', other]]));
    expect((await toStateDict(program)).get('embedding.weight')?.data[0]).to.equal(2);
    program.dispose();
  });

  it('takes names that tfjs takes for no weight', async () => {
    const program = await readExportedProgram(
      programBytes({
        ...KINDS,
        stored: ['a b.w', 'a/b.w', 'ä.w', '_b.w'].map((name, i) => ({
          ...{ kind: 'parameter', name, tensor: [i === 0 ? 'w' : `w${i}`, [2]], values: [i, i] },
        })) as ProgramSpec['stored'] & object,
      }),
    );
    expect(valuesOf(await toStateDict(program))).to.deep.equal({
      'a b.w': ['F32', 0, 0],
      'a/b.w': ['F32', 1, 1],
      'ä.w': ['F32', 2, 2],
      '_b.w': ['F32', 3, 3],
    });
    expect(new Set(program.weights.map(({ originalName }) => originalName)).size).to.equal(4);
    program.dispose();
  });
});

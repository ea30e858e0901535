import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readExportedProgram } from '../../../src/program/index.js';
import {
  BOOL,
  type CallSpec,
  call,
  FLOAT32,
  INT64,
  programBytes,
  type TensorSpec,
} from '../../support/program-files.js';

const int = (name: string): TensorSpec => [name, ['n'], INT64];
const as = (dtype: number) => ({ as_scalar_type: dtype });
const twice = (self: string, name: string) =>
  call('aten.mul.Tensor', { self, other: { as_int: 2 } }, int(name));

/** What a program warns of where results lie on a device. */
async function warningsOf(input: TensorSpec, calls: readonly CallSpec[], output: string): Promise<string[]> {
  const backend = tf.backend() as { texData?: unknown };
  const warnings: string[] = [];
  const bytes = programBytes({ inputs: [input], calls, outputs: [output] });
  backend.texData = new Map();
  try {
    const program = await readExportedProgram(bytes, { onWarnings: (all) => void warnings.push(...all) });
    program.dispose();
  } finally {
    delete backend.texData;
  }
  return warnings;
}

describe('int64 on a device', () => {
  before(() => tf.setBackend('cpu'));

  it('is told once, with the first of the calls', async () => {
    expect(await warningsOf(int('x'), [twice('x', 'y'), twice('y', 'z')], 'z')).to.deep.equal([
      'The program computes in int64 (aten.mul.Tensor (model.py:3: torch.ops.aten.mul.Tensor()) and 1 others), and here in int32: cpu does not tell of results beyond it, as cpu and wasm do.',
    ]);
  });

  it('is told of floats that become integers', async () => {
    const cast = call('aten.to.dtype', { self: 'x', dtype: as(INT64) }, int('y'));
    expect(await warningsOf(['x', ['n'], FLOAT32], [cast], 'y')).to.have.length(1);
  });

  it('is not told of truth values that are counted, nor of what no input reaches', async () => {
    const sum = call('aten.sum.default', { self: 'x' }, ['y', [], INT64]);
    expect(await warningsOf(['x', ['n'], BOOL], [sum], 'y')).to.deep.equal([]);
    const steps = call('aten.arange.default', { end: { as_int: 3 }, dtype: as(INT64) }, ['a', [3], INT64]);
    const scaled = call('aten.mul.Tensor', { self: 'a', other: { as_int: 2 } }, ['b', [3], INT64]);
    expect(await warningsOf(int('x'), [steps, scaled], 'b')).to.deep.equal([]);
  });

  it('is not told where the host sees all', async () => {
    const bytes = programBytes({ inputs: [int('x')], calls: [twice('x', 'y')], outputs: ['y'] });
    const warnings: string[] = [];
    (await readExportedProgram(bytes, { onWarnings: (all) => void warnings.push(...all) })).dispose();
    expect(warnings).to.deep.equal([]);
  });
});

/** Graphs that are well formed, and whose calls do not fit the ops that they call. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readExportedProgram } from '../../../src/program/index.js';
import { type CallSpec, call, graph, programBytes } from '../../support/program-files.js';
import { registerSpecOps } from '../../support/program-ops.js';

const X = ['x', ['b', 2]] as const;

async function refusal(calls: readonly CallSpec[], outputs: readonly string[]): Promise<string> {
  try {
    (await readExportedProgram(programBytes({ inputs: [X], calls, outputs }))).dispose();
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}

describe('the plan of a program', () => {
  before(async () => {
    await tf.setBackend('cpu');
    registerSpecOps();
  });

  it('refuses outputs that an op or a graph does not return', async () => {
    const y = ['y', ['b', 2]] as const;
    const number = { as_sym_int: { as_name: 'n' } };
    const double = (...outputs: (typeof y | object)[]) =>
      call('spec.double.default', { self: 'x' }, ...outputs);
    const body = { as_graph: { name: 'g', graph: graph([['u', ['b', 2]]], [], ['u']) } };
    const graphCall = (...outputs: (typeof y | object)[]) =>
      call('higher_order.wrap_with_set_grad_enabled', { mode: { as_bool: false }, body, u: 'x' }, ...outputs);
    for (const outputs of [[], [y, ['z', ['b', 2]]], [number], [{ as_int: 3 }]])
      expect(await refusal([double(...outputs)], ['x'])).to.contain(
        'spec.double.default: expected outputs for (Tensor), got others',
      );
    expect(await refusal([call('spec.halves.default', { self: 'x' }, y)], ['x'])).to.contain(
      'expected outputs for (Tensor[]), got others',
    );
    for (const outputs of [[], [y, ['z', ['b', 2]]], [number]])
      expect(await refusal([graphCall(...outputs)], ['x'])).to.contain(
        `expected outputs for 1 results of its graph, got ${outputs.length} others`,
      );
    // Nothing uses a result.
    expect(await refusal([double({ as_none: true }), graphCall({ as_none: true })], ['x'])).to.equal('none');
  });

  it('refuses a write into a number, an argument twice, and a device in the place of a tensor', async () => {
    const size = call(
      'aten.sym_size.int',
      { self: 'x', dim: { as_int: 0 } },
      { as_sym_int: { as_name: 'n' } },
    );
    const write = call('spec.double_.default', { self: { as_sym_int: { as_name: 'n' } } }, ['y', []]);
    expect(await refusal([size, write], ['x'])).to.contain(
      'expected a tensor into which it writes, got another',
    );
    const device = call('spec.double.default', { self: { as_device: { type: 'cpu' } } }, ['y', ['b', 2]]);
    expect(await refusal([device], ['y'])).to.contain(
      'spec.double.default self: expected Tensor, got another',
    );
    const twice = await readExportedProgram(
      programBytes({
        inputs: [X],
        calls: [call('spec.double.default', { self: 'x' }, ['y', ['b', 2]])],
        outputs: ['y'],
        change: ({
          graph_module: {
            graph: { nodes },
          },
        }) => nodes[0].inputs.push(nodes[0].inputs[0]),
      }),
    ).catch((error) => error);
    expect(twice.message).to.contain('spec.double.default self: expected each argument once, got another');
  });

  it('refuses dtypes that tfjs has not in a graph inside of the graph too', async () => {
    const body = graph(
      [['u', ['b', 2]]],
      [call('spec.double.default', { self: 'u' }, ['v', ['b', 2], 6])],
      ['v'],
    );
    const inner = call(
      'higher_order.wrap_with_set_grad_enabled',
      { mode: { as_bool: false }, body: { as_graph: { name: 'g', graph: body } }, u: 'x' },
      ['y', ['b', 2]],
    );
    expect(await refusal([inner], ['y'])).to.contain('int64, int32 or bool, got v F16');
  });
});

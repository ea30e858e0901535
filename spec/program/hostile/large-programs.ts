/** Programs with many of one thing, by how many. */

import * as tf from '@tensorflow/tfjs';
import { registerOp, TorchProgram } from '../../../src/program/index.js';
import type { OpenedProgram } from '../../../src/program/layer/saved-program.js';
import type { StateDict } from '../../../src/state-dict/tensors/tensor.js';
import {
  type CallSpec,
  call,
  graph,
  INT64,
  type ProgramJson,
  type ProgramSpec,
  type TensorSpec,
} from '../../support/program-files.js';
import { registerSpecOps } from '../../support/program-ops.js';

/** Registers the ops of these programs. */
export function registerLargeOps(): void {
  registerSpecOps();
  registerOp('spec::first(Tensor[] tensors) -> Tensor', (tensors: tf.Tensor[]) => tensors[0] as tf.Tensor);
  registerOp('spec::copies(Tensor self, int count) -> Tensor[]', (self: tf.Tensor, count: number) =>
    Array.from({ length: count }, () => self.clone()),
  );
}

const SIZES = [2];
const X: TensorSpec = ['x', SIZES];

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

const names = (count: number, prefix = 'y') => times(count, (i) => `${prefix}${i}`);
const before = (i: number) => (i === 0 ? 'x' : `y${i - 1}`);
const double = (self: string, name: string): CallSpec => call('spec.double.default', { self }, [name, SIZES]);
const write = (self: string, name: string): CallSpec =>
  call('spec.plus_.default', { self, other: 'x' }, [name, SIZES]);
const view = (self: string, name: string): CallSpec => call('spec.same.default', { self }, [name, SIZES]);

/** The tensors of a list, whose sizes stand nowhere else. */
function listed(list: readonly string[]): (json: ProgramJson) => void {
  const { tensor_values } = graph(
    list.map((name): TensorSpec => [name, SIZES]),
    [],
    [],
  ) as ProgramJson;
  return (json) => Object.assign(json.graph_module.graph.tensor_values, tensor_values);
}

const node = (type: string, context: unknown, children_spec: readonly object[]) => ({
  type,
  context,
  children_spec,
});
const LEAF = { type: null, context: null, children_spec: [] };
const NO_KEYWORDS = node('builtins.dict', '[]', []);

function withArguments(json: ProgramJson, positional: readonly object[]): void {
  const [call] = json.graph_module.module_call_graph;
  call.signature.in_spec = JSON.stringify([
    1,
    node('builtins.tuple', 'null', [node('builtins.tuple', 'null', positional), NO_KEYWORDS]),
  ]);
}

/** A call of a graph of one tensor, without gradients. */
export function inner(name: string, body: ProgramJson | object): CallSpec {
  return call(
    'higher_order.wrap_with_set_grad_enabled',
    { mode: { as_bool: false }, body: { as_graph: { name: 'submod', graph: body } }, x: 'x' },
    [name, SIZES],
  );
}

export interface LargeProgram {
  readonly spec: ProgramSpec;
  /** The arguments of a call, each a tensor of two numbers. @default one */
  readonly call?: (tensor: () => tf.Tensor) => unknown[];
}

export const LARGE_PROGRAMS: Readonly<Record<string, (count: number) => LargeProgram>> = {
  'a chain of calls': (count) => ({
    spec: { inputs: [X], calls: times(count, (i) => double(before(i), `y${i}`)), outputs: [before(count)] },
  }),
  'calls of one tensor': (count) => ({
    spec: { inputs: [X], calls: names(count).map((name) => double('x', name)), outputs: ['y0'] },
  }),
  'results of one call': (count) => ({
    spec: {
      inputs: [X],
      calls: [
        call(
          'spec.copies.default',
          { self: 'x', count: { as_int: count } },
          { as_tensors: names(count).map((name) => ({ name })) },
        ),
      ],
      outputs: names(count),
      change: listed(names(count)),
    },
  }),
  'arguments in a list': (count) => ({
    spec: {
      inputs: [X],
      calls: [call('spec.first.default', { tensors: new Array(count).fill('x') }, ['y', SIZES])],
      outputs: ['y'],
    },
  }),
  'writes into a tensor': (count) => ({
    spec: {
      inputs: [X],
      calls: [double('x', 'y'), ...names(count, 'w').map((name) => write('y', name))],
      outputs: ['y', 'w0'],
    },
  }),
  'writes into a tensor that has as many views': (count) => ({
    spec: {
      inputs: [X],
      calls: [
        double('x', 'y'),
        ...names(count, 'v').map((name) => view('y', name)),
        ...names(count, 'w').map((name) => write('y', name)),
      ],
      outputs: ['y'],
    },
  }),
  'views of views': (count) => ({
    spec: {
      inputs: [X],
      calls: [...times(count, (i) => view(before(i), `y${i}`)), double(before(count), 'z')],
      outputs: ['z', before(count)],
    },
  }),
  'graphs in calls': (count) => ({
    spec: {
      inputs: [X],
      calls: names(count).map((name) => inner(name, graph([['u', SIZES]], [double('u', 'v')], ['v']))),
      outputs: ['y0'],
    },
  }),
  inputs: (count) => ({
    spec: {
      inputs: times(count, (i): TensorSpec => [`x${i}`, SIZES]),
      calls: [call('spec.first.default', { tensors: names(count, 'x') }, ['y', SIZES])],
      outputs: ['y'],
    },
    call: (tensor) => times(count, tensor),
  }),
  'members of an argument': (count) => ({
    spec: {
      inputs: times(count, (i): TensorSpec => [`x${i}`, SIZES]),
      calls: [],
      outputs: ['x0'],
      change: (json) =>
        withArguments(json, [
          node('builtins.dict', JSON.stringify(names(count, 'key')), new Array(count).fill(LEAF)),
        ]),
    },
    call: (tensor) => [Object.fromEntries(names(count, 'key').map((key) => [key, tensor()]))],
  }),
  'symbols and their ranges': (count) => ({
    spec: {
      inputs: times(count, (i): TensorSpec => [`x${i}`, [`s${i}`]]),
      calls: [],
      outputs: ['x0'],
      change: (json) => {
        json.range_constraints = Object.fromEntries(
          names(count, 's').map((name) => [name, { min_val: 1, max_val: 9 }]),
        );
      },
    },
    call: (tensor) => times(count, tensor),
  }),
  'arithmetic on sizes': (count) => ({
    spec: {
      inputs: [X],
      calls: [
        call('aten.sym_size.int', { self: 'x', dim: { as_int: 0 } }, { as_sym_int: { as_name: 'n0' } }),
        ...times(count, (i) => ({
          target: '_operator.add',
          inputs: { a: { as_sym_int: { as_name: `n${i}` } }, b: { as_sym_int: { as_int: 1 } } },
          outputs: [{ as_sym_int: { as_name: `n${i + 1}` } }],
        })),
        call(
          'aten.full.default',
          {
            size: { as_sym_ints: [{ as_int: 1 }] },
            fill_value: { as_sym_int: { as_name: `n${count}` } },
            dtype: { as_scalar_type: INT64 },
          },
          ['y', [1], INT64],
        ),
      ],
      outputs: ['y'],
    },
  }),
};

/** Makes a layer of a program, describes it, and calls it. */
export function callLarge(
  { call = (tensor) => [tensor()] }: LargeProgram,
  opened: OpenedProgram & { readonly tensors: StateDict },
): void {
  const program = new TorchProgram({ graph: [], ties: [] }, opened);
  program.describe();
  tf.tidy(() => {
    program.forward(...call(() => tf.tensor([1, 2])));
  });
  program.dispose();
}

/** A case of `op_cases.py` as a program of one call. */

import * as tf from '@tensorflow/tfjs';
import { decodeGraph } from '../../../src/program/graph/decode.js';
import { registerOp } from '../../../src/program/index.js';
import { tfDtype } from '../../../src/program/ops/shared/dtypes.js';
import { type Plan, planGraph } from '../../../src/program/run/plan.js';
import { Cursor } from '../../../src/state-dict/formats/program/cursor.js';
import type { Json } from '../../../src/state-dict/formats/program/json.js';
import type { TorchDtype, TorchTensor } from '../../../src/state-dict/tensors/tensor.js';

type Tensors = Readonly<Record<string, TorchTensor>>;

/** See the docstring of op_cases.py. */
export interface OpCase {
  readonly target: string;
  readonly inputs: readonly object[];
  readonly tensors: Tensors;
  readonly outputs: readonly Readonly<Record<string, unknown>>[];
  readonly expected: Tensors;
  readonly changed: Tensors;
  readonly weights: Tensors;
  readonly gradients: Tensors;
}

/** A result as the graph names it, and what it is where it is a number. */
interface Output {
  readonly argument: object;
  readonly number?: number | boolean;
}

/** Numbers of torch's dtypes in archives. */
const NUMBERS: Partial<Record<TorchDtype, number>> = {
  U8: 1,
  I8: 2,
  I16: 3,
  I32: 4,
  I64: 5,
  F16: 6,
  F32: 7,
  F64: 8,
  BOOL: 12,
};

/** A plan whose inputs are the case's tensors in their order. */
export function planOf(opCase: OpCase): Plan {
  const { target, inputs } = opCase;
  return planOfNodes(opCase, opCase.tensors, [{ target, inputs, outputs: argumentsOf(opCase) }]);
}

/** The same, where the call gets copies that nothing else needs: it may release them. */
export function planOfCopies(opCase: OpCase): Plan {
  registerCopy();
  const { target, tensors } = opCase;
  const copies = Object.keys(tensors).map((name) => ({
    target: COPY,
    inputs: [{ name: 'self', arg: { as_tensor: { name } } }],
    outputs: [{ as_tensor: copyOf(name) }],
  }));
  const metas = Object.entries(tensors).map(([name, meta]) => [copyOf(name).name, meta]);
  const call = { target, inputs: ofCopies(opCase.inputs), outputs: argumentsOf(opCase) };
  return planOfNodes(opCase, { ...tensors, ...Object.fromEntries(metas) }, [...copies, call]);
}

const copyOf = (name: string) => ({ name: `${name}.copy` });

/** A tensor is an object of its name alone. */
function ofCopies(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(ofCopies);
  const members = Object.entries(value);
  if (members.length === 1 && 'name' in value) return copyOf(String(value.name));
  return Object.fromEntries(members.map(([name, member]) => [name, ofCopies(member)]));
}

const COPY = 'torch.ops.spec.copy.default';
const registerCopy = () =>
  registerOp('spec::copy(Tensor self) -> Tensor', (self: tf.Tensor) =>
    tf.tensor(self.dataSync(), self.shape, self.dtype),
  );

const argumentsOf = (opCase: OpCase) => outputsOf(opCase).map(({ argument }) => argument);

function planOfNodes(opCase: OpCase, known: Tensors, nodes: readonly object[]): Plan {
  const { target, tensors, expected } = opCase;
  const given = Object.keys(tensors).map((name) => ({ as_tensor: { name } }));
  const metas = Object.entries({ ...known, ...expected }).map(([name, { dtype, shape }]) => [
    name,
    { dtype: NUMBERS[dtype], sizes: shape.map((size) => ({ as_int: size })), requires_grad: false },
  ]);
  const graph = {
    inputs: given,
    outputs: argumentsOf(opCase),
    nodes,
    tensor_values: Object.fromEntries(metas),
  };
  return planGraph(decodeGraph(new Cursor(toJson(graph), target)), target, new Set(Object.keys(tensors)));
}

/** Numbers that torch returns are values of the graph: `sym_size` and `item` return such. */
export function outputsOf({ outputs }: OpCase): Output[] {
  return outputs.map((output, i) => {
    const [[kind, value] = ['']] = Object.entries(output);
    if (kind.startsWith('as_tensor')) return { argument: output };
    return { argument: { as_sym_int: { as_name: `number.${i}` } }, number: value as number | boolean };
  });
}

function toJson(value: unknown): Json {
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return value as Json;
  return new Map(Object.entries(value).map(([name, member]) => [name, toJson(member)]));
}

/** int64 and float64 as the program has them. */
export function toTensor({ dtype, shape, data }: TorchTensor): tf.Tensor {
  return tf.tensor(numbersOf(data), [...shape], tfDtype(dtype));
}

export function numbersOf(data: TorchTensor['data']): number[] {
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

/** What people read of a program. */

import type { DataType } from '@tensorflow/tfjs-core';
import { namesIn } from '../graph/decode.js';
import type { UserInput, UserOutput } from '../graph/interface.js';
import type { Constant, Graph, TensorMeta } from '../graph/types.js';
import { tfDtype } from '../ops/shared/dtypes.js';

/** A tensor that a program takes or returns; a number or a constant has neither shape nor dtype. */
export interface ProgramOutput {
  /** Its path in the results: `0`, `logits`, `states.1`. */
  readonly name: string;
  /** Open sizes by the names of their symbols: `['s77', 's27', 64]`. */
  readonly shape?: readonly (number | string)[];
  readonly dtype?: DataType;
}

export interface ProgramInput extends ProgramOutput {
  /** The value of an argument that was no tensor when the model was exported: no other is taken. */
  readonly frozen?: Constant;
}

/** One call of the program, in the order in which they run. */
export interface ProgramCall {
  /** `aten.gru.input` */
  readonly target: string;
  /** Names of values, and constants. */
  readonly inputs: readonly string[];
  readonly outputs: readonly ProgramOutput[];
  /** The path of the module that made the call, and the line of Python, where the file tells them. */
  readonly module: string | undefined;
  readonly source: string | undefined;
}

export function describePort({ name, tensor }: UserOutput): ProgramOutput {
  return tensor === undefined ? { name } : { name, ...describeMeta(tensor) };
}

export function describeInput(input: UserInput): ProgramInput {
  return { ...describePort(input), ...('frozen' in input && { frozen: input.frozen as Constant }) };
}

function describeMeta({ shape, dtype }: TensorMeta): Pick<ProgramOutput, 'shape' | 'dtype'> {
  const sizes = shape.map((size) => (typeof size === 'number' ? size : size.symbol));
  return { shape: sizes, dtype: tfDtype(dtype) as DataType };
}

export function describeCalls({ nodes, tensors }: Graph): ProgramCall[] {
  return nodes.map(({ target, inputs, outputs, module, source }) => ({
    target,
    inputs: inputs.flatMap(({ argument }) =>
      argument.kind === 'constant' ? [String(argument.value)] : namesIn(argument),
    ),
    outputs: outputs.flatMap(namesIn).map((name) => describePort({ name, tensor: tensors.get(name) })),
    module,
    source,
  }));
}

/** What a program takes of its caller, what it gives back, and what it keeps. */

import { leafPaths } from './tree.js';
import type { Argument, Constant, Graph, InputSpec, Program, TensorMeta } from './types.js';

/** A tensor that the program keeps: a parameter, buffer or constant. */
export type StoredSpec = Extract<InputSpec, { kind: 'parameter' | 'buffer' | 'constant' }>;

/** A value that the caller gives. */
export interface UserInput {
  /** Its path in the arguments: `x`, `batch.mask`. */
  readonly name: string;
  /** Undefined for a number whose value was left open, and for one that was frozen. */
  readonly tensor: TensorMeta | undefined;
  /** What it was when the program was exported, where that is part of the program. */
  readonly frozen?: Constant;
}

export interface UserOutput {
  readonly name: string;
  readonly tensor: TensorMeta | undefined;
}

/** In the order of the leaves of the arguments. */
export function userInputs({ graph, inputs, call, argumentNames }: Program): UserInput[] {
  const paths = [
    ...leafPaths(call.positional, (i) => argumentNames[i] ?? String(i)),
    ...leafPaths(call.keywords),
  ].values();
  return inputs.flatMap((spec, i): UserInput[] => {
    if (isStoredSpec(spec)) return [];
    const frozen = spec.kind === 'frozen' && { frozen: spec.value };
    const tensor = metaOf(graph, graph.inputs[i] as Argument);
    return [{ name: paths.next().value as string, tensor, ...frozen }];
  });
}

/** In the order of the leaves of the results. */
export function userOutputs({ graph, outputs, call }: Program): UserOutput[] {
  const results = leafPaths(call.results).values();
  return outputs.flatMap((spec, i): UserOutput[] =>
    spec.kind === 'user'
      ? [{ name: results.next().value || '0', tensor: metaOf(graph, graph.outputs[i] as Argument) }]
      : [],
  );
}

/** What the graph says of each tensor that the program keeps, by its name in the model. */
export function storedMetas({ graph, inputs }: Program): [name: string, meta: TensorMeta][] {
  return inputs.flatMap((spec, i): [string, TensorMeta][] => {
    const meta = metaOf(graph, graph.inputs[i] as Argument);
    return isStoredSpec(spec) && meta !== undefined ? [[spec.name, meta]] : [];
  });
}

export function isStoredSpec(spec: InputSpec): spec is StoredSpec {
  return spec.kind !== 'user' && spec.kind !== 'frozen';
}

export function metaOf({ tensors }: Graph, argument: Argument): TensorMeta | undefined {
  return argument.kind === 'tensor' ? tensors.get(argument.name) : undefined;
}

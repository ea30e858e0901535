/** A program that is ready to be called with flat lists of values. */

import { Tensor } from '@tensorflow/tfjs-core';
import { message, show } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { namesIn } from '../graph/decode.js';
import { leafPaths } from '../graph/tree.js';
import type { Constant, InputSpec, Program, TensorMeta } from '../graph/types.js';
import type { Value } from '../ops/types.js';
import { type Plan, planGraph } from './plan.js';
import { type RunOptions, runPlan } from './run.js';
import { Sizes } from './sizes.js';

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

export interface ExecutableResult {
  readonly outputs: Value[];
  /** New values of buffers and parameters, by name. */
  readonly written: ReadonlyMap<string, Tensor>;
}

export class Executable {
  /** What the program keeps, each with its meta. */
  readonly stored: readonly { readonly spec: StoredSpec; readonly meta: TensorMeta }[];
  readonly inputs: readonly UserInput[];
  readonly outputs: readonly UserOutput[];
  private readonly plan: Plan;

  /** @throws UnsupportedError for a program with ops, dtypes or writes that are not supported. */
  constructor(
    private readonly where: string,
    private readonly program: Program,
  ) {
    const { graph, inputs, outputs, call, argumentNames } = program;
    if (inputs.length !== graph.inputs.length || outputs.length !== graph.outputs.length)
      throw new UnsupportedError(message(where, 'signature', 'an entry for each input and output', 'others'));
    this.plan = planGraph(graph, where);
    const metaOf = (i: number, list: Program['graph']['inputs']) => {
      const [name] = namesIn(list[i] as Program['graph']['inputs'][number]);
      return name === undefined ? undefined : graph.tensors.get(name);
    };
    this.stored = inputs.flatMap((spec, i) =>
      spec.kind === 'user' || spec.kind === 'frozen'
        ? []
        : [{ spec, meta: metaOf(i, graph.inputs) as TensorMeta }],
    );
    const paths = [
      ...leafPaths(call.positional, (i) => argumentNames[i] ?? String(i)),
      ...leafPaths(call.keywords),
    ];
    this.inputs = inputs.flatMap((spec, i): UserInput[] => {
      if (spec.kind !== 'user' && spec.kind !== 'frozen') return [];
      const frozen = spec.kind === 'frozen' && { frozen: spec.value };
      return [{ name: paths.shift() ?? String(i), tensor: metaOf(i, graph.inputs), ...frozen }];
    });
    const results = leafPaths(call.results);
    this.outputs = outputs.flatMap((spec, i): UserOutput[] =>
      spec.kind === 'user' ? [{ name: results.shift() || '0', tensor: metaOf(i, graph.outputs) }] : [],
    );
  }

  /**
   * Runs the program.
   *
   * @param user  a value for each of `inputs`.
   * @param read  the tensor of a parameter, buffer or constant; it stays the caller's.
   * @returns outputs and written values, which belong to the caller.
   * @throws RangeError for an input of other sizes or another frozen value than the program was exported with.
   */
  run(user: readonly Value[], read: (spec: StoredSpec) => Tensor, options: RunOptions): ExecutableResult {
    this.check(user);
    const given = user.values();
    const { inputs, outputs: specs } = this.program;
    const values = inputs.map((spec): Value => {
      if (spec.kind === 'user' || spec.kind === 'frozen') return given.next().value as Value;
      return read(spec);
    });
    const { outputs, written } = runPlan(this.plan, values, options);
    const byName = new Map<string, Tensor>();
    for (const [i, value] of written) {
      const spec = inputs[i] as InputSpec;
      if ('name' in spec) byName.set(spec.name, value);
      else value.dispose();
    }
    const results: Value[] = [];
    for (const [i, spec] of specs.entries()) {
      const value = outputs[i] as Value;
      if (spec.kind === 'user') results.push(value);
      else if (spec.kind === 'mutation') byName.set(spec.name, value as Tensor);
      else if (value instanceof Tensor) value.dispose();
    }
    return { outputs: results, written: byName };
  }

  private check(user: readonly Value[]): void {
    const sizes = new Sizes(this.where);
    for (const [i, { name, tensor, ...input }] of this.inputs.entries()) {
      const value = user[i];
      if (tensor) {
        if (!(value instanceof Tensor))
          throw new TypeError(message(this.where, name, 'a tensor', show(value)));
        sizes.check(name, value.shape, tensor);
      } else if ('frozen' in input && (value ?? null) !== input.frozen) {
        const remedy = 'It is part of the program: export the model again with the other value';
        throw new RangeError(message(this.where, name, show(input.frozen), show(value), remedy));
      }
    }
  }
}

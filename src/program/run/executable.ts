/** A program that is ready to be called with flat lists of values. */

import { dispose, Tensor } from '@tensorflow/tfjs-core';
import { message, shortened, show, showShape } from '../../check.js';
import { namesIn } from '../graph/decode.js';
import {
  isStoredSpec,
  metaOf,
  type StoredSpec,
  type UserInput,
  type UserOutput,
  userInputs,
  userOutputs,
} from '../graph/interface.js';
import type { Argument, Constant, InputSpec, Program, TensorMeta } from '../graph/types.js';
import { tfDtype } from '../ops/shared/dtypes.js';
import type { Value } from '../ops/types.js';
import { type Plan, planGraph } from './plan.js';
import { type RunOptions, runPlan } from './run.js';
import { Sizes } from './sizes.js';

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

  /**
   * @param where  opens messages about the program.
   * @throws UnsupportedError for a program with ops, dtypes or writes that are not supported.
   */
  constructor(
    where: string,
    private readonly program: Program,
  ) {
    const { graph, inputs } = program;
    const isStored = (i: number) => isStoredSpec(inputs[i] as InputSpec);
    const stored = new Set(graph.inputs.flatMap((input, i) => (isStored(i) ? namesIn(input) : [])));
    this.plan = planGraph(graph, where, stored);
    this.stored = inputs.flatMap((spec, i) =>
      isStoredSpec(spec) ? [{ spec, meta: metaOf(graph, graph.inputs[i] as Argument) as TensorMeta }] : [],
    );
    this.inputs = userInputs(program);
    this.outputs = userOutputs(program);
  }

  /**
   * Runs the program.
   *
   * @param where  opens messages about the call.
   * @param user  a value for each of `inputs`; undefined takes a frozen one.
   * @param read  the tensor of a parameter, buffer or constant; it stays the caller's.
   * @returns outputs and written values, which belong to the caller.
   * @throws RangeError for an input of other sizes or another frozen value than the program was exported with; TypeError for one of
   *   another type or dtype.
   */
  run(
    where: string,
    user: readonly (Value | undefined)[],
    read: (spec: StoredSpec) => Tensor,
    options: RunOptions,
  ): ExecutableResult {
    const given = this.resolve(where, user).values();
    const { inputs, outputs: specs } = this.program;
    const values = inputs.map((spec): Value => {
      return isStoredSpec(spec) ? read(spec) : (given.next().value as Value);
    });
    const { outputs, written } = runPlan(this.plan, values, options);
    const byName = new Map<string, Tensor>();
    const keep = (name: string, value: Tensor) => {
      // A call may have written into a buffer whose new value the graph returns too.
      byName.get(name)?.dispose();
      byName.set(name, value);
    };
    for (const [i, value] of written) {
      const spec = inputs[i] as InputSpec;
      if ('name' in spec) keep(spec.name, value);
      else value.dispose();
    }
    const results: Value[] = [];
    for (const [i, spec] of specs.entries()) {
      const value = outputs[i] as Value;
      if (spec.kind === 'user') results.push(value);
      else if (spec.kind === 'mutation') keep(spec.name, value as Tensor);
      else if (value instanceof Tensor) value.dispose();
    }
    this.checkWritten(where, byName, results);
    return { outputs: results, written: byName };
  }

  /** A buffer keeps its sizes. */
  private checkWritten(where: string, written: ReadonlyMap<string, Tensor>, results: readonly Value[]): void {
    for (const { spec, meta } of this.stored) {
      const value = written.get(spec.name);
      if (value === undefined) continue;
      const shape = meta.shape as readonly number[];
      if (value.dtype === tfDtype(meta.dtype) && value.shape.join() === shape.join()) continue;
      dispose([...written.values(), ...(results as Tensor[])]);
      const rule = `a new value of ${tfDtype(meta.dtype)} ${showShape(shape)}`;
      const got = `${value.dtype} ${showShape(value.shape)}`;
      throw new RangeError(message(where, `tensor ${show(spec.name)}`, rule, got));
    }
  }

  /** The values of a call, checked, with frozen ones where they are left out. */
  private resolve(where: string, user: readonly (Value | undefined)[]): Value[] {
    const sizes = new Sizes(where, this.program.ranges);
    return this.inputs.map((input, i) => {
      const { tensor } = input;
      const name = shortened(input.name);
      const value = user[i];
      if (tensor) return checkedTensor(where, name, tensor, value, sizes);
      if (!('frozen' in input)) return checkedNumber(where, name, value);
      const frozen = input.frozen as Constant;
      if (value === undefined || value === frozen) return frozen;
      const remedy = 'It is part of the program: export the model again with the other value';
      throw new RangeError(message(where, name, show(frozen), show(value), remedy));
    });
  }
}

function checkedTensor(
  where: string,
  name: string,
  meta: TensorMeta,
  value: Value | undefined,
  sizes: Sizes,
): Tensor {
  if (!(value instanceof Tensor)) throw new TypeError(message(where, name, 'a tensor', show(value)));
  if (value.isDisposed) throw new RangeError(message(where, name, 'a live tensor', 'a disposed one'));
  const dtype = tfDtype(meta.dtype);
  if (value.dtype !== dtype) {
    const remedy =
      dtype === 'float32' || dtype === 'int32' ? `tf.cast(${name}, '${dtype}') converts it` : undefined;
    throw new TypeError(message(where, name, `dtype ${dtype}`, value.dtype, remedy));
  }
  sizes.check(name, value.shape, meta);
  return value;
}

function checkedNumber(where: string, name: string, value: Value | undefined): Value {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  throw new TypeError(message(where, name, 'a number', show(value)));
}

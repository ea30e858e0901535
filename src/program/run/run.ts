/** Runs a plan: the calls in their order, on tensors of tfjs. */

import { type DataId, Tensor, tidy, util } from '@tensorflow/tfjs-core';
import { message, show } from '../../check.js';
import { lending } from '../../nn/in-turn.js';
import type { TorchDtype } from '../../state-dict/tensors/tensor.js';
import { share } from '../../tfjs-internals/data.js';
import { liveTape } from '../../tfjs-internals/tape.js';
import type { Argument } from '../graph/types.js';
import type { Value } from '../ops/types.js';
import { describeNode, type Plan, type Source, type Step, type Target } from './plan.js';

export interface RunOptions {
  /** Whether calls that were exported for training run as in training. */
  readonly isTraining: boolean;
  /** Bytes of the tensors that calls make and that are needed at one time. @default any number */
  readonly maxTensorBytes?: number;
}

export interface RunResult {
  readonly outputs: Value[];
  /** New values of inputs that a call has written into, by the index of the input. */
  readonly written: Map<number, Tensor>;
}

/**
 * Runs a plan. Tensors that it makes are disposed at their last use; outputs and written values belong to the caller. Inputs are never
 * changed nor disposed, and an input that is returned is returned as a copy.
 */
export function runPlan(plan: Plan, inputs: readonly Value[], options: RunOptions): RunResult {
  const run = new Run(plan, inputs, options);
  try {
    return run.run();
  } catch (error) {
    run.disposeAll();
    throw error;
  }
}

type OpStep = Extract<Step, { kind: 'op' }>;

class Run {
  private readonly values: (Value | undefined)[];
  /** How many places hold a tensor that was made here. */
  private readonly holders = new Map<Tensor, number>();
  /** How many of them have the same data. */
  private readonly shares = new Map<DataId, number>();
  /** Bytes of these data. */
  private bytes = 0;
  private readonly given: ReadonlySet<Value>;
  private readonly maxTensorBytes: number;

  constructor(
    private readonly plan: Plan,
    private readonly inputs: readonly Value[],
    private readonly options: RunOptions,
  ) {
    this.values = new Array(plan.places);
    this.maxTensorBytes = options.maxTensorBytes ?? Number.POSITIVE_INFINITY;
    this.given = new Set(inputs.flat() as Value[]);
    for (const [i, input] of inputs.entries()) this.store(plan.inputs[i], input);
  }

  run(): RunResult {
    for (const step of this.plan.steps) {
      this.runStep(step);
      for (const place of step.freed) this.free(place);
    }
    const written = new Map<number, Tensor>();
    for (const [i, target] of this.plan.inputs.entries()) {
      if (typeof target !== 'number') continue;
      const value = this.values[this.plan.written.get(target) ?? target];
      // The new value may be another input: that of `copy_`.
      if (value instanceof Tensor && value !== this.inputs[i]) written.set(i, this.take(value) as Tensor);
    }
    const outputs = this.plan.outputs.map((output) => this.take(this.read(output)));
    this.disposeAll();
    return { outputs, written };
  }

  private runStep(step: Step): void {
    const args = step.sources.map((source) => this.read(source));
    let results: readonly Value[];
    if (step.kind === 'number') results = [step.run(...(args as number[]))];
    else if (step.kind === 'graph') results = this.runGraph(step, args);
    else results = this.runOp(step, args);
    for (const [i, output] of step.node.outputs.entries())
      if (!isKind(output, results[i])) {
        this.store(undefined, results);
        const rule = `a ${output.kind} as result ${i}`;
        throw new RangeError(message(step.where, describeNode(step.node), rule, shown(results[i])));
      }
    for (const [i, target] of step.targets.entries()) this.store(target, results[i] as Value);
    // An op may return more than its signature says.
    this.store(undefined, results.slice(step.targets.length));
    this.checkRoom(step);
  }

  private runOp(step: OpStep, args: readonly Value[]): readonly Value[] {
    const { dtypes, argumentDtypes, where, sources, targets } = step;
    const { isTraining } = this.options;
    const assigned = new Map<number, Tensor>();
    const assign = (argument: number, value: Tensor) => void assigned.set(argument, value);
    const call = { dtypes, dtype: dtypes[0], argumentDtypes, isTraining, where, assign };
    const run = () => {
      this.checkAsked(step, args, call);
      return (step.run as (...all: unknown[]) => Value)(...args, call);
    };
    const [result, ...values] = lending(this.lentBy(step), () =>
      tidy(() => [withoutGradients(told(step, run)) as Tensor, ...assigned.values()]),
    );
    for (const [i, argument] of [...assigned.keys()].entries())
      this.replace(sources[argument], values[i] as Tensor);
    const isOne = targets.length === 1 || !Array.isArray(result);
    return isOne ? [result as Value] : (result as unknown as readonly Value[]);
  }

  /** Refuses a call whose arguments ask for more than there is room for. */
  private checkAsked(step: OpStep, args: readonly Value[], call: object): void {
    if (step.count === undefined) return;
    this.checkRoom(step, (step.count as (...all: unknown[]) => number)(...args, call), step.dtypes[0]);
  }

  /** @param elements those that a step is about to make, if they are known. */
  private checkRoom({ where, node }: Step, elements = 0, dtype?: TorchDtype): void {
    const { maxTensorBytes } = this;
    // A number that is not known to be too large passes: the op says what is wrong with its arguments.
    const asked = elements * bytesPerElement(dtype);
    if (!(this.bytes + asked > maxTensorBytes)) return;
    const rule = `tensors of at most ${maxTensorBytes} bytes at a time`;
    const held = `${this.bytes} of tensors that are needed still`;
    const got = elements === 0 ? held : `${asked} for ${elements} elements beside ${held}`;
    const remedy = 'Raise limits.maxTensorBytes of readExportedProgram to run it';
    throw new RangeError(message(where, describeNode(node), rule, got, remedy));
  }

  /** The arguments that nothing needs after a step; none while a tape records, whose gradients may need them. */
  private lentBy({ lent }: Step): Tensor[] {
    if (lent.length === 0 || liveTape() !== undefined) return [];
    const values = lent.map((place) => this.values[place] as Tensor);
    return values.filter((value) => this.holders.get(value) === 1);
  }

  private runGraph(step: Extract<Step, { kind: 'graph' }>, args: readonly Value[]): readonly Value[] {
    const maxTensorBytes = this.maxTensorBytes - this.bytes;
    const { outputs, written } = runPlan(step.plan, args, { ...this.options, maxTensorBytes });
    const detached = step.hasGradients ? outputs : outputs.map(detach);
    for (const [i, value] of written)
      this.replace(step.sources[i], step.hasGradients ? value : (detach(value) as Tensor));
    return step.node.isSingle || step.targets.length > 1 || !Array.isArray(step.targets[0])
      ? detached
      : [detached];
  }

  /** Has a value that a call has made stand in the place of its argument. */
  private replace(source: Source | undefined, value: Tensor): void {
    if (source?.kind !== 'place') {
      value.dispose();
      return;
    }
    this.free(source.place);
    this.store(source.place, value);
  }

  private read(source: Source): Value {
    if (source.kind === 'place') return this.values[source.place] as Value;
    return source.kind === 'list' ? source.items.map((item) => this.read(item)) : source.value;
  }

  private store(target: Target, value: Value): void {
    if (target === undefined) {
      for (const tensor of tensorsIn(value))
        if (!this.given.has(tensor) && !this.holders.has(tensor)) tensor.dispose();
    } else if (typeof target === 'number') {
      this.values[target] = value;
      this.hold(value);
    } else
      for (const [i, place] of target.entries()) this.store(place, (value as readonly Value[])[i] as Value);
  }

  private hold(value: Value): void {
    if (!(value instanceof Tensor) || this.given.has(value)) return;
    const holders = this.holders.get(value) ?? 0;
    this.holders.set(value, holders + 1);
    if (holders === 0) this.share(value, 1);
  }

  /** Counts a tensor among those that have its data, or out of them. */
  private share({ dataId, dtype, size }: Tensor, by: 1 | -1): void {
    const before = this.shares.get(dataId) ?? 0;
    const after = before + by;
    if (after === 0) this.shares.delete(dataId);
    else this.shares.set(dataId, after);
    if (before === 0 || after === 0) this.bytes += by * size * util.bytesPerElement(dtype);
  }

  private free(place: number): void {
    const value = this.values[place];
    this.values[place] = undefined;
    if (!(value instanceof Tensor)) return;
    const holders = this.holders.get(value);
    if (holders === undefined) return;
    if (holders > 1) this.holders.set(value, holders - 1);
    else {
      this.holders.delete(value);
      this.share(value, -1);
      value.dispose();
    }
  }

  /** Hands a value to the caller: a tensor that was made here as it is once, and else copies. */
  private take(value: Value): Value {
    if (Array.isArray(value)) return (value as readonly Value[]).map((item) => this.take(item));
    if (!(value instanceof Tensor)) return value;
    return this.holders.delete(value) ? value : value.clone();
  }

  /** Disposes every tensor that is still held here. */
  disposeAll(): void {
    for (const tensor of this.holders.keys()) tensor.dispose();
    this.holders.clear();
  }
}

function bytesPerElement(dtype: TorchDtype | undefined): number {
  return dtype === 'BOOL' ? 1 : 4;
}

/** Whether a value is what a graph says of a result. */
function isKind(output: Argument, value: Value | undefined): boolean {
  switch (output.kind) {
    case 'tensor':
      return value instanceof Tensor && !value.isDisposed;
    case 'number':
      return typeof value === 'number' || typeof value === 'boolean';
    case 'list':
      return (
        Array.isArray(value) &&
        value.length === output.items.length &&
        output.items.every((item, i) => isKind(item, value[i]))
      );
    default:
      return true;
  }
}

function shown(value: Value | undefined): string {
  return value instanceof Tensor && value.isDisposed ? 'a disposed tensor' : show(value);
}

/** The form of this package's messages. */
const TOLD = /: expected .+, got /s;

/** Runs an op, and says in an error of tfjs, which has no names, which call it is about. */
function told<T>({ where, node, isTaught }: OpStep, run: () => T): T {
  try {
    return run();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    if (TOLD.test(text) || text.startsWith(`${where}: `)) throw error;
    if (isTaught) throw new Error(`${where}: ${describeNode(node)}: ${text}`, { cause: error });
    throw new RangeError(message(where, describeNode(node), 'arguments that it takes', text), {
      cause: error,
    });
  }
}

function tensorsIn(value: Value): readonly Tensor[] {
  if (value instanceof Tensor) return [value];
  return Array.isArray(value) ? (value as readonly Value[]).flatMap(tensorsIn) : [];
}

/** Results whose dtypes have no gradient, taken off the tape: tfjs has none for comparisons, and a path through one fails. */
function withoutGradients(result: Value): Value {
  if (liveTape() === undefined) return result;
  const take = (value: Value) =>
    value instanceof Tensor && value.dtype !== 'float32' ? share(value) : value;
  return Array.isArray(result) ? (result as readonly Value[]).map(take) : take(result);
}

/** The same values on no tape: torch's `no_grad`. It disposes the tensor that it gets. */
function detach(value: Value): Value {
  if (!(value instanceof Tensor)) return value;
  const detached = share(value);
  value.dispose();
  return detached;
}

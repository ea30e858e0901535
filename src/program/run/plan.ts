/**
 * A graph made ready to run: each call with its op, its arguments as places in a list of values, and the values that nothing needs
 * after it. Everything that can be wrong with a graph is found here, before anything runs.
 */

import { message, shortened, show } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { addTo } from '../../matching/add-to.js';
import type { TorchDtype } from '../../state-dict/tensors/tensor.js';
import { namesIn } from '../graph/decode.js';
import type { Argument, Graph, GraphNode } from '../graph/types.js';
import { fillsWithExtreme, inInt64, withoutExtremes } from '../ops/calls/int64.js';
import type { Count } from '../ops/calls/made.js';
import { NUMBERS, type NumberFunction } from '../ops/calls/numbers.js';
import { fitsReturns, isNone, isNumber, orderArguments } from '../ops/calls/schema.js';
import { findOp, type Resolved } from '../ops/table.js';
import type { OpFunction, Value } from '../ops/types.js';
import { Aliases } from './aliases.js';
import { allNodes, GRAD_MODE, refuseUnsupported } from './unsupported.js';

/** An argument of a step: a value that is known, a place in the list of values, or a list of both. */
export type Source =
  | { readonly kind: 'value'; readonly value: Value | TorchDtype }
  | { readonly kind: 'place'; readonly place: number }
  | { readonly kind: 'list'; readonly items: readonly Source[] };

/** Where results go: a place, or a list of them; undefined where nothing uses a result. */
export type Target = number | readonly number[] | undefined;

interface StepBase {
  readonly node: GraphNode;
  /** Opens messages. */
  readonly where: string;
  readonly sources: readonly Source[];
  readonly targets: readonly Target[];
  /** Places whose values nothing needs after this step. */
  readonly freed: readonly number[];
  /** Those of them that are an argument once: an op may dispose their values before it is over. */
  readonly lent: readonly number[];
}

export type Step =
  | (StepBase & {
      readonly kind: 'op';
      readonly run: OpFunction;
      readonly count: Count | undefined;
      /** Whether a user has taught the op. */
      readonly isTaught: boolean;
      readonly dtypes: readonly (TorchDtype | undefined)[];
      readonly argumentDtypes: readonly (TorchDtype | undefined)[];
    })
  | (StepBase & { readonly kind: 'number'; readonly run: NumberFunction })
  /** A graph that runs without gradients, or with. */
  | (StepBase & { readonly kind: 'graph'; readonly plan: Plan; readonly hasGradients: boolean });

export interface Plan {
  /** How many values there are in all. */
  readonly places: number;
  readonly inputs: readonly Target[];
  readonly steps: readonly Step[];
  readonly outputs: readonly Source[];
  /** The place that holds an input at the end, where a call has written into it: the place of the input to that of its last value. */
  readonly written: ReadonlyMap<number, number>;
}

/** What to run in Python about a call that writes into a tensor which others see. */
const DECOMPOSE = 'Save exported.run_decompositions({}), in which no call writes into a tensor';
/** torch's decompositions let gradients pass through `torch.no_grad()`. */
const NO_WRITE =
  'Make a new tensor in Python in place of the write (torch.stack, torch.where). exported.run_decompositions({}) makes one too, but its gradients pass through torch.no_grad()';

/**
 * Makes a plan.
 *
 * @param where  opens messages.
 * @param kept  the inputs whose new values count when a call has written into them: a caller's own tensor is never changed.
 * @throws UnsupportedError with all targets that are missing, how often each occurs and where; for a call that writes into a tensor
 *   of which another call sees a part; for dtypes that tfjs has not.
 */
export function planGraph(graph: Graph, where: string, kept: ReadonlySet<string> = new Set()): Plan {
  refuseUnsupported(graph, where);
  const stopsGradients = [...allNodes(graph)].some(({ target }) => target === GRAD_MODE);
  return new Planner(graph, where, kept, stopsGradients ? NO_WRITE : DECOMPOSE).plan();
}

class Planner {
  private readonly places = new Map<string, number>();
  /** The value that stands for a name since a call has written into it. */
  private readonly current = new Map<string, string>();
  private readonly aliases = new Aliases((name) => this.lastUses.get(name) ?? -1);
  /** The index of the last node that uses each value, under any name; outputs are used behind all, and so are inputs that are kept. */
  private readonly lastUses: Map<string, number>;
  private count = 0;
  /** Whether a call so far fills a tensor with an extreme of int64. */
  private hasExtremes = false;

  constructor(
    private readonly graph: Graph,
    private readonly where: string,
    private readonly kept: ReadonlySet<string>,
    private readonly remedy: string,
  ) {
    this.lastUses = this.findLastUses();
  }

  plan(): Plan {
    const { graph } = this;
    const inputs = graph.inputs.map((input) => this.target(input));
    const steps = graph.nodes.map((node, i) => this.step(node, i));
    const outputs = graph.outputs.map((output) => this.source(output));
    const written = new Map<number, number>();
    for (const input of graph.inputs)
      for (const name of namesIn(input)) {
        const last = this.resolve(name);
        if (last !== name) written.set(this.place(name), this.place(last));
      }
    return {
      places: this.count,
      inputs,
      steps: withFrees(steps, inputs, outputs, written),
      outputs,
      written,
    };
  }

  private findLastUses(): Map<string, number> {
    const last = new Map<string, number>();
    for (const [i, { inputs }] of this.graph.nodes.entries())
      for (const { argument } of inputs) for (const name of namesIn(argument)) last.set(name, i);
    for (const output of this.graph.outputs)
      for (const name of namesIn(output)) last.set(name, Number.POSITIVE_INFINITY);
    for (const name of this.kept) last.set(name, Number.POSITIVE_INFINITY);
    return last;
  }

  private step(node: GraphNode, index: number): Step {
    const number = NUMBERS.get(node.target);
    const where = `${this.where}: ${node.name}`;
    const base = { node, where, freed: [], lent: [] };
    if (number) {
      this.refuseOthers(node, number.length);
      const sources = node.inputs.map(({ argument }) => this.source(argument));
      return { ...base, kind: 'number', run: number, sources, targets: this.targets(node) };
    }
    if (node.target === GRAD_MODE) return this.graphStep(node, index);
    const op = findOp(node.target) as Resolved;
    const isOut = ({ name }: { readonly name: string }) => op.written === 'out' && name === 'out';
    const ordered = orderArguments(
      op.signature,
      node.inputs.filter((input) => !isOut(input)),
    );
    if ('rule' in ordered) {
      const what = `${node.target} ${shortened(ordered.name)}`;
      throw new UnsupportedError(message(where, what, ordered.rule, 'another'));
    }
    if (!fitsReturns(op.signature, node.outputs)) {
      const rule = `outputs for (${op.signature.returns.join(', ')})`;
      throw new UnsupportedError(message(where, node.target, rule, 'others'));
    }
    const sources = ordered.map((argument) => this.source(argument));
    const argumentDtypes = ordered.map((argument) => this.dtypeOf(argument));
    const targets = this.targets(node);
    const results = node.outputs.flatMap(namesIn);
    if (op.written) {
      const into = op.written === 'out' ? node.inputs.find(isOut)?.argument : ordered[0];
      const [output] = node.outputs;
      if (into?.kind !== 'tensor' || output?.kind !== 'tensor')
        throw new UnsupportedError(message(where, node.target, 'a tensor into which it writes', 'another'));
      this.refuseSeen(node, into.name, index);
      this.write(into.name, output.name);
    } else if (op.signature.isView || RETURNS_ARGUMENT.test(node.target))
      this.aliases.join([...results, ...ordered.flatMap(namesIn).map((name) => this.resolve(name))]);
    const dtypes = node.outputs.map((output) => this.dtypeOf(output));
    const run = [...argumentDtypes, ...dtypes].includes('I64')
      ? this.inInt64(op, node, sources, dtypes[0])
      : op.run;
    const { isTaught = false, count } = op;
    return { ...base, kind: 'op', run, count, isTaught, sources, targets, dtypes, argumentDtypes };
  }

  /** An op that takes or gives int64, with what has to be refused. */
  private inInt64(
    { signature, run }: Resolved,
    node: GraphNode,
    sources: readonly Source[],
    dtype: TorchDtype | undefined,
  ): OpFunction {
    const place = { where: `${this.where}: ${node.name}`, what: describeNode(node) };
    const constants = sources.map((source) => (source.kind === 'value' ? source.value : null));
    const checked = dtype === 'I64' ? inInt64(signature, run, place, constants) : run;
    const all = this.hasExtremes ? withoutExtremes(signature, checked, place) : checked;
    if (dtype === 'I64' && fillsWithExtreme(signature, constants)) this.hasExtremes = true;
    return all;
  }

  /** Arithmetic on sizes takes numbers and makes one. */
  private refuseOthers(node: GraphNode, count: number): void {
    const isSound =
      node.inputs.length === count &&
      node.inputs.every(({ argument }) => isNumber(argument)) &&
      node.outputs.length === 1 &&
      node.outputs.every((output) => output.kind === 'number' || isNone(output));
    if (isSound) return;
    const rule = `${count} ${count === 1 ? 'number' : 'numbers'} for one`;
    throw new UnsupportedError(message(`${this.where}: ${node.name}`, node.target, rule, 'others'));
  }

  /** A call that writes into a tensor gives a new one, where nothing else sees the old one. */
  private refuseSeen(node: GraphNode, name: string, index: number): void {
    const seen = this.aliases.seenAfter(this.resolve(name), index);
    if (seen === undefined) return;
    const what = describeNode(node);
    const got = `${show(name)}, of which ${show(seen)} is a view or the whole`;
    throw new UnsupportedError(
      message(`${this.where}: ${node.name}`, what, 'a tensor that no other call sees', got, this.remedy),
    );
  }

  /** Has `result` stand for a tensor from here on. No view of the old one is used any more. */
  private write(name: string, result: string): void {
    const current = this.resolve(name);
    this.current.set(current, result);
    const last = Math.max(this.lastUses.get(current) ?? -1, this.lastUses.get(result) ?? -1);
    this.lastUses.set(result, last);
  }

  /** What the graph writes into tensors from outside of it stands in their places afterwards. */
  private graphStep(node: GraphNode, index: number): Step {
    const [mode, body, ...rest] = node.inputs.map(({ argument }) => argument);
    if (mode?.kind !== 'constant' || typeof mode.value !== 'boolean' || body?.kind !== 'graph')
      throw new UnsupportedError(message(this.where, node.target, 'a mode and a graph', 'others'));
    const sources = rest.map((argument) => this.source(argument));
    const { graph } = body;
    const where = `${this.where}: ${node.name}`;
    const refuse = (rule: string, got: string) => {
      throw new UnsupportedError(message(where, node.target, rule, got));
    };
    if (graph.inputs.length !== rest.length || !graph.inputs.every((input, i) => takes(input, rest[i])))
      refuse(`${graph.inputs.length} arguments, as its graph takes them`, `${rest.length} others`);
    const results = resultsOf(node);
    if (
      graph.outputs.length !== results.length ||
      !graph.outputs.every((output, i) => gives(output, results[i]))
    )
      refuse(`outputs for ${graph.outputs.length} results of its graph`, `${results.length} others`);
    const planner = new Planner(graph, where, new Set(graph.inputs.flatMap(namesIn)), this.remedy);
    planner.hasExtremes = this.hasExtremes;
    const plan = planner.plan();
    this.hasExtremes = planner.hasExtremes;
    for (const [i, target] of plan.inputs.entries()) {
      if (typeof target !== 'number' || !plan.written.has(target)) continue;
      for (const name of namesIn(rest[i] as Argument)) this.refuseSeen(node, name, index);
    }
    this.joinResults(node, graph, rest, planner);
    const targets = this.targets(node);
    return {
      kind: 'graph',
      node,
      where,
      freed: [],
      lent: [],
      sources,
      targets,
      plan,
      hasGradients: mode.value,
    };
  }

  /** What a graph returns may be what it was given, or a view of it. */
  private joinResults(node: GraphNode, graph: Graph, given: readonly Argument[], inner: Planner): void {
    const byGroup = new Map<string, string[]>();
    const add = (argument: Argument, names: readonly string[]) => {
      for (const name of namesIn(argument)) for (const each of names) addTo(byGroup, inner.group(name), each);
    };
    for (const [i, input] of graph.inputs.entries())
      add(
        input,
        namesIn(given[i] as Argument).map((name) => this.resolve(name)),
      );
    const results = resultsOf(node);
    for (const [i, output] of graph.outputs.entries()) add(output, namesIn(results[i] as Argument));
    for (const names of byGroup.values()) this.aliases.join(names);
  }

  /** Of the values that may share their elements with one, under its last name. */
  private group(name: string): string {
    return this.aliases.rootOf(this.resolve(name));
  }

  private targets({ outputs }: GraphNode): Target[] {
    return outputs.map((output) => this.target(output));
  }

  private target(argument: Argument): Target {
    if (argument.kind === 'list') return argument.items.map((item) => this.target(item) as number);
    const [name] = namesIn(argument);
    if (name === undefined) return undefined;
    this.places.set(name, this.count);
    return this.count++;
  }

  private source(argument: Argument): Source {
    switch (argument.kind) {
      case 'tensor':
      case 'number':
        return { kind: 'place', place: this.place(this.resolve(argument.name)) };
      case 'list':
        return { kind: 'list', items: argument.items.map((item) => this.source(item)) };
      case 'constant':
        return { kind: 'value', value: argument.value };
      case 'dtype':
        return { kind: 'value', value: argument.dtype };
      default:
        return { kind: 'value', value: null };
    }
  }

  private resolve(name: string): string {
    let resolved = name;
    for (let next = this.current.get(resolved); next !== undefined; next = this.current.get(resolved))
      resolved = next;
    // The next search is short, from each name on the way.
    for (let next = name; next !== resolved; ) {
      const following = this.current.get(next) as string;
      this.current.set(next, resolved);
      next = following;
    }
    return resolved;
  }

  private place(name: string): number {
    return this.places.get(name) as number;
  }

  private dtypeOf(argument: Argument): TorchDtype | undefined {
    const [name] = namesIn(argument);
    return name === undefined ? undefined : this.graph.tensors.get(name)?.dtype;
  }
}

/** An op, and the line of Python that calls it. */
export function describeNode({ target, source }: GraphNode): string {
  return `${target}${source ? ` (${source})` : ''}`;
}

/** What a graph returns stands in one list, or each value by itself. */
function resultsOf({ outputs }: GraphNode): readonly Argument[] {
  const [first] = outputs;
  return outputs.length === 1 && first?.kind === 'list' ? first.items : outputs;
}

/** Whether a value that a graph returns may become a result; none stands where nothing uses it. */
function gives(output: Argument, result: Argument | undefined): boolean {
  if (result === undefined) return false;
  return isNone(result) || takes(result, output);
}

/** Whether an input of a graph may be given an argument. */
function takes(input: Argument, argument: Argument | undefined): boolean {
  if (argument === undefined) return false;
  return input.kind === 'number' ? isNumber(argument) : input.kind === argument.kind && input.kind !== 'list';
}

/** These may return an argument or a view of one, though their signatures do not say so: dropout in evaluation. */
const RETURNS_ARGUMENT =
  /^aten\.((feature_|alpha_)?dropout|atleast_\dd|broadcast_tensors|meshgrid|cartesian_prod)\./;

function placesIn(source: Source): readonly number[] {
  if (source.kind === 'place') return [source.place];
  return source.kind === 'list' ? source.items.flatMap(placesIn) : [];
}

/** Has each step free what nothing needs after it: also its own results that nobody uses. Inputs and outputs stay. */
function withFrees(
  steps: readonly Step[],
  inputs: readonly Target[],
  outputs: readonly Source[],
  written: ReadonlyMap<number, number>,
): Step[] {
  const kept = new Set([...inputs.flat(), ...outputs.flatMap(placesIn), ...written.values()]);
  const freed: number[][] = steps.map(() => []);
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i] as Step;
    const own = step.targets.flat().filter((place) => place !== undefined);
    for (const place of [...step.sources.flatMap(placesIn), ...own]) {
      if (kept.has(place)) continue;
      kept.add(place);
      freed[i]?.push(place);
    }
  }
  return steps.map((step, i) => {
    const mine = freed[i] as number[];
    const used = step.sources.flatMap(placesIn);
    const lent = mine.filter((place) => used.filter((each) => each === place).length === 1);
    return { ...step, freed: mine, lent };
  });
}

/** Random graphs of views and writes, and what torch makes of them: views share the elements of one storage. */

import { argument, type CallSpec, call, graph, type ProgramSpec } from '../../support/program-files.js';
import type { Random } from '../../support/random.js';

/** A tensor as torch has it. */
interface View {
  readonly elements: Float32Array;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

export interface Expected {
  readonly input: readonly number[];
  readonly shape: readonly [number, number];
  readonly outputs: readonly Float32Array[];
  /** What the buffer holds after a call. */
  readonly buffer: Float32Array;
}

const MOST_CALLS = 12;
const MOST_SIZE = 3;

function contiguous(elements: Float32Array, shape: readonly number[]): View {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  return { elements, offset: 0, shape, strides };
}

/** The places of a view's elements in its storage, in order. */
function placesOf({ offset, shape, strides }: View): number[] {
  return shape.reduce(
    (places, size, axis) =>
      places.flatMap((place) =>
        Array.from({ length: size }, (_, i) => place + i * (strides[axis] as number)),
      ),
    [offset],
  );
}

function valuesOf(view: View): Float32Array {
  return Float32Array.from(placesOf(view), (place) => view.elements[place] as number);
}

function write(view: View, values: Float32Array): void {
  for (const [i, place] of placesOf(view).entries()) view.elements[place] = values[i] as number;
}

const UNARY: Readonly<Record<string, (value: number) => number>> = {
  relu: (value) => Math.max(value, 0),
  neg: (value) => -value,
};
const BINARY: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  mul: (a, b) => a * b,
};

const int = (value: number) => ({ as_int: value });

/** Makes calls, and runs them as it goes. */
class Maker {
  readonly calls: CallSpec[] = [];
  readonly values = new Map<string, View>();

  constructor(
    private readonly random: Random,
    private readonly prefix = '',
  ) {}

  step(): void {
    const { random } = this;
    const kind = random.integer(0, 9);
    const name = random.pick([...this.values.keys()]);
    if (kind < 4) this.view(name);
    else if (kind < 8) this.elementwise(name, random.chance(0.5));
    else if (kind === 8) this.copy(name);
    else if (this.prefix === '') this.withoutGradients();
  }

  private get(name: string): View {
    return this.values.get(name) as View;
  }

  private add(target: string, inputs: CallSpec['inputs'], view: View): void {
    const name = `${this.prefix}v${this.calls.length}`;
    this.calls.push(call(`aten.${target}`, inputs, [name, view.shape]));
    this.values.set(name, view);
  }

  private view(name: string): void {
    const { random } = this;
    const old = this.get(name);
    const { shape, strides, offset } = old;
    if (shape.length === 2 && random.chance(0.3)) {
      const inputs = { self: name, dim0: int(0), dim1: int(-1) };
      const turned = { ...old, shape: [...shape].reverse(), strides: [...strides].reverse() };
      this.add('transpose.int', inputs, turned);
      return;
    }
    if (shape.length === 0) {
      this.add('unsqueeze.default', { self: name, dim: int(0) }, { ...old, shape: [1], strides: [1] });
      return;
    }
    const axis = random.integer(0, shape.length - 1);
    const size = shape[axis] as number;
    const at = random.integer(0, size - 1);
    const begin = { ...old, offset: offset + at * (strides[axis] as number) };
    if (size > 0 && random.chance(0.5)) {
      const without = (list: readonly number[]) => list.filter((_, i) => i !== axis);
      const inputs = { self: name, dim: int(axis), index: int(random.chance(0.5) ? at : at - size) };
      this.add('select.int', inputs, { ...begin, shape: without(shape), strides: without(strides) });
    } else if (size > 0) {
      const inputs = { self: name, dim: int(axis), start: int(at), end: int(Number.MAX_SAFE_INTEGER) };
      this.add('slice.Tensor', inputs, {
        ...begin,
        shape: shape.map((each, i) => (i === axis ? size - at : each)),
      });
    }
  }

  private elementwise(name: string, isInPlace: boolean): void {
    const { random } = this;
    const old = this.get(name);
    const mark = isInPlace ? '_' : '';
    const values = valuesOf(old);
    const isUnary = random.chance(0.5);
    const op = random.pick(Object.keys(isUnary ? UNARY : BINARY));
    const same = this.sameShape(name);
    const other = valuesOf(this.get(same));
    const compute = isUnary
      ? (value: number) => (UNARY[op] as (value: number) => number)(value)
      : (value: number, i: number) =>
          (BINARY[op] as (a: number, b: number) => number)(value, other[i] as number);
    const result = values.map(compute);
    if (isInPlace) write(old, result);
    const view = isInPlace ? old : contiguous(result, old.shape);
    if (isUnary) this.add(`${op}${mark}.default`, { self: name }, view);
    else this.add(`${op}${mark}.Tensor`, { self: name, other: same }, view);
  }

  private copy(name: string): void {
    const old = this.get(name);
    const src = this.sameShape(name);
    write(old, valuesOf(this.get(src)));
    this.add('copy_.default', { self: name, src }, old);
  }

  private sameShape(name: string): string {
    const shape = this.get(name).shape.join();
    return this.random.pick(
      [...this.values].filter(([, each]) => each.shape.join() === shape).map(([key]) => key),
    );
  }

  /** A graph of its own, which may write into what it is given. */
  private withoutGradients(): void {
    const { random } = this;
    const given = random.pick([...this.values.keys()]);
    const inner = new Maker(random, `g${this.calls.length}_`);
    const input = `${inner.prefix}in`;
    inner.values.set(input, this.get(given));
    for (let i = random.integer(1, 3); i > 0; i--) inner.step();
    const output = random.pick([...inner.values.keys()]);
    const view = inner.get(output);
    const body = graph([[input, this.get(given).shape]], inner.calls, [output]);
    const name = `v${this.calls.length}`;
    this.calls.push({
      target: 'torch.ops.higher_order.wrap_with_set_grad_enabled',
      inputs: {
        mode: { as_bool: false },
        body: { as_graph: { name: 'submod', graph: body } },
        given,
      },
      outputs: [{ as_tensors: [{ name }] }],
    });
    this.listed.push([name, view.shape]);
    this.values.set(name, view);
  }

  /** Tensors that stand in lists. */
  readonly listed: (readonly [name: string, sizes: readonly number[]])[] = [];
}

/** A program of one input and one buffer, and what it gives. */
export function randomViews(random: Random): { spec: ProgramSpec; expected: Expected } {
  const shape = [random.integer(1, MOST_SIZE), random.integer(1, MOST_SIZE)] as const;
  const numbers = () => Float32Array.from({ length: shape[0] * shape[1] }, () => random.integer(-2, 2));
  const input = numbers();
  const stored = numbers();
  const maker = new Maker(random);
  maker.values.set('x', contiguous(input.slice(), shape));
  const buffer = contiguous(stored.slice(), shape);
  maker.values.set('b', buffer);
  for (let i = random.integer(0, MOST_CALLS); i > 0; i--) maker.step();
  const names = Array.from({ length: random.integer(1, 3) }, () => random.pick([...maker.values.keys()]));
  const outputs = names.map((name) => valuesOf(maker.values.get(name) as View));
  const metas = graph([...maker.listed], [], []) as { tensor_values: object };
  const spec: ProgramSpec = {
    stored: [{ kind: 'buffer', name: 'b', tensor: ['b', shape], values: [...stored] }],
    inputs: [['x', shape]],
    calls: maker.calls,
    outputs: names.map(argument),
    change: (json) => Object.assign(json.graph_module.graph.tensor_values, metas.tensor_values),
  };
  return { spec, expected: { input: [...input], shape, outputs, buffer: buffer.elements } };
}

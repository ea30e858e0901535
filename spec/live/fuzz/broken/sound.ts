/** Random programs that are right: what is broken afterwards. */

import {
  type ArgumentSpec,
  BOOL,
  type CallSpec,
  call,
  FLOAT32,
  graph,
  INT64,
  type ProgramSpec,
  type TensorSpec,
} from '../../../support/program-files.js';
import type { Random } from '../../../support/random.js';

const WIDTH = 4;
const ROWS = ['b', WIDTH] as const;
const MOST_CALLS = 8;

/** Tensors of the sizes that calls take, and numbers. */
type Kind = 'rows' | 'vector' | 'mask' | 'ids' | 'number';

const int = (value: number) => ({ as_int: value });
const ints = (...values: number[]) => ({ as_ints: values });
const float = (value: number) => ({ as_float: value });
const bool = (value: boolean) => ({ as_bool: value });
const number = (name: string) => ({ as_sym_int: { as_name: name } });
const NONE = { as_none: true };

class Maker {
  readonly calls: CallSpec[] = [];
  /** Results in lists, whose sizes stand nowhere else. */
  readonly listed: TensorSpec[] = [];
  readonly names: Readonly<Record<Kind, string[]>> = {
    ...{ rows: [], vector: [], mask: [], ids: [], number: [] },
  };
  private count = 0;

  constructor(
    private readonly random: Random,
    private readonly prefix = '',
  ) {}

  add(kind: Kind, name: string): void {
    this.names[kind].push(name);
  }

  any(kind: Kind): string {
    return this.random.pick(this.names[kind]);
  }

  step(): void {
    this.random.pick(STEPS)(this, this.random);
  }

  make(target: string, inputs: CallSpec['inputs'], ...kinds: readonly Kind[]): void {
    this.calls.push(call(`aten.${target}`, inputs, ...kinds.map((kind) => this.result(kind))));
  }

  result(kind: Kind): TensorSpec | object {
    const name = this.fresh();
    this.add(kind, name);
    if (kind === 'number') return number(name);
    if (kind === 'mask') return [name, ROWS, BOOL];
    if (kind === 'ids') return [name, ['b'], INT64];
    return [name, kind === 'rows' ? ROWS : [WIDTH], FLOAT32];
  }

  /** A list of tensors that are parts of rows; it is put together again. */
  split(): void {
    const parts = [this.fresh(), this.fresh()];
    this.listed.push(...parts.map((name): TensorSpec => [name, ['b', WIDTH / 2]]));
    const output = { as_tensors: parts.map((name) => ({ name })) };
    this.calls.push(
      call('aten.split.Tensor', { self: this.any('rows'), split_size: int(WIDTH / 2), dim: int(1) }, output),
    );
    this.make('cat.default', { tensors: parts, dim: int(1) }, 'rows');
  }

  /** Arithmetic on sizes. */
  arithmetic(operator: string): void {
    const output = this.result('number');
    const inputs = { a: number(this.names.number[0] as string), b: int(2) };
    this.calls.push({ target: `_operator.${operator}`, inputs, outputs: [output] });
  }

  /** A graph inside the graph, and graphs in that. */
  inner(): void {
    const { random } = this;
    const body = new Maker(random, `${this.prefix}g${this.count}_`);
    const inputs: TensorSpec[] = (['rows', 'vector'] as const).map((kind) => {
      const name = body.fresh();
      body.add(kind, name);
      return [name, kind === 'rows' ? ROWS : [WIDTH]];
    });
    for (let i = random.integer(0, 2); i > 0; i--) random.pick(CLOSED)(body, random);
    const name = this.fresh();
    this.listed.push([name, ROWS]);
    const json = body.graph(inputs, [body.any('rows')]);
    this.calls.push({
      target: 'torch.ops.higher_order.wrap_with_set_grad_enabled',
      inputs: {
        mode: bool(random.chance(0.5)),
        body: { as_graph: { name: 'submod', graph: json } },
        ...{ rows: this.any('rows'), vector: this.any('vector') },
      },
      outputs: [{ as_tensors: [{ name }] }],
    });
    this.add('rows', name);
  }

  graph(inputs: readonly TensorSpec[], outputs: readonly ArgumentSpec[]): object {
    const json = graph(inputs, this.calls, outputs) as { tensor_values: object };
    const listed = graph(this.listed, [], []) as { tensor_values: object };
    return { ...json, tensor_values: { ...json.tensor_values, ...listed.tensor_values } };
  }

  fresh(): string {
    return `${this.prefix}v${this.count++}`;
  }
}

type Step = (maker: Maker, random: Random) => void;

/** A call that takes a value of a kind, where there is one. */
function taking(kind: Kind, step: Step): Step {
  return (maker, random) => {
    if (maker.names[kind].length > 0) step(maker, random);
  };
}

/** Calls of values alone, which a graph inside of the graph can make too. */
const CLOSED: readonly Step[] = [
  (maker, random) => {
    const name = random.pick(['relu', 'relu_', 'tanh', 'neg', 'clone', 'sigmoid_']);
    maker.make(`${name}.default`, { self: maker.any('rows') }, 'rows');
  },
  (maker, random) => {
    const name = random.pick(['add', 'mul', 'sub_']);
    const other = random.chance(0.3) ? float(0.5) : maker.any(random.pick(['rows', 'vector']));
    maker.make(`${name}.Tensor`, { self: maker.any('rows'), other }, 'rows');
  },
  (maker) => {
    const inputs = { input: maker.any('rows'), normalized_shape: ints(WIDTH), weight: maker.any('vector') };
    maker.make('layer_norm.default', { ...inputs, bias: NONE }, 'rows');
  },
  (maker) => maker.make('copy_.default', { self: maker.any('vector'), src: maker.any('vector') }, 'vector'),
  (maker) => maker.make('mean.dim', { self: maker.any('rows'), dim: ints(0) }, 'vector'),
  (maker) => maker.make('max.dim', { self: maker.any('rows'), dim: int(0) }, 'vector', 'vector'),
  (maker) => maker.make('gt.Scalar', { self: maker.any('rows'), other: float(0) }, 'mask'),
  taking('mask', (maker) => {
    const inputs = { self: maker.any('rows'), mask: maker.any('mask'), value: float(0) };
    maker.make('masked_fill.Scalar', inputs, 'rows');
  }),
  (maker) => {
    const inputs = { input: maker.any('rows'), p: float(0.5), train: bool(true) };
    maker.make('dropout.default', inputs, 'rows');
  },
  (maker) => maker.make('select.int', { self: maker.any('rows'), dim: int(0), index: int(-1) }, 'vector'),
  (maker) => {
    const device = { as_device: { type: 'cpu', index: null } };
    const inputs = { self: maker.any('rows'), dtype: { as_scalar_type: FLOAT32 }, device };
    maker.make('_to_copy.default', inputs, 'rows');
  },
  (maker) => maker.split(),
  (maker) => maker.inner(),
];

/** Calls that take parameters, buffers, and sizes of the input. */
const OPEN: readonly Step[] = [
  (maker, random) => {
    if (maker.names.number.length > 0)
      return maker.arithmetic(random.pick(['add', 'mul', 'floordiv', 'mod']));
    return maker.make('sym_size.int', { self: maker.any('rows'), dim: int(0) }, 'number');
  },
  taking('number', (maker) => {
    const size = { as_sym_ints: [{ as_name: maker.names.number[0] }, int(-1)] };
    maker.make('view.default', { self: maker.any('rows'), size }, 'rows');
  }),
  (maker) => {
    const inputs = { input: maker.any('rows'), weight: 'p_weight', bias: maker.any('vector') };
    maker.make('linear.default', inputs, 'rows');
  },
  (maker) => {
    const statistics = { running_mean: 'b_mean', running_var: 'b_var', training: bool(true) };
    const settings = { momentum: float(0.1), eps: float(1e-5), cudnn_enabled: bool(true) };
    const inputs = { input: maker.any('rows'), weight: NONE, bias: NONE, ...statistics, ...settings };
    maker.make('batch_norm.default', inputs, 'rows');
  },
  (maker) => maker.make('argmax.default', { self: maker.any('rows'), dim: int(1) }, 'ids'),
  taking('ids', (maker) =>
    maker.make('embedding.default', { weight: 'p_weight', indices: maker.any('ids') }, 'rows'),
  ),
  taking('ids', (maker) => {
    const indices = { as_optional_tensors: [{ as_tensor: { name: maker.any('ids') } }] };
    maker.make('index.Tensor', { self: 'p_weight', indices }, 'rows');
  }),
];

const STEPS = [...CLOSED, ...OPEN];

const STORED: ProgramSpec['stored'] = [
  {
    kind: 'parameter',
    name: 'fc.weight',
    tensor: ['p_weight', [WIDTH, WIDTH]],
    values: Array.from({ length: WIDTH ** 2 }, (_, i) => Math.sin(i)),
    requiresGrad: true,
  },
  {
    kind: 'parameter',
    name: 'fc.bias',
    tensor: ['p_bias', [WIDTH]],
    values: [1, 2, 3, 4],
    requiresGrad: true,
  },
  { kind: 'buffer', name: 'bn.mean', tensor: ['b_mean', [WIDTH]], values: [0, 0, 0, 0] },
  { kind: 'buffer', name: 'bn.var', tensor: ['b_var', [WIDTH]], values: [1, 1, 1, 1] },
  { kind: 'constant', name: 'shift', tensor: ['c_shift', [WIDTH]], values: [1, 0, 1, 0] },
];

/** A program of one or two inputs, parameters, buffers and a constant. */
export function randomProgram(random: Random): ProgramSpec {
  const maker = new Maker(random);
  const inputs: TensorSpec[] = [['x', ROWS]];
  maker.add('rows', 'x');
  if (random.chance(0.5)) {
    inputs.push(['y', ROWS]);
    maker.add('rows', 'y');
  }
  for (const name of ['p_bias', 'b_mean', 'c_shift']) maker.add('vector', name);
  for (let i = random.integer(1, MOST_CALLS); i > 0; i--) maker.step();
  const outputs = Array.from({ length: random.integer(1, 3) }, () =>
    maker.any(random.pick(['rows', 'vector'])),
  );
  return {
    ...{ stored: STORED, inputs, calls: maker.calls, outputs },
    change: (json) => {
      const { tensor_values } = maker.graph([], []) as { tensor_values: object };
      Object.assign(json.graph_module.graph.tensor_values, tensor_values);
    },
  };
}

/** From the JSON of a program to its graph. Schema: torch/_export/serde/schema.py, version 8. */

import { message, shortened, show } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import type { Cursor } from '../../state-dict/formats/program/cursor.js';
import { decodeDtype } from '../../state-dict/formats/program/dtype.js';
import type { WorkBudget } from '../../state-dict/rules/work.js';
import { showSizes } from './show-sizes.js';
import { sizeText } from './size-text.js';
import { sourceOf } from './source.js';
import { countLeaves, readTree, type Tree } from './tree.js';
import type {
  Argument,
  Constant,
  Graph,
  GraphNode,
  InputSpec,
  OutputSpec,
  Program,
  Size,
  SizeRange,
  TensorMeta,
} from './types.js';

/** The major version of the schema that torch 2.7 to 2.13 write. */
const MAJOR = 8;

/**
 * Reads a program.
 *
 * @param parse  reads JSON text inside text.
 * @param work  spent by the paths of arguments and results, each of which has the keys of all dicts around it.
 * @throws FormatError where the file breaks its schema; UnsupportedError for another version of it.
 */
export function decodeProgram(root: Cursor, parse: (text: Cursor) => Cursor, work: WorkBudget): Program {
  const version = root.get('schema_version');
  const major = version.get('major').integer();
  if (major !== MAJOR) {
    const got = `${major}.${version.get('minor').integer()}`;
    const remedy = 'Export it with torch 2.7 or newer';
    throw new UnsupportedError(
      message('program', 'schema_version', `${MAJOR}.x, of torch 2.7 to 2.13`, got, remedy),
    );
  }
  const module = root.get('graph_module');
  const signature = module.get('signature');
  const [entry] = module.get('module_call_graph').list();
  const call = entry?.optional('signature');
  if (call === undefined) throw module.fault('the signature of the whole model');
  const namedTuples = new Map(module.optional('treespec_namedtuple_fields')?.members());
  const fieldsOf = (className: string) =>
    namedTuples
      .get(className)
      ?.get('field_names')
      .list()
      .map((field) => field.string());
  const args = readTree(call.get('in_spec'), parse, fieldsOf, work);
  if (args.kind !== 'list' || args.items.length !== 2)
    throw call.get('in_spec').fault('positional arguments and keyword arguments');
  const [positional, keywords] = args.items as [Tree, Tree];
  const graph = decodeGraph(module.get('graph'));
  const inputs = decodeSpecs(signature.get('input_specs'), graph.inputs, decodeInput);
  const outputs = decodeSpecs(signature.get('output_specs'), graph.outputs, decodeOutput);
  checkStored(signature.get('input_specs'), inputs, graph);
  checkMutations(signature.get('output_specs'), outputs, inputs, graph);
  const results = readTree(call.get('out_spec'), parse, fieldsOf, work);
  const count = (specs: readonly { readonly kind: string }[]) =>
    specs.filter(({ kind }) => kind === 'user' || kind === 'frozen').length;
  checkLeaves(call.get('in_spec'), args, count(inputs));
  checkLeaves(call.get('out_spec'), results, count(outputs));
  return {
    graph,
    inputs,
    outputs,
    call: { positional, keywords, results },
    ranges: decodeRanges(root.optional('range_constraints')),
    argumentNames: (call.optional('forward_arg_names')?.list() ?? []).map((name) => name.string()),
    torchVersion: root.optional('torch_version')?.string() ?? 'unknown',
  };
}

/** The entries of a signature, each of which names the value of the graph that it is about. */
function decodeSpecs<T>(specs: Cursor, values: readonly Argument[], decode: (spec: Cursor) => T): T[] {
  const list = specs.list();
  if (list.length !== values.length)
    throw specs.fault(`${values.length} entries, one for each value of the graph`, String(list.length));
  return list.map((spec, i) => {
    const [kind, entry] = spec.union();
    const value = values[i] as Argument;
    const named = argumentOf(kind, entry);
    const expected = namesIn(value).join();
    const got = namesIn(named).join();
    if (got !== expected) throw spec.fault(`an entry for ${show(expected)}`, show(got));
    if (named.kind !== value.kind)
      throw spec.fault(`an entry for a ${value.kind}`, `one for a ${named.kind}`);
    if (value.kind === 'list' || value.kind === 'graph')
      throw spec.fault('a single value', `a ${value.kind}`);
    return decode(spec);
  });
}

/** A constant has no name in the graph. */
function argumentOf(kind: string, entry: Cursor): Argument {
  if (kind === 'constant_input') return NONE;
  const value = entry.get('arg');
  return kind.startsWith('user_') && kind !== 'user_input_mutation' ? decodeArgument(value) : tensor(value);
}

/** What is stored has a name of its own, and sizes that are numbers. */
function checkStored(specs: Cursor, inputs: readonly InputSpec[], { inputs: values, tensors }: Graph): void {
  const names = new Set<string>();
  for (const [i, spec] of inputs.entries()) {
    if (!('name' in spec)) continue;
    if (spec.name === '') throw specs.fault('names of one character or more', show(spec.name));
    if (names.has(spec.name)) throw specs.fault('names that differ', `${show(spec.name)} twice`);
    names.add(spec.name);
    const [value] = namesIn(values[i] as Argument);
    const { shape } = tensors.get(value as string) as TensorMeta;
    if (shape.some((size) => typeof size !== 'number'))
      throw specs.fault('tensors of fixed sizes', `${show(spec.name)} of an open one`);
  }
}

/** A new value is of a tensor that is stored, of the same dtype and sizes, and there is one. */
function checkMutations(
  specs: Cursor,
  outputs: readonly OutputSpec[],
  inputs: readonly InputSpec[],
  { inputs: values, outputs: results, tensors }: Graph,
): void {
  const metaOf = (argument: Argument | undefined) =>
    tensors.get(namesIn(argument as Argument)[0] as string) as TensorMeta;
  const text = (meta: TensorMeta) => `${meta.dtype} ${showSizes(meta)}`;
  const stored = new Map(
    inputs.flatMap((spec, i) => ('name' in spec ? [[spec.name, metaOf(values[i])] as const] : [])),
  );
  for (const [i, spec] of outputs.entries()) {
    if (spec.kind !== 'mutation') continue;
    const expected = stored.get(spec.name);
    if (expected === undefined)
      throw specs.fault('new values of stored tensors, one of each', show(spec.name));
    const got = metaOf(results[i]);
    if (got.dtype !== expected.dtype || got.shape.join() !== expected.shape.join())
      throw specs.fault(`a new value of ${show(spec.name)} of ${text(expected)}`, text(got));
    stored.delete(spec.name);
  }
}

function checkLeaves(spec: Cursor, tree: Tree, count: number): void {
  const leaves = countLeaves(tree);
  if (leaves !== count)
    throw spec.fault(`a tree of ${count} values, as in the signature`, `one of ${leaves}`);
}

function decodeRanges(ranges: Cursor | undefined): ReadonlyMap<string, SizeRange> {
  const bound = (range: Cursor, name: string, open: number) => range.optional(name)?.integer() ?? open;
  return new Map(
    ranges
      ?.members()
      .map(([symbol, range]) => [
        symbol,
        { min: bound(range, 'min_val', 0), max: bound(range, 'max_val', Number.POSITIVE_INFINITY) },
      ]),
  );
}

function decodeInput(spec: Cursor): InputSpec {
  const [kind, value] = spec.union();
  switch (kind) {
    case 'parameter':
      return { kind, name: value.get('parameter_name').string() };
    case 'buffer':
      return {
        kind,
        name: value.get('buffer_name').string(),
        isPersistent: value.optional('persistent')?.boolean() ?? true,
      };
    case 'tensor_constant':
      return { kind: 'constant', name: value.get('tensor_constant_name').string() };
    case 'user_input':
      return { kind: 'user' };
    case 'constant_input':
      return { kind: 'frozen', value: decodeConstant(value.get('value')) };
    default:
      throw unsupported(spec, `an input of kind ${kind}`);
  }
}

function decodeConstant(value: Cursor): Constant {
  const [kind, inner] = value.union();
  if (kind === 'as_none') return null;
  if (kind === 'as_int' || kind === 'as_float') return inner.float();
  if (kind === 'as_string') return inner.string();
  if (kind === 'as_bool') return inner.boolean();
  throw value.fault('a constant', shortened(kind));
}

function decodeOutput(spec: Cursor): OutputSpec {
  const [kind, value] = spec.union();
  switch (kind) {
    case 'user_output':
    case 'loss_output':
      return { kind: 'user' };
    case 'buffer_mutation':
      return { kind: 'mutation', name: value.get('buffer_name').string() };
    case 'parameter_mutation':
      return { kind: 'mutation', name: value.get('parameter_name').string() };
    case 'user_input_mutation':
      return { kind: 'ignored' };
    default:
      throw unsupported(spec, `an output of kind ${kind}`);
  }
}

/** Reads a graph, and checks that every value in it is defined once, before it is used, and used as what it is. */
export function decodeGraph(graph: Cursor): Graph {
  const tensors = new Map(
    graph
      .get('tensor_values')
      .members()
      .map(([name, meta]) => [name, decodeMeta(meta)]),
  );
  const values = new Values(tensors);
  const inputs = graph
    .get('inputs')
    .list()
    .map((input) => values.define(input, decodeArgument(input)));
  const nodes = graph
    .get('nodes')
    .list()
    .map((node) => decodeNode(node, values));
  const outputs = graph
    .get('outputs')
    .list()
    .map((output) => values.use(output, decodeArgument(output)));
  return { inputs, outputs, nodes, tensors };
}

function decodeNode(node: Cursor, values: Values): GraphNode {
  const target = node
    .get('target')
    .string()
    .replace(/^torch\.ops\./, '');
  const inputs = node
    .get('inputs')
    .list()
    .map((input) => ({
      name: input.get('name').string(),
      argument: values.use(input, decodeArgument(input.get('arg'))),
    }));
  const outputs = node
    .get('outputs')
    .list()
    .map((output) => values.define(output, decodeArgument(output)));
  return {
    target,
    name: shortened(node.optional('name')?.string() ?? ([...outputs.flatMap(namesIn), target][0] as string)),
    inputs,
    outputs,
    isSingle: node.optional('is_hop_single_tensor_return')?.boolean() ?? false,
    ...sourceOf(node.optional('metadata')),
  };
}

/** The values of a graph that are defined so far. */
class Values {
  private readonly kinds = new Map<string, 'tensor' | 'number'>();

  constructor(private readonly tensors: ReadonlyMap<string, TensorMeta>) {}

  define(cursor: Cursor, argument: Argument): Argument {
    for (const { name, kind } of valuesIn(argument)) {
      if (this.kinds.has(name)) throw cursor.fault('each value to be defined once', `${show(name)} again`);
      if (kind === 'tensor' && !this.tensors.has(name))
        throw cursor.fault('a tensor that is among tensor_values', show(name));
      this.kinds.set(name, kind);
    }
    return argument;
  }

  use(cursor: Cursor, argument: Argument): Argument {
    for (const { name, kind } of valuesIn(argument)) {
      const defined = this.kinds.get(name);
      if (defined === undefined) throw cursor.fault('a value that is defined before', show(name));
      if (defined !== kind) throw cursor.fault(`a ${kind}`, `the ${defined} ${show(name)}`);
    }
    return argument;
  }
}

/** The values of the graph that an argument refers to. */
export function namesIn(argument: Argument): string[] {
  return valuesIn(argument).map(({ name }) => name);
}

function valuesIn(argument: Argument): readonly Extract<Argument, { kind: 'tensor' | 'number' }>[] {
  if (argument.kind === 'tensor' || argument.kind === 'number') return [argument];
  return argument.kind === 'list' ? argument.items.flatMap(valuesIn) : [];
}

const NONE: Argument = { kind: 'constant', value: null };

function decodeArgument(cursor: Cursor): Argument {
  const [kind, value] = cursor.union();
  const decode = ARGUMENTS.get(kind);
  if (decode === undefined) throw unsupported(cursor, `an argument of kind ${kind}`);
  return decode(value);
}

const constant = (value: Constant): Argument => ({ kind: 'constant', value });
const listOf =
  (decode: (item: Cursor) => Argument) =>
  (value: Cursor): Argument => ({ kind: 'list', items: value.list().map(decode) });
const tensor = (value: Cursor): Argument => ({ kind: 'tensor', name: value.get('name').string() });
const integer = (value: Cursor) => constant(value.number());
const float = (value: Cursor) => constant(value.float());
const boolean = (value: Cursor) => constant(value.boolean());
const string = (value: Cursor) => constant(value.string());

/** `{"as_name": "sym_size"}`, or a plain value. */
function symbolic(value: Cursor): Argument {
  const [kind, inner] = value.union();
  if (kind === 'as_name') return { kind: 'number', name: inner.string() };
  if (kind === 'as_int') return integer(inner);
  if (kind === 'as_float') return float(inner);
  if (kind === 'as_bool') return boolean(inner);
  throw value.fault('a number', shortened(kind));
}

function optionalTensor(value: Cursor): Argument {
  const [kind, inner] = value.union();
  return kind === 'as_none' ? NONE : tensor(inner);
}

const ARGUMENTS: ReadonlyMap<string, (value: Cursor) => Argument> = new Map<
  string,
  (value: Cursor) => Argument
>([
  ['as_none', () => NONE],
  ['as_tensor', tensor],
  ['as_tensors', listOf(tensor)],
  ['as_int', integer],
  ['as_ints', listOf(integer)],
  ['as_float', float],
  ['as_floats', listOf(float)],
  ['as_string', string],
  ['as_strings', listOf(string)],
  ['as_sym_int', symbolic],
  ['as_sym_ints', listOf(symbolic)],
  ['as_sym_float', symbolic],
  ['as_sym_floats', listOf(symbolic)],
  ['as_sym_bool', symbolic],
  ['as_sym_bools', listOf(symbolic)],
  ['as_scalar_type', (value) => ({ kind: 'dtype', dtype: decodeDtype(value) })],
  ['as_memory_format', () => ({ kind: 'ignored' })],
  ['as_layout', () => ({ kind: 'ignored' })],
  ['as_device', () => ({ kind: 'ignored' })],
  ['as_bool', boolean],
  ['as_bools', listOf(boolean)],
  ['as_graph', (value) => ({ kind: 'graph', graph: decodeGraph(value.get('graph')) })],
  ['as_optional_tensor', optionalTensor],
  ['as_optional_tensors', listOf(optionalTensor)],
  ['as_nested_tensors', listOf(listOf(tensor))],
  ['as_int_lists', listOf(listOf(integer))],
  ['as_float_lists', listOf(listOf(float))],
]);

function decodeMeta(meta: Cursor): TensorMeta {
  return {
    dtype: decodeDtype(meta.get('dtype')),
    shape: meta.get('sizes').list().map(decodeSize),
    requiresGrad: meta.get('requires_grad').boolean(),
  };
}

export function decodeSize(size: Cursor): Size {
  const [kind, value] = size.union();
  if (kind === 'as_int') return value.integer();
  if (kind !== 'as_expr') throw size.fault('a size', shortened(kind));
  return { symbol: sizeText(value.get('expr_str').string()) };
}

function unsupported(cursor: Cursor, got: string): UnsupportedError {
  return new UnsupportedError(cursor.fault('what this version reads', shortened(got)).message);
}

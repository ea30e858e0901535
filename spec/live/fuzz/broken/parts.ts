/** Parts of the JSON of a program, as breaks find them. */

import { knownTargets } from '../../../../src/program/ops/table.js';
import type { ProgramJson } from '../../../support/program-files.js';
import type { Random } from '../../../support/random.js';

/** The texts of an archive. */
export interface Documents {
  readonly model: ProgramJson;
  readonly weights: ProgramJson;
  readonly constants: ProgramJson;
}

/** A place in JSON: a member of an object, or an item of a list. */
export interface Site {
  readonly parent: ProgramJson;
  readonly key: string;
}

/** Every value inside of one. */
export function sitesIn(root: ProgramJson): Site[] {
  return Object.entries(root).flatMap(([key, value]) => [
    { parent: root, key },
    ...(typeof value === 'object' && value !== null ? sitesIn(value) : []),
  ]);
}

/** The graph, and the graphs in it. */
export function graphsIn(model: ProgramJson): ProgramJson[] {
  return sitesIn(model).flatMap(({ parent, key }) => (isGraph(parent[key]) ? [parent[key]] : []));
}

function isGraph(value: ProgramJson | null): boolean {
  return typeof value === 'object' && value !== null && 'nodes' in value;
}

export function nodesIn(model: ProgramJson): ProgramJson[] {
  return graphsIn(model).flatMap(({ nodes }) => nodes);
}

/** Names of values, of any graph. */
export function valueNames(model: ProgramJson): string[] {
  return graphsIn(model).flatMap(({ tensor_values }) => Object.keys(tensor_values));
}

/** Written without quotes in the end: a number that JSON.stringify would round or lose. */
export const exactly = (digits: string) => `#${digits}#`;

export function textOf(document: ProgramJson): string {
  return JSON.stringify(document).replace(/"#([^"#]*)#"/g, '$1');
}

export const INTEGERS: readonly unknown[] = [
  ...[-1, -3, 0, 1, 2, 5, 100, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1, 0.5],
  ...['9223372036854775807', '-9223372036854775808', '18446744073709551616', '1e999'].map(exactly),
];

export const NAMES: readonly string[] = [
  ...['', '__proto__', 'constructor', 'toString', 'length', '0', 'x', '../x', 'a/b', 'au2f-b', 'a.b', '..'],
  ...['\u0000', '\u001b[31m', 'ü😀', 'n'.repeat(5000), ' '],
];

/** Any value of JSON. */
export function anyJson(random: Random): unknown {
  const kind = random.integer(0, 8);
  if (kind < 2) return random.pick(INTEGERS);
  if (kind < 4) return random.pick([...NAMES, 'NaN', '-Infinity']);
  if (kind === 4) return random.pick([null, true, false]);
  if (kind === 5) return [];
  if (kind === 6) return {};
  return anyArgument(random, ['x']);
}

/** An argument of any kind, right for most parameters only by chance. */
export function anyArgument(random: Random, names: readonly string[]): object {
  const name = () => random.pick(names);
  const integer = () => random.pick(INTEGERS);
  const list = (make: () => unknown) => Array.from({ length: random.integer(0, 3) }, make);
  const choices: readonly (() => object)[] = [
    () => ({ as_none: true }),
    () => ({ as_tensor: { name: name() } }),
    () => ({ as_tensors: list(() => ({ name: name() })) }),
    () => ({
      as_optional_tensors: list(() =>
        random.chance(0.5) ? { as_none: true } : { as_tensor: { name: name() } },
      ),
    }),
    () => ({ as_nested_tensors: list(() => list(() => ({ name: name() }))) }),
    () => ({ as_int: integer() }),
    () => ({ as_ints: list(integer) }),
    () => ({ as_int_lists: list(() => list(integer)) }),
    () => ({ as_float: random.pick([0.5, -1, 1e300, 'NaN', 'Infinity', '-Infinity']) }),
    () => ({ as_floats: list(() => 0.5) }),
    () => ({ as_bool: random.chance(0.5) }),
    () => ({ as_bools: list(() => true) }),
    () => ({ as_string: random.pick(NAMES) }),
    () => ({ as_strings: list(() => random.pick(NAMES)) }),
    () => ({ as_sym_int: { as_name: name() } }),
    () => ({ as_sym_int: { as_int: integer() } }),
    () => ({ as_sym_ints: list(() => (random.chance(0.5) ? { as_name: name() } : { as_int: integer() })) }),
    () => ({ as_sym_float: { as_float: 0.5 } }),
    () => ({ as_sym_bool: { as_bool: true } }),
    () => ({ as_scalar_type: random.pick([1, 4, 5, 6, 7, 8, 10, 12, 99, -1]) }),
    () => ({ as_device: { type: 'cuda', index: 7 } }),
    () => ({ as_layout: 7 }),
    () => ({ as_memory_format: 1 }),
    () => ({ as_graph: { name: 'g', graph: emptyGraph() } }),
    () => ({ as_complex: { real: 1, imag: 2 } }),
    () => ({ as_custom_obj: { name: name(), class_fqn: 'x' } }),
    () => ({ as_operator: 'torch.ops.aten.add.Tensor' }),
    () => ({ [random.pick(NAMES)]: 1 }),
    () => ({ as_int: 1, as_float: 2 }),
    () => ({}),
  ];
  return random.pick(choices)();
}

export function emptyGraph(): ProgramJson {
  return { inputs: [], outputs: [], nodes: [], tensor_values: {}, sym_int_values: {}, sym_bool_values: {} };
}

/** Targets that make tensors as large as a number says: a changed number would ask for all memory there is. */
const GROWING =
  /full|zeros|ones|empty|arange|linspace|logspace|eye|rand|expand|repeat|tile|pad|upsample|interpolate|one_hot|tri|pool|fold|meshgrid|cartesian|combinations|bincount|histc|window|scalar_tensor|broadcast|diag|embed/;

export function anyTarget(random: Random): string {
  const targets = knownTargets().filter((target) => !GROWING.test(target) && !target.startsWith('spec.'));
  return random.chance(0.9) ? `torch.ops.${random.pick(targets)}` : random.pick(OTHER_TARGETS);
}

const OTHER_TARGETS = [
  ...['_operator.add', 'math.ceil', 'torch.sym_ite', 'builtins.eval', 'os.system', 'torch.ops.aten.no.such'],
  ...['torch.ops.higher_order.wrap_with_set_grad_enabled', 'torch.ops.higher_order.cond', '__proto__', ''],
];

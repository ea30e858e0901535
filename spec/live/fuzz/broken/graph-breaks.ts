/** What can be wrong with a graph and with what its file says of it. */

import type { ProgramJson } from '../../../support/program-files.js';
import type { Random } from '../../../support/random.js';
import {
  anyArgument,
  anyJson,
  anyTarget,
  type Documents,
  emptyGraph,
  graphsIn,
  INTEGERS,
  NAMES,
  nodesIn,
  sitesIn,
  valueNames,
} from './parts.js';

export type Break = (documents: Documents, random: Random) => void;

/** A break of a part that is picked; none where there is no such part. */
function of(
  parts: (model: ProgramJson) => ProgramJson[],
  change: (part: ProgramJson, random: Random, model: ProgramJson) => void,
): Break {
  return ({ model }, random) => {
    const found = parts(model);
    if (found.length > 0) change(random.pick(found), random, model);
  };
}

/** Removes an item of a list, doubles it, or moves it. */
export function shuffle(list: unknown[], random: Random): void {
  // It may be another value by now.
  if (!Array.isArray(list) || list.length === 0) return;
  const at = random.integer(0, list.length - 1);
  const [item] = list.splice(at, 1);
  const kind = random.integer(0, 2);
  if (kind > 0) list.splice(random.integer(0, list.length), 0, item);
  if (kind > 1) list.splice(random.integer(0, list.length), 0, structuredClone(item));
}

const namesAndOthers = (model: ProgramJson) => [...valueNames(model), 'nowhere', ...NAMES];

/** References to values: a member `name` or `as_name`. */
function references(part: ProgramJson): ProgramJson[] {
  return sitesIn(part).flatMap(({ parent, key }) => {
    const value = parent[key];
    return value &&
      typeof value === 'object' &&
      ('as_name' in value || ('name' in value && !('arg' in value)))
      ? [value]
      : [];
  });
}

const REFERENCE = of(graphsIn, (graph, random, model) => {
  const found = references(graph);
  if (found.length === 0) return;
  const reference = random.pick(found);
  reference['as_name' in reference ? 'as_name' : 'name'] = random.pick(namesAndOthers(model));
});

const ARGUMENT = of(nodesIn, (node, random, model) => {
  const { inputs } = node as { inputs: ProgramJson[] };
  if (inputs.length > 0) random.pick(inputs).arg = anyArgument(random, namesAndOthers(model));
});

const NEW_ARGUMENT = of(nodesIn, (node, random, model) => {
  const name = random.pick(['self', 'other', 'dim', 'out', 'alpha', 'nothing', '', '__proto__']);
  node.inputs.push({ name, arg: anyArgument(random, namesAndOthers(model)), kind: random.integer(0, 2) });
});

const RESULTS = of(nodesIn, (node, random, model) => {
  if (random.chance(0.5)) shuffle(node.outputs, random);
  else
    node.outputs[random.integer(0, node.outputs.length)] = anyArgument(random, [
      ...namesAndOthers(model),
      'fresh',
    ]);
});

const ORDER = of(graphsIn, ({ nodes }, random) => shuffle(nodes, random));

const TARGET = of(nodesIn, (node, random) => {
  node.target = anyTarget(random);
});

/** A call of another op with what its signature may take: the right kinds, and values at random. */
const INTERFACE = of(graphsIn, (graph, random, model) => {
  const list = random.pick(['inputs', 'outputs'] as const);
  if (random.chance(0.6)) shuffle(graph[list], random);
  else graph[list].push(anyArgument(random, namesAndOthers(model)));
});

const META = of(graphsIn, ({ tensor_values: metas }, random) => {
  const names = Object.keys(metas);
  if (names.length === 0) return;
  const name = random.pick(names);
  const kind = random.integer(0, 3);
  if (kind === 0) delete metas[name];
  else if (kind === 1) metas[name].dtype = random.pick([1, 4, 5, 6, 7, 8, 10, 12, 99]);
  else if (kind === 2) shuffle(metas[name].sizes, random);
  else metas[name].sizes = Array.from({ length: random.integer(0, 3) }, () => anySize(random));
});

function anySize(random: Random): object {
  if (random.chance(0.5)) return { as_int: random.pick(INTEGERS) };
  const expr_str = random.pick([
    "Symbol('b', positive=True)",
    "Symbol('c')",
    '2*b',
    '__import__("os")',
    ...NAMES,
  ]);
  return { as_expr: { expr_str, hint: random.chance(0.5) ? null : { as_int: 3 } } };
}

const RANGES: Break = ({ model }, random) => {
  const bound = () => (random.chance(0.2) ? anyJson(random) : random.pick([...INTEGERS, null]));
  const symbol = random.pick(['b', 'c', ...NAMES]);
  define(model.range_constraints, symbol, { min_val: bound(), max_val: bound() });
};

/** Also a member that every object has. */
export function define(target: ProgramJson, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

const SIGNATURE = of(
  ({ graph_module: { signature } }) => [signature.input_specs, signature.output_specs],
  (specs, random) => {
    const list = specs as unknown as ProgramJson[];
    if (random.chance(0.4)) shuffle(list, random);
    else if (list.length > 0) changeSpec(list, random);
  },
);

const KINDS = [
  ...['parameter', 'buffer', 'tensor_constant', 'user_input', 'constant_input', 'token', 'custom_obj'],
  ...['user_output', 'loss_output', 'buffer_mutation', 'parameter_mutation', 'user_input_mutation'],
  ...['gradient_to_parameter', '__proto__'],
];
const TENSORS = ['fc.weight', 'fc.bias', 'bn.mean', 'bn.var', 'shift', 'absent'];

function changeSpec(specs: ProgramJson[], random: Random): void {
  const at = random.integer(0, specs.length - 1);
  const [[kind, spec]] = Object.entries(specs[at] as ProgramJson) as [[string, ProgramJson]];
  if (random.chance(0.4)) {
    const name = Object.keys(spec).find((key) => key.endsWith('_name'));
    if (name) spec[name] = random.pick([...TENSORS, ...NAMES]);
    return;
  }
  const { arg } = spec;
  const name = arg?.name ?? arg?.as_tensor?.name ?? 'x';
  const other = random.pick(KINDS);
  const names = Object.fromEntries(
    ['parameter', 'buffer', 'tensor_constant'].map((each) => [`${each}_name`, random.pick(TENSORS)]),
  );
  const value = random.pick([
    { as_int: 3 },
    { as_none: true },
    { as_string: 'mean' },
    { as_tensor: { name } },
  ]);
  const own =
    other.startsWith('user_') && other !== 'user_input_mutation' ? { as_tensor: { name } } : { name };
  specs[at] = {};
  define(specs[at] as ProgramJson, random.chance(0.8) ? other : kind, {
    arg: own,
    ...names,
    value,
    name,
    persistent: true,
  });
}

const VERSION: Break = ({ model }, random) => {
  if (random.chance(0.8)) model.schema_version[random.pick(['major', 'minor'])] = anyJson(random);
  else model.torch_version = anyJson(random);
};

/** A field that is not known. */
const FIELD: Break = ({ model }, random) => {
  const { parent, key } = random.pick(sitesIn(model));
  const value = parent[key];
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) value.future = anyJson(random);
};

const isList = (value: ProgramJson): boolean => Array.isArray(value);

/** Any value in the place of another, or that of another place. */
const VALUE: Break = (documents, random) => {
  const sites = sitesIn(random.chance(0.8) ? documents.model : documents.weights);
  const { parent, key } = random.pick(sites);
  const kind = random.integer(0, 3);
  if (kind === 0 && !isList(parent)) Reflect.deleteProperty(parent, key);
  else if (kind < 3) parent[key] = anyJson(random);
  else {
    const other = random.pick(sites);
    parent[key] = structuredClone(other.parent[other.key]);
  }
};

const INTEGER: Break = (documents, random) => {
  const sites = sitesIn(documents.model).filter(({ parent, key }) => typeof parent[key] === 'number');
  const { parent, key } = random.pick(sites);
  parent[key] = random.pick(INTEGERS);
};

/** A graph in a graph in a graph. */
const DEPTH = of(graphsIn, (graph, random) => {
  const depth = Math.ceil(60 ** random.next());
  let body = emptyGraph();
  for (let i = 0; i < depth; i++) {
    const inputs = [
      { name: '', arg: { as_bool: false }, kind: 1 },
      { name: '', arg: { as_graph: { name: 'g', graph: body } }, kind: 1 },
    ];
    body = {
      ...emptyGraph(),
      nodes: [
        { target: 'torch.ops.higher_order.wrap_with_set_grad_enabled', inputs, outputs: [], metadata: {} },
      ],
    };
  }
  graph.nodes.push(...body.nodes);
});

export const GRAPH_BREAKS: readonly Break[] = [
  ...[
    REFERENCE,
    REFERENCE,
    ARGUMENT,
    ARGUMENT,
    NEW_ARGUMENT,
    RESULTS,
    RESULTS,
    ORDER,
    TARGET,
    TARGET,
    INTERFACE,
  ],
  ...[META, META, RANGES, SIGNATURE, SIGNATURE, VERSION, FIELD, VALUE, INTEGER, DEPTH],
];

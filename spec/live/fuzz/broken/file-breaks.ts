/** What can be wrong beside the graph: lists of tensors, the structure of a call, and names. */

import { strFromU8, strToU8 } from 'fflate';
import type { ProgramJson } from '../../../support/program-files.js';
import type { Random } from '../../../support/random.js';
import { type Break, define, shuffle } from './graph-breaks.js';
import { anyJson, INTEGERS, NAMES, valueNames } from './parts.js';

const PATHS = [
  'tensor_0',
  'tensor_1',
  'tensor_2',
  'absent',
  '../tensor_0',
  'model_weights_config.json',
  ...NAMES,
];

/** What a list says of a tensor. */
const CONFIG: Break = ({ weights, constants }, random) => {
  const { config } = random.chance(0.8) ? weights : constants;
  const names = Object.keys(config);
  if (names.length === 0) return;
  const name = random.pick(names);
  const entry = config[name];
  const meta = entry.tensor_meta;
  const kind = random.integer(0, 7);
  if (kind === 0) delete config[name];
  else if (kind === 1) define(config, random.pick([...names, ...NAMES]), structuredClone(entry));
  else if (kind === 2) entry.path_name = random.pick(PATHS);
  else if (kind === 3) entry.use_pickle = anyJson(random);
  else if (kind === 4) meta.dtype = random.pick([1, 4, 5, 6, 7, 8, 10, 12, 99]);
  else if (kind === 5) meta.storage_offset = { as_int: random.pick(INTEGERS) };
  else {
    const list = meta[random.pick(['sizes', 'strides'])];
    if (random.chance(0.3)) shuffle(list, random);
    else list[random.integer(0, list.length)] = { as_int: random.pick(INTEGERS) };
  }
};

const LEAF = { type: null, context: null, children_spec: [] };
const TYPES = [
  ...[
    'builtins.tuple',
    'builtins.list',
    'builtins.dict',
    'collections.OrderedDict',
    'collections.defaultdict',
  ],
  ...['collections.namedtuple', 'collections.deque', 'my.Result', '__proto__', ''],
];
const CONTEXTS = [
  'null',
  '[]',
  '["a"]',
  '["a", "b"]',
  '["__proto__"]',
  '["a", "a"]',
  '[1, 2]',
  '{',
  'my.Pair',
  '[[]]',
];
const DEEP = 150;

function anyTree(random: Random, depth = 0): object {
  if (depth > 3 || random.chance(0.4)) return LEAF;
  const children = Array.from({ length: random.integer(0, 3) }, () => anyTree(random, depth + 1));
  return { type: random.pick(TYPES), context: random.pick(CONTEXTS), children_spec: children };
}

/** How arguments and results are put together. */
const TREE: Break = ({ model }, random) => {
  const { signature } = model.graph_module.module_call_graph[0] as ProgramJson;
  const spec = random.pick(['in_spec', 'out_spec'] as const);
  // It is broken already.
  if (!isTree(signature[spec])) return;
  const kind = random.integer(0, 5);
  const wrapped = (node: object): object => ({
    type: 'builtins.tuple',
    context: 'null',
    children_spec: [node],
  });
  if (kind === 0) signature[spec] = JSON.stringify([random.pick([1, 2, '1']), anyTree(random)]);
  else if (kind === 1) {
    const [version, root] = JSON.parse(signature[spec]);
    const node = random.pick(nodesOf(root));
    if (random.chance(0.5)) shuffle(node.children_spec, random);
    else Object.assign(node, { type: random.pick(TYPES), context: random.pick(CONTEXTS) });
    signature[spec] = JSON.stringify([version, root]);
  } else if (kind === 2) {
    let root: object = LEAF;
    for (let i = Math.ceil(DEEP ** random.next()); i > 0; i--) root = wrapped(root);
    signature[spec] = JSON.stringify([1, root]);
  } else if (kind === 3)
    signature[spec] = random.pick(['', '[', '[1]', '[]', '{}', 'null', '1', '[1, 2]', '[1, null]']);
  else if (kind === 4) signature.forward_arg_names = anyJson(random);
  else
    model.graph_module.treespec_namedtuple_fields = { 'my.Pair': { field_names: ['a', random.pick(NAMES)] } };
};

function isTree(text: unknown): text is string {
  return typeof text === 'string' && text.startsWith('[1,{"type"');
}

function nodesOf(node: ProgramJson): ProgramJson[] {
  return [node, ...(node.children_spec as ProgramJson[]).flatMap(nodesOf)];
}

/** Texts in which a name stands for another everywhere, so that the program is right, or stands twice. */
export function renamed(
  texts: Readonly<Record<string, string>>,
  model: ProgramJson,
  random: Random,
): Record<string, string> {
  const stored = ['fc.weight', 'fc.bias', 'bn.mean', 'bn.var', 'shift'];
  const name = random.pick(random.chance(0.5) ? stored : [...valueNames(model), 'x']);
  const quoted = JSON.stringify(random.pick([...NAMES, ...stored]));
  return Object.fromEntries(
    Object.entries(texts).map(([file, text]) => [file, text.replaceAll(JSON.stringify(name), () => quoted)]),
  );
}

/** Changes bytes of the elements, or how many there are. */
export function changeElements(files: Record<string, Uint8Array>, random: Random): void {
  const name = random.pick(Object.keys(files).filter((each) => /tensor_\d$/.test(each)));
  const bytes = files[name] as Uint8Array;
  files[name] = random.chance(0.5) ? bytes.subarray(random.integer(0, 8)) : bytes.map(() => 255);
}

export const FILE_BREAKS: readonly Break[] = [CONFIG, CONFIG, TREE, TREE];

export const read = (bytes: Uint8Array) => JSON.parse(strFromU8(bytes)) as ProgramJson;
export const written = strToU8;

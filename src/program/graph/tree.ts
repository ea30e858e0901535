/** How tensors are put together in arguments and results: lists, tuples and dicts, which torch calls a pytree. */

import { shortened, show } from '../../check.js';
import type { Cursor } from '../../state-dict/formats/program/cursor.js';
import type { Json } from '../../state-dict/formats/program/json.js';
import type { WorkBudget } from '../../state-dict/rules/work.js';

export type Tree =
  | { readonly kind: 'leaf' }
  | { readonly kind: 'list'; readonly items: readonly Tree[] }
  | { readonly kind: 'dict'; readonly keys: readonly string[]; readonly items: readonly Tree[] };

/** Classes of Python that are a list here. */
const LISTS = new Set(['builtins.tuple', 'builtins.list', 'collections.deque']);
const DICTS = new Set(['builtins.dict', 'collections.OrderedDict', 'collections.defaultdict']);
const NAMED_TUPLE = 'collections.namedtuple';

/** The version of the layout that torch 2.7 to 2.13 write. */
const VERSION = 1;

/**
 * Reads a tree from the JSON text in which torch keeps it, `[1, {type, context, children_spec}]`.
 *
 * @param parse  reads JSON text inside text.
 * @param fieldsOf  the names of the fields of a named tuple's class.
 * @param work  spent by the path of each leaf.
 */
export function readTree(
  spec: Cursor,
  parse: (text: Cursor) => Cursor,
  fieldsOf: (className: string) => readonly string[] | undefined,
  work: WorkBudget,
): Tree {
  const [version, root] = parse(spec).list();
  if (version?.value !== VERSION || root === undefined) throw spec.fault(`a tree of version ${VERSION}`);
  return readNode(root, 0);

  /** @param characters  of the path to the node. */
  function readNode(node: Cursor, characters: number): Tree {
    const type = node.optional('type')?.string();
    const children = node.get('children_spec').list();
    if (type === undefined) {
      work.spendName(characters);
      return { kind: 'leaf' };
    }
    const keys = keysOfNode(node, type);
    const items = children.map((child, i) =>
      readNode(child, characters + (keys?.[i] ?? String(i)).length + 1),
    );
    return keys ? dict(node, keys, items) : { kind: 'list', items };
  }

  /** Undefined for a list. */
  function keysOfNode(node: Cursor, type: string): readonly string[] | undefined {
    if (LISTS.has(type)) return undefined;
    if (DICTS.has(type)) return keysOf(node.get('context'));
    if (type === NAMED_TUPLE) return fieldsOf(node.get('context').string());
    throw node.fault('a list, tuple or dict', `a ${shortened(type)}`);
  }

  /** Keys of a dict may be any value of Python. */
  function keysOf(context: Cursor): string[] {
    const keys = parse(context).value;
    const list = Array.isArray(keys) ? (keys as readonly Json[]) : findKeys(keys);
    if (list === undefined) throw context.fault('a list of keys');
    return list.map((key) => (typeof key === 'string' ? key : String(key)));
  }
}

/** A defaultdict has a list of its keys beside its factory. */
function findKeys(context: Json): readonly Json[] | undefined {
  if (!(context instanceof Map)) return undefined;
  const keys = context.get('dict_context') ?? context.get('keys');
  return Array.isArray(keys) ? (keys as readonly Json[]) : undefined;
}

function dict(node: Cursor, keys: readonly string[], items: readonly Tree[]): Tree {
  if (keys.length !== items.length || new Set(keys).size !== keys.length)
    throw node.fault(`${items.length} different keys`, show(keys));
  return { kind: 'dict', keys, items };
}

export function countLeaves(tree: Tree): number {
  return tree.kind === 'leaf' ? 1 : tree.items.reduce((sum, item) => sum + countLeaves(item), 0);
}

/** The paths of the leaves, in order: `0`, `1.mask`. */
export function leafPaths(tree: Tree, nameOf: (i: number) => string = String): string[] {
  if (tree.kind === 'leaf') return [''];
  return tree.items.flatMap((item, i) => {
    const step = tree.kind === 'dict' ? (tree.keys[i] as string) : nameOf(i);
    return leafPaths(item).map((path) => (path === '' ? step : `${step}.${path}`));
  });
}

/** Puts values together as a tree says, in the order of its leaves. */
export function assemble<T>(tree: Tree, values: Iterator<T>): unknown {
  if (tree.kind === 'leaf') return values.next().value;
  const items = tree.items.map((item) => assemble(item, values));
  return tree.kind === 'list' ? items : Object.fromEntries(tree.keys.map((key, i) => [key, items[i]]));
}

/** The values that a tree puts together, in the order of its leaves. */
export function leavesOf(tree: Tree, value: unknown): unknown[] {
  if (tree.kind === 'leaf') return [value];
  const members = value as Readonly<Record<string, unknown>>;
  return tree.items.flatMap((item, i) =>
    leavesOf(item, members[tree.kind === 'list' ? i : (tree.keys[i] as string)]),
  );
}

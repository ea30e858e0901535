/** What the values of a pickle hold that are containers to Python: dicts, lists, sets and objects. */

import { asKind, type PickleCall, type PickleDict, type PickleValue } from '../pickle/values.js';
import { DICT_CLASSES, LIST_CLASSES, nameOfGlobal } from './globals.js';
import { invalid } from './invalid.js';

/**
 * Values by key, or in a row. It is the collection in the pickle itself, never a copy: many objects may share one, so that
 * copies would be more than the pickle holds.
 */
export type Content =
  | { readonly kind: 'entries'; readonly source: ReadonlyMap<PickleValue, PickleValue> }
  | { readonly kind: 'items'; readonly source: readonly PickleValue[] }
  /** Keys and values as lists of two, as Python 2 made an OrderedDict of. */
  | { readonly kind: 'pairs'; readonly source: readonly PickleValue[] };

/** What a value holds; undefined where it is no container. Attributes of dicts, such as `_metadata`, are not held. */
export function contentOf(value: PickleValue | undefined): Content | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  switch (value.kind) {
    case 'dict':
      return { kind: 'entries', source: value.entries };
    case 'list':
    case 'tuple':
    case 'set':
      return { kind: 'items', source: value.items };
    case 'call':
      return contentOfCall(value);
    default:
      return undefined;
  }
}

function contentOfCall(call: PickleCall): Content | undefined {
  const name = nameOfGlobal(call.callable) ?? '';
  if (DICT_CLASSES.has(name)) return contentOfDict(call);
  if (LIST_CLASSES.has(name)) return contentOfList(call);
  const attributes = attributesOf(call);
  if (call.entries) return { kind: 'entries', source: call.entries };
  if (call.items) return { kind: 'items', source: call.items };
  return attributes && { kind: 'entries', source: attributes.entries };
}

/** What was set by key, else what the dict was made of. Python writes one or the other. */
function contentOfDict(call: PickleCall): Content {
  const [given] = call.args.items;
  const list = asKind(given, 'list');
  // The argument of a defaultdict is a function.
  const made: Content = list
    ? { kind: 'pairs', source: list.items }
    : { kind: 'entries', source: asKind(given, 'dict')?.entries ?? new Map() };
  if (call.entries === undefined) return made;
  if (isEmpty(made)) return { kind: 'entries', source: call.entries };
  throw filledTwice(call);
}

/** What was appended or added, else what the list or set was made of. */
function contentOfList(call: PickleCall): Content {
  const made: Content = { kind: 'items', source: itemsOf(call.args.items[0]) ?? [] };
  if (call.items === undefined) return made;
  if (isEmpty(made)) return { kind: 'items', source: call.items };
  throw filledTwice(call);
}

/** Of a list, a tuple or a set itself: one made of a list made of a list might go on so without end. */
function itemsOf(value: PickleValue | undefined): readonly PickleValue[] | undefined {
  return (asKind(value, 'list') ?? asKind(value, 'tuple') ?? asKind(value, 'set'))?.items;
}

function filledTwice(call: PickleCall): Error {
  return invalid('INVALID_CHECKPOINT', 'pickle', 'a container filled when it is made, or later', call);
}

function isEmpty({ kind, source }: Content): boolean {
  return kind === 'entries' ? source.size === 0 : source.length === 0;
}

/** The attributes of an object, where its state is a dict; with `__slots__` it is one or two dicts in a tuple. */
function attributesOf({ state }: PickleCall): PickleDict | undefined {
  const pair = asKind(state, 'tuple')?.items;
  if (pair?.length !== 2) return asKind(state, 'dict');
  const plain = asKind(pair[0], 'dict');
  return plain !== undefined && plain.entries.size > 0 ? plain : asKind(pair[1], 'dict');
}

/** What `torch.nn.Module` keeps its weights and its parts in. */
const MODULE_ATTRIBUTES = ['_parameters', '_buffers', '_modules'];

/** The dicts of a module, whatever its class; undefined for every other value. */
export function moduleDicts(
  value: PickleValue,
): readonly ReadonlyMap<PickleValue, PickleValue>[] | undefined {
  const call = asKind(value, 'call');
  const attributes = call && attributesOf(call)?.entries;
  if (attributes === undefined || !attributes.has('_parameters')) return undefined;
  const dicts = MODULE_ATTRIBUTES.map((name) => contentOf(attributes.get(name)));
  const sources = dicts.flatMap((dict) => (dict?.kind === 'entries' ? [dict.source] : []));
  return sources.length === MODULE_ATTRIBUTES.length ? sources : undefined;
}

/** What the values of a pickle hold that are containers to Python: dicts, lists, sets and objects. */

import {
  asKind,
  type Changeable,
  isChangedAfter,
  type PickleCall,
  type PickleDict,
  type PickleList,
  type PickleTuple,
  type PickleValue,
} from '../pickle/values.js';
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

/** A dict made of a dict made of a dict: a pickle may go on so without end, and torch.save does not begin. */
const MAX_MADE_OF = 4;

/** What was set by key, else what the dict was made of. Python writes one or the other. */
function contentOfDict(call: PickleCall, madeOf = 0): Content {
  const made = madeContent(call, madeOf);
  if (call.entries === undefined) return made;
  if (isEmpty(made)) return { kind: 'entries', source: call.entries };
  throw filledTwice(call);
}

/** What a call of a class of dicts puts into the dict that it makes. */
function madeContent(call: PickleCall, madeOf: number): Content {
  const name = nameOfGlobal(call.callable);
  const { items } = call.args;
  // The first argument of a defaultdict is a function.
  const [given, ...others] = name === DEFAULT_DICT ? items.slice(1) : items;
  if (call.kwargs !== undefined || others.length > 0) throw unknownMaking(call);
  if (given === undefined || isEmptyTuple(given)) return { kind: 'entries', source: NOTHING };
  const dict = asKind(given, 'dict');
  if (dict) return { kind: 'entries', source: unchanged(dict, call).entries };
  // A Counter counts the items of these.
  const pairs = name === COUNTER ? undefined : (asKind(given, 'list') ?? asKind(given, 'tuple'));
  if (pairs && holdsWholePairs(unchanged(pairs, call))) return { kind: 'pairs', source: pairs.items };
  const other = asKind(given, 'call');
  if (other && madeOf < MAX_MADE_OF && DICT_CLASSES.has(nameOfGlobal(other.callable) ?? ''))
    return contentOfDict(unchanged(other, call), madeOf + 1);
  throw unknownMaking(call);
}

const DEFAULT_DICT = 'collections.defaultdict';
const COUNTER = 'collections.Counter';
const NOTHING: ReadonlyMap<PickleValue, PickleValue> = new Map();

function isEmptyTuple(value: PickleValue): boolean {
  return asKind(value, 'tuple')?.items.length === 0;
}

/** What has been found out of lists and tuples of pairs: many calls may be given the same one. */
const wholePairs = new WeakMap<PickleList | PickleTuple, boolean>();

/**
 * Whether no pair was changed after it stood in the list or tuple. A pair that is a list is whole before it stands in a list, as
 * Python 2 wrote them; in a tuple it might be changed at any time.
 */
function holdsWholePairs(list: PickleList | PickleTuple): boolean {
  let holds = wholePairs.get(list);
  if (holds === undefined) {
    const latest = list.kind === 'list' ? (list.changedAt ?? 0) : -1;
    holds = list.items.every((item) => {
      const pair = asKind(item, 'list');
      return pair === undefined || !isChangedAfter(pair, latest);
    });
    wholePairs.set(list, holds);
  }
  return holds;
}

/** What was appended or added, else what the list or set was made of. */
function contentOfList(call: PickleCall): Content {
  const [given, most] = call.args.items;
  const items = given === undefined ? [] : itemsOf(given, call);
  const made: Content = { kind: 'items', source: items };
  // A deque keeps the last ones of those that it has no room for.
  if (typeof most === 'number' && most < Math.max(items.length, call.items?.length ?? 0))
    throw unknownMaking(call);
  if (call.items === undefined) return made;
  if (isEmpty(made)) return { kind: 'items', source: call.items };
  throw filledTwice(call);
}

/** Of a list, a tuple or a set itself: one made of a list made of a list might go on so without end. */
function itemsOf(value: PickleValue, call: PickleCall): readonly PickleValue[] {
  const collection = asKind(value, 'list') ?? asKind(value, 'tuple') ?? asKind(value, 'set');
  if (collection === undefined) throw unknownMaking(call);
  return unchanged(collection, call).items;
}

/** What a call takes, which must be as it was when the call was made: what comes later is not in what it has made. */
function unchanged<T extends PickleValue & Changeable>(value: T, call: PickleCall): T {
  if (!isChangedAfter(value, call.calledAt)) return value;
  throw invalid('INVALID_CHECKPOINT', 'pickle', 'arguments that stay as they are', call);
}

function unknownMaking(call: PickleCall): Error {
  return invalid('INVALID_CHECKPOINT', 'pickle', 'a container made in a way that is known', call);
}

function filledTwice(call: PickleCall): Error {
  return invalid('INVALID_CHECKPOINT', 'pickle', 'a container filled when it is made, or later', call);
}

function isEmpty({ kind, source }: Content): boolean {
  return kind === 'entries' ? source.size === 0 : source.length === 0;
}

/** The attributes of an object, which are those that its state had when it was set. */
function attributesOf(call: PickleCall): PickleDict | undefined {
  const attributes = attributesIn(call.state);
  if (attributes === undefined || !isChangedAfter(attributes, call.builtAt ?? 0)) return attributes;
  throw invalid('INVALID_CHECKPOINT', 'pickle', 'attributes that stay as they are', call);
}

/** Those of a state that is a dict; with `__slots__` it is one or two dicts in a tuple. */
function attributesIn(state: PickleValue | undefined): PickleDict | undefined {
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

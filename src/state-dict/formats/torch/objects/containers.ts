/** The containers that state dicts and checkpoints are written as: dict, OrderedDict, defaultdict, list and tuple. */

import type { WorkBudget } from '../../../rules/work.js';
import { digitsOf } from '../../pickle/text.js';
import { asKind, isUnchangedSince, type PickleCall, type PickleValue } from '../../pickle/values.js';
import { nameOfGlobal } from './globals.js';

type Entries = ReadonlyMap<PickleValue, PickleValue>;
type Items = readonly PickleValue[];

/**
 * What a container holds: values by key, values in a row, or pairs of a key and a value. It is the collection in the pickle
 * itself, never a copy, since many values may share one.
 */
export type Content =
  | { readonly kind: 'entries'; readonly source: Entries }
  | { readonly kind: 'items'; readonly source: Items }
  | { readonly kind: 'pairs'; readonly source: Items; readonly changedAt?: number | undefined };

const NOTHING: Entries = new Map();

/** What a value holds; undefined where it is none of these containers, or is made in another way than Python writes them. */
export function contentOf(value: PickleValue): Content | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (value.kind === 'dict') return { kind: 'entries', source: value.entries };
  if (value.kind === 'list' || value.kind === 'tuple') return { kind: 'items', source: value.items };
  return value.kind === 'call' ? contentOfCall(value) : undefined;
}

/** Python 3 sets the items of an OrderedDict or defaultdict by key; Python 2 made an OrderedDict of a list of pairs. */
function contentOfCall(call: PickleCall): Content | undefined {
  const { callable, args, kwargs, items, entries } = call;
  if (kwargs !== undefined || items !== undefined) return undefined;
  const name = nameOfGlobal(callable);
  const [first, ...others] = args.items;
  if (others.length > 0) return undefined;
  if (name === 'collections.defaultdict') return { kind: 'entries', source: entries ?? NOTHING };
  if (name !== 'collections.OrderedDict') return undefined;
  if (first === undefined) return { kind: 'entries', source: entries ?? NOTHING };
  const pairs = asKind(first, 'list');
  if (pairs === undefined || !isUnchangedSince(pairs, call.calledAt) || entries !== undefined)
    return undefined;
  return { kind: 'pairs', source: pairs.items, changedAt: pairs.changedAt };
}

/**
 * The values of a container by name: items by their index, others by their key. Undefined where a key is neither a str nor an
 * int of at most 128 bits, or two keys have one name.
 */
export function namedValues(
  content: Content,
  work: WorkBudget,
): ReadonlyMap<string, PickleValue> | undefined {
  if (content.kind === 'items') {
    work.spend(content.source.length);
    return new Map(content.source.map((item, i) => [`${i}`, item]));
  }
  const entries = content.kind === 'entries' ? content.source : pairsOf(content.source, content.changedAt);
  if (entries === undefined) return undefined;
  const named = new Map<string, PickleValue>();
  for (const [key, value] of entries) {
    const name = nameOf(key);
    // 0 and '0' are two keys.
    if (name === undefined || named.has(name)) return undefined;
    work.spendName(name.length);
    named.set(name, value);
  }
  return named;
}

function nameOf(key: PickleValue): string | undefined {
  if (typeof key === 'string') return key;
  const int = asKind(key, 'int')?.value ?? key;
  return typeof int === 'number' || typeof int === 'bigint' ? digitsOf(int) : undefined;
}

/** A pair is complete before it is in the list; one that is changed later may have been another when the list was taken. */
function pairsOf(items: Items, changedAt = 0): readonly Items[] | undefined {
  const pairs = items.map((item) => (asKind(item, 'list') ?? asKind(item, 'tuple'))?.items ?? []);
  const areComplete = items.every((item) => isUnchangedSince(item, changedAt));
  return areComplete && pairs.every(({ length }) => length === 2) ? pairs : undefined;
}

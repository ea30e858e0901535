import { textOf } from '../pickle/text.js';
import { asKind, type PickleValue } from '../pickle/values.js';
import type { Content } from './containers.js';
import { invalid } from './invalid.js';

type Named = ReadonlyMap<string, PickleValue>;

/**
 * What a container holds, by text: items in a row by their place, others by their key. Keys that are no text, such as the
 * numbers of an optimizer, get the text that Python prints; one that another key has already is numbered: `0`, `0 (2)`.
 */
export function namedContent(content: Content): Named {
  if (content.kind === 'entries') return namedEntries(content.source);
  if (content.kind === 'pairs') return namedEntries(new Map(content.source.map(readPair)));
  return new Map(content.source.map((item, i) => [`${i}`, item]));
}

function readPair(pair: PickleValue): [PickleValue, PickleValue] {
  const items = asKind(pair, 'list')?.items ?? asKind(pair, 'tuple')?.items;
  if (items?.length === 2) return [items[0], items[1]];
  throw invalid('INVALID_CHECKPOINT', 'pickle', 'a key and a value in each item of a dict', pair);
}

function namedEntries(entries: ReadonlyMap<PickleValue, PickleValue>): Named {
  const named = new Map<string, PickleValue>();
  const uses = new Map<string, number>();
  const numbers = new Set<number | bigint>();
  for (const [key, value] of entries) {
    const number = asNumber(key);
    if (number !== undefined && numbers.size === numbers.add(number).size) {
      throw invalid('INVALID_CHECKPOINT', 'pickle', 'keys that differ to Python', key);
    }
    let name = typeof key === 'string' ? key : textOf(key);
    if (typeof key !== 'string') {
      const text = name;
      // A key that is text keeps its name, also where it comes later.
      while (entries.has(name) || named.has(name)) {
        const use = (uses.get(text) ?? 1) + 1;
        uses.set(text, use);
        name = `${text} (${use})`;
      }
    }
    named.set(name, value);
  }
  return named;
}

/** The number that a key is to Python, for which 1, 1.0 and True are one key; undefined of others. */
function asNumber(key: PickleValue): number | bigint | undefined {
  if (typeof key === 'boolean') return Number(key);
  if (typeof key === 'number' || typeof key === 'bigint') return key;
  const float = asKind(key, 'float')?.value;
  // No NaN is equal to another, and large whole floats are bigints here as ints are.
  if (float === undefined || Number.isNaN(float)) return undefined;
  return Number.isInteger(float) && !Number.isSafeInteger(float) ? BigInt(float) : float;
}

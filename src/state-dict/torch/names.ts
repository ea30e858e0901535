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
  for (const [key, value] of entries) {
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

import { show, showFirst } from '../../../check.js';
import { encodedText, isEncode } from './bytes.js';
import type { PickleCall, PickleValue } from './values.js';

/** Levels, and values of each level, in a text: the value may be of any size, or contain itself. */
const SHOWN_LEVELS = 2;
const SHOWN_ITEMS = 8;

/** Larger ints are not written out, which would cost the square of their length. */
const SHOWN_BITS = 128;

/** An int in decimal digits; undefined of more than 128 bits. */
export function digitsOf(value: number | bigint): string | undefined {
  if (typeof value === 'number') return `${value}`;
  return BigInt.asIntN(SHOWN_BITS, value) === value ? `${value}` : undefined;
}

/** Longest text: the texts in a value may be of control characters, which take six each. */
const SHOWN_CHARACTERS = 500;

/** A value as Python would write it, shortened. */
export function textOf(value: PickleValue): string {
  const text = textTo(value, SHOWN_LEVELS);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
}

function textTo(value: PickleValue, levels: number): string {
  if (value === null) return 'None';
  if (typeof value === 'string') return show(value);
  if (typeof value === 'number') return `${value}`;
  if (typeof value === 'bigint') return digitsOf(value) ?? 'a long int';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  switch (value.kind) {
    case 'float':
      return textOfFloat(value.value);
    case 'int':
      return textTo(value.value, levels);
    case 'bytes':
      return `${value.bytes.length} bytes`;
    case 'global':
      return SHORT_NAME.test(value.fullName) ? value.fullName : show(value.fullName);
    case 'list':
      return `[${textOfItems(value.items, levels)}]`;
    case 'tuple':
      return `(${textOfItems(value.items, levels)}${value.items.length === 1 ? ',' : ''})`;
    case 'set':
      return `{${textOfItems(value.items, levels)}}`;
    case 'dict':
      return `{${textOfEntries(value.entries, levels)}}`;
    case 'call':
      return textOfCall(value, levels);
    case 'persistent':
      return levels > 0 ? `persistent ${textTo(value.id, levels - 1)}` : 'persistent ...';
  }
}

const SHORT_NAME = /^[\w.<>]{1,80}$/;

// A callable may be the result of a call, at any depth.
function textOfCall(call: PickleCall, levels: number): string {
  const { callable, args } = call;
  const encoded = isEncode(call) ? encodedText(args.items) : undefined;
  if (encoded !== undefined) return `${encoded.length} bytes`;
  const name = levels > 0 ? textTo(callable, levels - 1) : '...';
  return `${name}(${textOfItems(args.items, levels)})`;
}

function textOfFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? value.toFixed(1) : `${value}`;
}

function textOfItems(items: readonly PickleValue[], levels: number): string {
  if (items.length === 0) return '';
  if (levels <= 0) return '...';
  return showFirst(items, (item) => textTo(item, levels - 1), SHOWN_ITEMS);
}

function textOfEntries(entries: ReadonlyMap<PickleValue, PickleValue>, levels: number): string {
  if (entries.size === 0) return '';
  if (levels <= 0) return '...';
  const shown: string[] = [];
  for (const [key, value] of entries) {
    if (shown.length === SHOWN_ITEMS) return `${shown.join(', ')}, ... ${entries.size} in all`;
    shown.push(`${textTo(key, levels - 1)}: ${textTo(value, levels - 1)}`);
  }
  return shown.join(', ');
}

/**
 * Tiny asserts for arguments. `where` is the function or class as the user calls it, `what` the argument.
 * TypeError for a wrong type, RangeError for a wrong value or shape; the message is built only on failure.
 */

import { didYouMean } from './spelling.js';

/** `<where>: <what>: expected <rule>, got <got>[. <remedy>]`, the one form of every message. */
export function message(where: string, what: string, rule: string, got: string, remedy?: string): string {
  return `${where}: ${what}: expected ${rule}, got ${got}${remedy ? `. ${remedy}` : ''}`;
}

/** A value as a message shows it: short, lists two deep at most, and unambiguous about its type. */
export function show(value: unknown): string {
  return showTo(2, value);
}

function showTo(depth: number, value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shortened(value));
  if (Array.isArray(value)) {
    if (depth === 0) return '[...]';
    const head = value
      .slice(0, 8)
      .map((entry) => showTo(depth - 1, entry))
      .join(', ');
    return value.length > 8 ? `[${head}, ... ${value.length} entries]` : `[${head}]`;
  }
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`;
  if (isPromise(value)) return 'a Promise (await it)';
  if (typeof value === 'object' && value !== null) return value.constructor?.name ?? 'object';
  return String(value);
}

/** By the name that it gives itself: it may be one of another window or worker. */
function isPromise(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Promise]';
}

/** Text of a file without quotes, of which a message shows the beginning. */
export function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** The first few of a list that a file may make thousands long, and its length where that is more. */
export function showFirst<T>(items: readonly T[], each: (item: T) => string, most = 8): string {
  const shown = items.slice(0, most).map(each).join(', ');
  return items.length > most ? `${shown}, ... ${items.length} in all` : shown;
}

/** A shape as a message shows it; null (unknown) prints as `?`. Shapes past 16 dimensions are shortened. */
export function showShape(shape: readonly (number | null)[]): string {
  const head = shape.slice(0, 16).map((size) => size ?? '?');
  return `[${head.join(', ')}${shape.length > 16 ? `, ... ${shape.length} dimensions` : ''}]`;
}

export function checkBoolean(where: string, what: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean') throw new TypeError(message(where, what, 'a boolean', show(value)));
}

export function checkFunction(where: string, what: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(message(where, what, 'a function', show(value)));
}

/** An integer of at least `min`. `note` is a remedy, in the words that users of other libraries search for. */
export function checkInteger(
  where: string,
  what: string,
  value: unknown,
  min: number,
  note?: string,
): asserts value is number {
  if (typeof value !== 'number') throw new TypeError(message(where, what, 'an integer', show(value), note));
  if (!Number.isInteger(value) || value < min)
    throw new RangeError(message(where, what, `an integer >= ${min}`, show(value), note));
}

/** One of a few words. `note` as in {@link checkInteger}. */
export function checkChoice<T>(
  where: string,
  what: string,
  value: unknown,
  choices: readonly T[],
  note?: string,
): asserts value is T {
  if (choices.includes(value as T)) return;
  throw new RangeError(message(where, what, `one of ${choices.join(', ')}`, show(value), note));
}

export function checkObject(where: string, what: string, value: unknown): asserts value is object {
  if (typeof value !== 'object' || value === null)
    throw new TypeError(message(where, what, 'an object', show(value)));
}

/**
 * Options must be an object without a key outside `known`, because a misspelt option would have no effect. `remedies`
 * says what to do in place of options that other libraries have.
 */
export function checkKeys(
  where: string,
  options: unknown,
  known: readonly string[],
  remedies: Readonly<Record<string, string>> = {},
): void {
  checkObject(where, 'options', options);
  if (Array.isArray(options)) throw new TypeError(message(where, 'options', 'an object', show(options)));
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const remedy = Object.hasOwn(remedies, key) ? remedies[key] : didYouMean(key, known);
    throw new TypeError(
      message(where, key, `one of ${known.join(', ')}`, `unknown option ${show(key)}`, remedy),
    );
  }
}

/** The plain attributes of a whole module, as data. */

import type { AttributeValue } from '../../../module-facts.js';
import { MAX_RANK } from '../../../rules/limits.js';
import type { WorkBudget } from '../../../rules/work.js';
import { asKind, type PickleValue } from '../../pickle/values.js';
import type { Attributes } from './modules.js';

/**
 * The attributes that are None, booleans, finite numbers, text, or tuples and lists of at most as many numbers as a tensor has dimensions;
 * without those of torch itself, `_parameters` and the like, and without the flag of the mode.
 *
 * @param work  spent by names and numbers: modules may share a long tuple.
 */
export function plainAttributes(
  attributes: Attributes,
  work: WorkBudget,
): ReadonlyMap<string, AttributeValue> {
  const plain = new Map<string, AttributeValue>();
  for (const [name, value] of attributes) {
    work.spend(1);
    if (typeof name !== 'string' || name.startsWith('_') || name === 'training') continue;
    const own = plainValue(value, work);
    if (own === undefined) continue;
    work.spendName(name.length);
    plain.set(name, own);
  }
  return plain;
}

function plainValue(value: PickleValue, work: WorkBudget): AttributeValue | undefined {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  const number = numberOf(value);
  if (number !== undefined) return number;
  const items = (asKind(value, 'tuple') ?? asKind(value, 'list'))?.items;
  if (items === undefined || items.length > MAX_RANK) return undefined;
  work.spend(items.length);
  const numbers = items.map(numberOf);
  return numbers.every((item) => item !== undefined) ? numbers : undefined;
}

/** A long int is an int that a number would round. */
function numberOf(value: PickleValue): number | undefined {
  const number = asKind(value, 'float')?.value ?? value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

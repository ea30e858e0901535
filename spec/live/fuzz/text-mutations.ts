/** Changes text so that it often stays well formed, and gets further into a reader than changed bytes. */

import type { Random } from '../../support/random.js';
import { type Donor, mutated } from './mutations.js';

const NUMBERS = [
  '0',
  '1',
  '2',
  '-1',
  '-0',
  '1.0',
  '2e0',
  '01',
  '1e999',
  '4294967296',
  '9007199254740991',
  '9007199254740993',
  '18446744073709551616',
  'NaN',
  'Infinity',
];

const STRINGS = [
  '"__proto__"',
  '"constructor"',
  '"__metadata__"',
  '"dtype"',
  '"shape"',
  '"data"',
  '"\\ud800"',
  '""',
];

const OTHERS = [...'[]{}",:\\\'()'.split(''), '[[[[', '\ufeff', ' ', 'null', 'true', 'false'];

/** Matches strings, numbers, words, and any other character by itself. */
const TOKEN = /"(?:[^"\\]|\\.)*"|'[^']*'|-?\d[\w.+-]*|[a-z_]+|[\s\S]/gi;

/** Matches the start of a token that is a value or a name. */
const VALUE = /^(["'].|-?\d|[a-z])/i;

const LONGEST_RUN = 12;

/** Changes words and numbers of a text, or its bytes. `words` are words of its format. */
export function mutatedText(
  bytes: Uint8Array,
  random: Random,
  donor: Donor,
  words: readonly string[] = [],
): Uint8Array {
  if (random.chance(0.2)) return mutated(bytes, random, donor);
  const tokens = Buffer.from(bytes).toString('latin1').match(TOKEN) ?? [''];
  do change(tokens, random, words);
  while (random.chance(0.4));
  return Buffer.from(tokens.join(''), 'latin1');
}

function change(tokens: string[], random: Random, words: readonly string[]): void {
  const kind = random.next();
  if (kind < 0.6) changeValue(tokens, random, words);
  else if (kind < 0.8) moveItem(tokens, random);
  else changeRun(tokens, random, words);
  if (tokens.length === 0) tokens.push('');
}

/** Replaces a value by another, mostly of the same kind. */
function changeValue(tokens: string[], random: Random, words: readonly string[]): void {
  const places = [...tokens.keys()].filter((i) => VALUE.test(tokens[i] ?? ''));
  if (places.length === 0) {
    changeRun(tokens, random, words);
    return;
  }
  const at = random.pick(places);
  const token = tokens[at] ?? '';
  if (random.chance(0.1)) tokens[at] = random.pick([...NUMBERS, ...STRINGS, ...OTHERS]);
  else if (/^-?\d/.test(token)) tokens[at] = random.pick(NUMBERS);
  else
    tokens[at] = random.pick([
      ...tokens.filter((one) => one.length > 1 && one[0] === token[0]),
      ...STRINGS,
      ...words,
    ]);
}

/** Removes an item of a list or a member, or copies it to another place. */
function moveItem(tokens: string[], random: Random): void {
  const commas = [...tokens.keys()].filter((i) => tokens[i] === ',');
  if (commas.length === 0) return;
  const at = random.pick(commas);
  const item = tokens.slice(at, endOfItem(tokens, at));
  if (random.chance(0.4)) tokens.splice(at, item.length);
  else tokens.splice(random.pick(commas), 0, ...item);
}

/** The range from a comma to the next comma of the same list, or to the end of the list. */
function endOfItem(tokens: readonly string[], comma: number): number {
  let depth = 0;
  for (let i = comma + 1; i < tokens.length; i++) {
    const token = tokens[i] ?? '';
    if (depth === 0 && /^[,\]})]$/.test(token)) return i;
    if (/^[[{(]$/.test(token)) depth++;
    else if (/^[\]})]$/.test(token)) depth--;
  }
  return tokens.length;
}

/** Removes or copies a run of tokens, or inserts one. */
function changeRun(tokens: string[], random: Random, words: readonly string[]): void {
  const at = random.integer(0, tokens.length - 1);
  const run = random.integer(1, LONGEST_RUN);
  const kind = random.integer(0, 2);
  if (kind === 0) tokens.splice(at, run);
  else if (kind === 1) tokens.splice(random.integer(0, tokens.length), 0, ...tokens.slice(at, at + run));
  else tokens.splice(at, 0, random.pick([...NUMBERS, ...STRINGS, ...OTHERS, ...words]));
}

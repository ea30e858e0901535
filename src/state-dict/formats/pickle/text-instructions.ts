/** The instructions of protocols 0 and 1, which write values as lines of text, and what Python 2 wrote. */

import { formatError } from '../../rules/format-codes.js';
import { latin1Of } from '../../tensors/bytes.js';
import { decoded } from './cursor.js';
import type { Machine } from './machine.js';
import { unescaped } from './text-escapes.js';
import type { PickleValue } from './values.js';

/** Digits of the longest int that the binary protocols may hold. */
const MAX_DIGITS = 2467;

/** Characters of a float. Python writes 24 at most. */
const MAX_FLOAT = 64;

/** The shortest lines of True and False, which an int cannot have. */
const BOOLEANS = new Map([
  ['00', false],
  ['01', true],
]);

/** Floats that JavaScript spells otherwise. */
const NOT_FINITE = new Map([
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
]);

export const TEXT_INSTRUCTIONS: readonly (readonly [
  opcode: number,
  name: string,
  run: (machine: Machine) => void,
])[] = [
  [0x49, 'INT', pushInt],
  [0x4c, 'LONG', (machine) => machine.push(integer(machine, machine.cursor.line().replace(/L$/, '')))],
  [0x46, 'FLOAT', pushFloat],
  [0x53, 'STRING', pushString],
  [0x56, 'UNICODE', (machine) => machine.push(unescaped(latin1Of(machine.cursor.lineBytes()), 'unicode'))],
  [0x64, 'DICT', pushDict],
  [0x6c, 'LIST', (machine) => machine.push({ kind: 'list', items: machine.popToMark() })],
  [0x67, 'GET', (machine) => machine.recall(index(machine))],
  [0x70, 'PUT', (machine) => machine.remember(index(machine))],
  [0x69, 'INST', instance],
  [0x6f, 'OBJ', object],
  [0x32, 'DUP', (machine) => machine.push(machine.top())],
];

function pushInt(machine: Machine): void {
  const line = machine.cursor.line();
  machine.push(BOOLEANS.get(line) ?? integer(machine, line));
}

function integer(machine: Machine, digits: string): number | bigint {
  if (digits.length > MAX_DIGITS) {
    throw formatError('TOO_LARGE', 'pickle', 'int', `at most ${MAX_DIGITS} digits`, `${digits.length}`);
  }
  // Python reads 010 as 8 in an INT, and not at all in a LONG.
  if (!/^[+-]?(0|[1-9]\d*)$/.test(digits)) throw machine.fault('a decimal integer', 'other text');
  const number = Number(digits);
  // -0 is 0, as an int has no sign of zero.
  return Number.isSafeInteger(number) ? number + 0 : BigInt(digits.replace('+', ''));
}

function pushFloat(machine: Machine): void {
  const line = machine.cursor.line();
  const isNumber = line.length <= MAX_FLOAT && /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(line);
  const value = NOT_FINITE.get(line) ?? (isNumber ? Number(line) : undefined);
  if (value === undefined) throw machine.fault('a float', 'other text');
  machine.push({ kind: 'float', value });
}

/** `repr` of a str of Python 2: bytes, which may be text. */
function pushString(machine: Machine): void {
  const line = latin1Of(machine.cursor.lineBytes()).trim();
  const quote = line[0];
  if (line.length < 2 || (quote !== "'" && quote !== '"') || line.at(-1) !== quote)
    throw machine.fault('a text in quotes', 'another line');
  const bytes = Uint8Array.from(unescaped(line.slice(1, -1), 'bytes'), (character) =>
    character.charCodeAt(0),
  );
  const value = decoded(bytes);
  machine.push(typeof value === 'string' ? value : { kind: 'bytes', bytes: value });
}

function pushDict(machine: Machine): void {
  const items = machine.popToMark();
  if (items.length % 2 !== 0) throw machine.fault('a value for each key', 'one less');
  // As for the empty dict: a Map takes more memory than any other value.
  machine.work.spend(1);
  const entries = new Map<PickleValue, PickleValue>();
  for (let i = 0; i < items.length; i += 2) machine.setItem(entries, items[i], items[i + 1]);
  machine.push({ kind: 'dict', entries });
}

function index(machine: Machine): number {
  const line = machine.cursor.line();
  if (!/^\d{1,9}$/.test(line)) throw machine.fault('an index of the memo', 'other text');
  return Number(line);
}

function instance(machine: Machine): void {
  const module = machine.cursor.line();
  const callable = machine.global(module, machine.cursor.line());
  machine.pushCall(callable, { kind: 'tuple', items: machine.popToMark() });
}

function object(machine: Machine): void {
  const [callable, ...args] = machine.popToMark();
  if (callable === undefined) throw machine.fault('a class', 'none');
  machine.pushCall(callable, { kind: 'tuple', items: args });
}

/** What each instruction does to the machine. Those that are missing here are refused. */

import { show } from '../../../check.js';
import type { Machine } from './machine.js';
import { floatOfText, intOfBytes, intOfText } from './numbers.js';
import { OPCODES, type OpcodeName } from './opcodes.js';
import { textOf } from './text.js';
import { asKind, type PickleCall, type PickleDict, type PickleTuple, type PickleValue } from './values.js';

type Instruction = (machine: Machine) => void;

/** The newest protocol that Python has. */
const MAX_PROTOCOL = 5;

/** Of an int: no seed, key or hash is larger, and to write one out in decimal costs the square of its length. */
const MAX_INT_BYTES = 1024;

/** The same in decimal digits, and a sign. */
const MAX_INT_DIGITS = 2466;

const CONSTANTS: Partial<Record<OpcodeName, Instruction>> = {
  NONE: (machine) => machine.push(null),
  NEWTRUE: (machine) => machine.push(true),
  NEWFALSE: (machine) => machine.push(false),
  BININT: (machine) => machine.push(machine.cursor.int32()),
  BININT1: (machine) => machine.push(machine.cursor.uint8()),
  BININT2: (machine) => machine.push(machine.cursor.uint16()),
  LONG1: (machine) => pushLong(machine, machine.cursor.uint8()),
  LONG4: (machine) => pushLong(machine, machine.cursor.uint32()),
  BINFLOAT: (machine) => machine.push({ kind: 'float', value: machine.cursor.float64() }),
  BINUNICODE: (machine) => machine.push(machine.cursor.text(machine.cursor.uint32())),
  SHORT_BINUNICODE: (machine) => machine.push(machine.cursor.text(machine.cursor.uint8())),
  BINSTRING: (machine) => pushString(machine, machine.cursor.uint32()),
  SHORT_BINSTRING: (machine) => pushString(machine, machine.cursor.uint8()),
  BINBYTES: (machine) => pushBytes(machine, machine.cursor.uint32()),
  SHORT_BINBYTES: (machine) => pushBytes(machine, machine.cursor.uint8()),
  // A bytearray, and with protocol 5 the elements of NumPy's arrays.
  BYTEARRAY8: (machine) => pushBytes(machine, machine.cursor.uint64()),
};

/** Values as lines of text, as protocol 0 writes them. */
const LINES: Partial<Record<OpcodeName, Instruction>> = {
  INT: (machine) => pushInt(machine, machine.cursor.latin1Line()),
  // Python 2 ends a long with an L.
  LONG: (machine) => machine.push(intOfLine(machine, machine.cursor.latin1Line().replace(/L$/, ''))),
  FLOAT: pushFloat,
  UNICODE: pushUnicode,
};

const CONTAINERS: Partial<Record<OpcodeName, Instruction>> = {
  EMPTY_TUPLE: (machine) => machine.push(tuple([])),
  TUPLE1: (machine) => machine.push(tuple(machine.popMany(1))),
  TUPLE2: (machine) => machine.push(tuple(machine.popMany(2))),
  TUPLE3: (machine) => machine.push(tuple(machine.popMany(3))),
  TUPLE: (machine) => machine.push(tuple(machine.popToMark())),
  EMPTY_LIST: (machine) => machine.push({ kind: 'list', items: [] }),
  LIST: (machine) => machine.push({ kind: 'list', items: machine.popToMark(), changedAt: machine.time }),
  APPEND: (machine) => addItems(machine, 'list', machine.popMany(1)),
  APPENDS: (machine) => addItems(machine, 'list', machine.popToMark()),
  EMPTY_SET: (machine) => machine.push({ kind: 'set', items: [] }),
  FROZENSET: (machine) => machine.push({ kind: 'set', items: machine.popToMark() }),
  ADDITEMS: (machine) => addItems(machine, 'set', machine.popToMark()),
  EMPTY_DICT: (machine) => machine.push({ kind: 'dict', entries: new Map() }),
  DICT: (machine) => {
    const items = machine.popToMark();
    const dict: PickleDict = { kind: 'dict', entries: new Map() };
    machine.push(dict);
    setEntries(machine, dict.entries, items);
  },
  SETITEM: (machine) => setItems(machine, machine.popMany(2)),
  SETITEMS: (machine) => setItems(machine, machine.popToMark()),
};

const OBJECTS: Partial<Record<OpcodeName, Instruction>> = {
  GLOBAL: (machine) => {
    const module = machine.cursor.line();
    machine.push(machine.global(module, machine.cursor.line()));
  },
  STACK_GLOBAL: (machine) => {
    const [module, name] = machine.popMany(2);
    if (typeof module !== 'string' || typeof name !== 'string') {
      throw unfit(machine, 'two strings', tuple([module, name]));
    }
    machine.push(machine.global(module, name));
  },
  REDUCE: call,
  NEWOBJ: call,
  NEWOBJ_EX: (machine) => {
    const kwargs = machine.pop();
    if (!asKind(kwargs, 'dict')) throw unfit(machine, 'a dict of keywords', kwargs);
    call(machine, kwargs);
  },
  BUILD: (machine) => {
    const state = machine.pop();
    const target = asKind(machine.top(), 'call');
    if (!target) throw unfit(machine, 'an object to set the state of', machine.top());
    if (target.state !== undefined) throw unfit(machine, 'an object without a state', target);
    target.state = state;
    target.builtAt = machine.time;
  },
  BINPERSID: (machine) => {
    const value = { kind: 'persistent', id: machine.pop() } as const;
    machine.persistent.push(value);
    machine.push(value);
  },
};

const STACK: Partial<Record<OpcodeName, Instruction>> = {
  MARK: (machine) => machine.pushMark(),
  POP: (machine) => machine.discard(),
  POP_MARK: (machine) => void machine.popToMark(),
  DUP: (machine) => machine.push(machine.top()),
  PUT: (machine) => machine.remember(indexOfLine(machine)),
  BINPUT: (machine) => machine.remember(machine.cursor.uint8()),
  LONG_BINPUT: (machine) => machine.remember(machine.cursor.uint32()),
  MEMOIZE: (machine) => machine.rememberNext(),
  GET: (machine) => machine.recall(indexOfLine(machine)),
  BINGET: (machine) => machine.recall(machine.cursor.uint8()),
  LONG_BINGET: (machine) => machine.recall(machine.cursor.uint32()),
  PROTO: (machine) => {
    const protocol = machine.cursor.uint8();
    if (protocol > MAX_PROTOCOL) {
      throw machine.fail('INVALID_PICKLE', `a protocol up to ${MAX_PROTOCOL}`, `${protocol}`);
    }
  },
  FRAME: (machine) => {
    const length = machine.cursor.uint64();
    if (length > machine.cursor.bytes.length - machine.cursor.position) throw machine.cursor.truncated();
  },
};

/** By opcode. */
export const INSTRUCTIONS: readonly (Instruction | undefined)[] = table();

function table(): (Instruction | undefined)[] {
  const all = { ...CONSTANTS, ...LINES, ...CONTAINERS, ...OBJECTS, ...STACK };
  const byOpcode = new Array<Instruction | undefined>(256);
  for (const [name, run] of Object.entries(all)) byOpcode[OPCODES[name as OpcodeName]] = run;
  return byOpcode;
}

function tuple(items: PickleValue[]): PickleTuple {
  return { kind: 'tuple', items };
}

function unfit(machine: Machine, rule: string, got: PickleValue): Error {
  return machine.fail('INVALID_PICKLE', rule, textOf(got));
}

function pushLong(machine: Machine, length: number): void {
  if (length > MAX_INT_BYTES) {
    throw machine.fail('PICKLE_LIMIT', `an int of at most ${MAX_INT_BYTES} bytes`, `${length}`);
  }
  machine.push(intOfBytes(machine.cursor.take(length)));
}

function pushString(machine: Machine, length: number): void {
  const value = machine.cursor.textOrBytes(length);
  machine.push(typeof value === 'string' ? value : { kind: 'bytes', bytes: value });
}

function pushBytes(machine: Machine, length: number): void {
  machine.push({ kind: 'bytes', bytes: machine.cursor.take(length) });
}

/** An int, or a bool as Python 2 wrote it: with a zero before it. */
function pushInt(machine: Machine, line: string): void {
  if (line === '00' || line === '01') machine.push(line === '01');
  else machine.push(intOfLine(machine, line));
}

function intOfLine(machine: Machine, line: string): number | bigint {
  if (line.length > MAX_INT_DIGITS) {
    throw machine.fail('PICKLE_LIMIT', `an int of at most ${MAX_INT_DIGITS} characters`, `${line.length}`);
  }
  const int = intOfText(line);
  if (int === undefined) throw machine.fail('INVALID_PICKLE', 'an int in decimal digits', show(line));
  return int;
}

function pushFloat(machine: Machine): void {
  const line = machine.cursor.latin1Line();
  const value = floatOfText(line);
  if (value === undefined) throw machine.fail('INVALID_PICKLE', 'a float as text', show(line));
  machine.push({ kind: 'float', value });
}

/** Latin-1, and `\uXXXX` or `\UXXXXXXXX` for what has no place in it. */
function pushUnicode(machine: Machine): void {
  const line = machine.cursor.latin1Line();
  const text = line.replace(/\\u([\da-fA-F]{4})|\\U([\da-fA-F]{8})/g, (_, short?: string, long?: string) => {
    const point = Number.parseInt(short ?? (long as string), 16);
    if (point > 0x10ffff) throw machine.fail('INVALID_UTF8', 'characters of Unicode', show(line));
    return String.fromCodePoint(point);
  });
  if (/\p{Surrogate}/u.test(text)) throw machine.fail('INVALID_UTF8', 'characters of Unicode', show(line));
  machine.push(text);
}

function indexOfLine(machine: Machine): number {
  const line = machine.cursor.latin1Line();
  if (/^\d{1,10}$/.test(line)) return Number(line);
  throw machine.fail('INVALID_PICKLE', 'the number of a value in the memo', show(line));
}

/** `callable(*args)`, and for NEWOBJ `cls.__new__(cls, *args)`: a record of it, whatever is called. */
function call(machine: Machine, kwargs?: PickleValue): void {
  const [callable, args] = machine.popMany(2);
  const values = asKind(args, 'tuple');
  if (!values) throw unfit(machine, 'a tuple of arguments', args);
  const made: PickleCall = { kind: 'call', calledAt: machine.time, callable, args: values };
  machine.push(kwargs === undefined ? made : { ...made, kwargs });
}

/** Adds to the list or set on top, or to an object that behaves like one. */
function addItems(machine: Machine, kind: 'list' | 'set', items: readonly PickleValue[]): void {
  const top = machine.top();
  const object = asKind(top, 'call');
  if (object) object.items ??= [];
  const target = object ?? asKind(top, kind);
  const into = target?.items;
  if (!into) throw unfit(machine, `a ${kind} to add to`, top);
  target.changedAt = machine.time;
  // Not push(...items): a call takes fewer arguments than a list may have items.
  for (const item of items) into.push(item);
}

function setItems(machine: Machine, items: readonly PickleValue[]): void {
  const top = machine.top();
  const object = asKind(top, 'call');
  if (object) object.entries ??= new Map();
  const target = object ?? asKind(top, 'dict');
  const into = target?.entries;
  if (!into) throw unfit(machine, 'a dict to set items of', top);
  target.changedAt = machine.time;
  setEntries(machine, into, items);
}

/** Keys and values in turns. */
function setEntries(
  machine: Machine,
  into: Map<PickleValue, PickleValue>,
  items: readonly PickleValue[],
): void {
  if (items.length % 2 !== 0) throw machine.fail('INVALID_PICKLE', 'a value for each key', 'one less');
  for (let i = 0; i < items.length; i += 2) into.set(items[i], items[i + 1]);
}

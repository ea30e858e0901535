/**
 * What each instruction does to the machine.
 *
 * @see https://github.com/python/cpython/blob/main/Lib/pickletools.py
 */

import type { Machine } from './machine.js';
import { textOf } from './text.js';
import { TEXT_INSTRUCTIONS } from './text-instructions.js';
import { asKind, type PickleTuple, type PickleValue } from './values.js';

export interface Instruction {
  readonly name: string;
  run(machine: Machine): void;
}

/** The newest protocol that Python has. */
const MAX_PROTOCOL = 5;

/** The instruction that ends a pickle. */
export const STOP = 0x2e;

const TABLE: readonly (readonly [opcode: number, name: string, run: (machine: Machine) => void])[] = [
  // Constants.
  [0x4e, 'NONE', (machine) => machine.push(null)],
  [0x88, 'NEWTRUE', (machine) => machine.push(true)],
  [0x89, 'NEWFALSE', (machine) => machine.push(false)],
  [0x4a, 'BININT', (machine) => machine.push(machine.cursor.int32())],
  [0x4b, 'BININT1', (machine) => machine.push(machine.cursor.uint8())],
  [0x4d, 'BININT2', (machine) => machine.push(machine.cursor.uint16())],
  [0x8a, 'LONG1', (machine) => machine.push(machine.cursor.integer(machine.cursor.uint8()))],
  [0x8b, 'LONG4', (machine) => machine.push(machine.cursor.integer(machine.cursor.uint32()))],
  [0x47, 'BINFLOAT', (machine) => machine.push({ kind: 'float', value: machine.cursor.float64() })],
  [0x58, 'BINUNICODE', (machine) => machine.push(machine.cursor.text(machine.cursor.uint32()))],
  [0x8d, 'BINUNICODE8', (machine) => machine.push(machine.cursor.text(machine.cursor.uint64()))],
  [0x8c, 'SHORT_BINUNICODE', (machine) => machine.push(machine.cursor.text(machine.cursor.uint8()))],
  [0x54, 'BINSTRING', (machine) => pushString(machine, machine.cursor.uint32())],
  [0x55, 'SHORT_BINSTRING', (machine) => pushString(machine, machine.cursor.uint8())],
  [0x42, 'BINBYTES', (machine) => pushBytes(machine, machine.cursor.uint32())],
  [0x43, 'SHORT_BINBYTES', (machine) => pushBytes(machine, machine.cursor.uint8())],
  [0x8e, 'BINBYTES8', (machine) => pushBytes(machine, machine.cursor.uint64())],
  // A bytearray, and in protocol 5 the elements of NumPy's arrays.
  [0x96, 'BYTEARRAY8', (machine) => pushBytes(machine, machine.cursor.uint64())],

  // Containers.
  [0x29, 'EMPTY_TUPLE', (machine) => machine.push(tuple([]))],
  [0x85, 'TUPLE1', (machine) => machine.push(tuple(machine.popMany(1)))],
  [0x86, 'TUPLE2', (machine) => machine.push(tuple(machine.popMany(2)))],
  [0x87, 'TUPLE3', (machine) => machine.push(tuple(machine.popMany(3)))],
  [0x74, 'TUPLE', (machine) => machine.push(tuple(machine.popToMark()))],
  [0x5d, 'EMPTY_LIST', (machine) => machine.push({ kind: 'list', items: [] })],
  [0x61, 'APPEND', (machine) => addItems(machine, 'list', machine.popMany(1))],
  [0x65, 'APPENDS', (machine) => addItems(machine, 'list', machine.popToMark())],
  [0x8f, 'EMPTY_SET', (machine) => machine.push({ kind: 'set', items: [] })],
  [0x91, 'FROZENSET', (machine) => machine.push({ kind: 'set', items: machine.popToMark() })],
  [0x90, 'ADDITEMS', (machine) => addItems(machine, 'set', machine.popToMark())],
  [0x7d, 'EMPTY_DICT', pushDict],
  [0x73, 'SETITEM', (machine) => setItems(machine, machine.popMany(2))],
  [0x75, 'SETITEMS', (machine) => setItems(machine, machine.popToMark())],

  // Objects.
  [0x63, 'GLOBAL', pushGlobal],
  [0x93, 'STACK_GLOBAL', pushStackGlobal],
  [0x52, 'REDUCE', call],
  [0x81, 'NEWOBJ', call],
  [0x92, 'NEWOBJ_EX', callWithKeywords],
  [0x62, 'BUILD', setState],
  [0x51, 'BINPERSID', pushPersistent],

  // The stack and the memo.
  [0x28, 'MARK', (machine) => machine.pushMark()],
  [0x30, 'POP', (machine) => machine.discard()],
  [0x31, 'POP_MARK', (machine) => void machine.popToMark()],
  [0x71, 'BINPUT', (machine) => machine.remember(machine.cursor.uint8())],
  [0x72, 'LONG_BINPUT', (machine) => machine.remember(machine.cursor.uint32())],
  [0x94, 'MEMOIZE', (machine) => machine.rememberNext()],
  [0x68, 'BINGET', (machine) => machine.recall(machine.cursor.uint8())],
  [0x6a, 'LONG_BINGET', (machine) => machine.recall(machine.cursor.uint32())],
  [0x80, 'PROTO', checkProtocol],
  [0x95, 'FRAME', checkFrame],
];

/** By opcode. An opcode that is missing here is refused. */
export const INSTRUCTIONS: readonly (Instruction | undefined)[] = byOpcode();

function byOpcode(): (Instruction | undefined)[] {
  const instructions = new Array<Instruction | undefined>(256);
  for (const [opcode, name, run] of [...TABLE, ...TEXT_INSTRUCTIONS]) instructions[opcode] = { name, run };
  return instructions;
}

/** The name of an opcode in messages; its byte where it is not one of these. */
export function nameOfOpcode(opcode: number): string {
  if (opcode === STOP) return 'STOP';
  return INSTRUCTIONS[opcode]?.name ?? `0x${opcode.toString(16).padStart(2, '0')}`;
}

function tuple(items: PickleValue[]): PickleTuple {
  return { kind: 'tuple', items };
}

function unfit(machine: Machine, rule: string, got: PickleValue): Error {
  return machine.fault(rule, textOf(got));
}

function pushString(machine: Machine, length: number): void {
  const value = machine.cursor.textOrBytes(length);
  machine.push(typeof value === 'string' ? value : { kind: 'bytes', bytes: value });
}

function pushBytes(machine: Machine, length: number): void {
  machine.push({ kind: 'bytes', bytes: machine.cursor.take(length) });
}

function pushDict(machine: Machine): void {
  machine.push({ kind: 'dict', entries: newEntries(machine) });
}

/** An empty Map takes more memory than any other value. */
function newEntries(machine: Machine): Map<PickleValue, PickleValue> {
  machine.work.spend(1);
  return new Map();
}

function pushGlobal(machine: Machine): void {
  const module = machine.cursor.line();
  machine.push(machine.global(module, machine.cursor.line()));
}

function pushStackGlobal(machine: Machine): void {
  const [module, name] = machine.popMany(2);
  if (typeof module !== 'string' || typeof name !== 'string') {
    throw unfit(machine, 'two strings', tuple([module, name]));
  }
  machine.push(machine.global(module, name));
}

function callWithKeywords(machine: Machine): void {
  const kwargs = machine.pop();
  if (!asKind(kwargs, 'dict')) throw unfit(machine, 'a dict of keywords', kwargs);
  call(machine, kwargs);
}

function setState(machine: Machine): void {
  const state = machine.pop();
  const target = asKind(machine.top(), 'call');
  if (!target) throw unfit(machine, 'an object to set the state of', machine.top());
  if (target.state !== undefined) throw unfit(machine, 'an object without a state', target);
  target.state = state;
  target.stateAt = machine.cursor.position;
  target.changedAt = machine.cursor.position;
}

function pushPersistent(machine: Machine): void {
  const value = { kind: 'persistent', id: machine.pop() } as const;
  machine.persistent.push(value);
  machine.push(value);
}

function checkProtocol(machine: Machine): void {
  const protocol = machine.cursor.uint8();
  if (protocol > MAX_PROTOCOL) {
    throw machine.fault(`a protocol up to ${MAX_PROTOCOL}`, `${protocol}`);
  }
}

function checkFrame(machine: Machine): void {
  const length = machine.cursor.uint64();
  if (length > machine.cursor.bytes.length - machine.cursor.position) throw machine.cursor.truncated();
}

function call(machine: Machine, kwargs?: PickleValue): void {
  const [callable, args] = machine.popMany(2);
  const values = asKind(args, 'tuple');
  if (!values) throw unfit(machine, 'a tuple of arguments', args);
  machine.pushCall(callable, values, kwargs);
}

/** Adds to the list or set on top, or to an object that behaves like one. */
function addItems(machine: Machine, kind: 'list' | 'set', items: readonly PickleValue[]): void {
  const top = machine.top();
  const object = asKind(top, 'call');
  if (object) object.items ??= [];
  const target = object ?? asKind(top, kind);
  const into = target?.items;
  if (!target || !into) throw unfit(machine, `a ${kind} to add to`, top);
  target.changedAt = machine.cursor.position;
  if (object) machine.filled.add(object);
  // Not push(...items): a call takes fewer arguments than a list may have items.
  for (const item of items) into.push(item);
}

function setItems(machine: Machine, items: readonly PickleValue[]): void {
  const top = machine.top();
  const object = asKind(top, 'call');
  if (object) object.entries ??= newEntries(machine);
  const target = object ?? asKind(top, 'dict');
  const into = target?.entries;
  if (!target || !into) throw unfit(machine, 'a dict to set items of', top);
  target.changedAt = machine.cursor.position;
  if (object) machine.filled.add(object);
  // Keys and values in turns.
  if (items.length % 2 !== 0) throw machine.fault('a value for each key', 'one less');
  for (let i = 0; i < items.length; i += 2) machine.setItem(into, items[i], items[i + 1]);
}

/** Pickles as lists of instructions, so that a changed pickle is still a pickle. */

import { Cursor } from '../../../src/state-dict/formats/pickle/cursor.js';
import { INSTRUCTIONS, nameOfOpcode, STOP } from '../../../src/state-dict/formats/pickle/instructions.js';
import { Machine } from '../../../src/state-dict/formats/pickle/machine.js';
import { workFor } from '../../state-dict/support.js';
import type { Random } from '../../support/random.js';
import { mutated } from './mutations.js';

/** Instructions of an attacker's pickles, and those that the machine counts. */
const HOSTILE: readonly Uint8Array[] = [
  'cos\nsystem\n',
  'cbuiltins\neval\n',
  'cposix\nsystem\n',
  'ctorch._utils\n_rebuild_tensor_v2\n',
  'ctorch._utils\n_rebuild_parameter\n',
  'ctorch\nFloatStorage\n',
  'ccollections\nOrderedDict\n',
  '(',
  ')',
  '}',
  ']',
  '0',
  '1',
  '2',
  'N',
  'R',
  'b',
  'Q',
  't',
  'd',
  'l',
  's',
  'u',
  'a',
  'e',
  '\x81',
  '\x85',
  '\x86',
  '\x87',
  '\x90',
  '\x92',
  '\x93',
  '\x94',
  'h\x00',
  'h\x05',
  'q\x00',
  'j\xff\xff\xff\xff',
  'r\xff\xff\xff\x7f',
  'J\xff\xff\xff\x7f',
  'J\xff\xff\xff\xff',
  '\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f',
  '\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01',
  'X\x09\x00\x00\x00__proto__',
  'X\xff\xff\xff\xff',
  'cos\nsystem\nX\x04\x00\x00\x00true\x85R',
].map((text) => Buffer.from(text, 'latin1'));

/** A file that begins with pickles, taken apart. */
export interface Pickles {
  /** One instruction each, STOP included. */
  readonly instructions: readonly Uint8Array[];
  /** The bytes after the last pickle. */
  readonly rest: Uint8Array;
}

/** Takes apart the first `count` pickles of a file that is sound. */
export function takeApart(bytes: Uint8Array, count = 1): Pickles {
  const instructions: Uint8Array[] = [];
  let begin = 0;
  for (let i = 0; i < count; i++) {
    const machine = new Machine(new Cursor(bytes, begin, 'fuzz', nameOfOpcode), workFor(bytes.length));
    for (let opcode: number | undefined; opcode !== STOP; begin = machine.cursor.position) {
      opcode = machine.cursor.opcode();
      if (opcode !== STOP) INSTRUCTIONS[opcode]?.run(machine);
      instructions.push(bytes.subarray(begin, machine.cursor.position));
    }
  }
  return { instructions, rest: bytes.subarray(begin) };
}

/** Removes, doubles, moves, changes or inserts one or a few instructions. */
export function mutatedPickles({ instructions, rest }: Pickles, random: Random, donor: Pickles): Uint8Array {
  const changed = [...instructions];
  do change(changed, random, donor.instructions);
  while (random.chance(0.5));
  return Buffer.concat([...changed, rest]);
}

function change(list: Uint8Array[], random: Random, others: readonly Uint8Array[]): void {
  const at = random.integer(0, list.length - 1);
  const own = list[at] ?? new Uint8Array(0);
  const run = random.integer(1, 6);
  switch (random.integer(0, 6)) {
    case 0:
      list.splice(at, run);
      break;
    case 1:
      list.splice(random.integer(0, list.length), 0, ...list.slice(at, at + run));
      break;
    case 2:
      list.splice(at, 1, random.pick(list));
      break;
    case 3:
      list.splice(at, 1, mutated(own, random));
      break;
    case 4: {
      const from = random.integer(0, others.length - 1);
      list.splice(at, random.integer(0, 1), ...others.slice(from, from + run));
      break;
    }
    default:
      list.splice(at, random.integer(0, 1), random.pick(HOSTILE));
  }
  if (list.length === 0) list.push(own);
}

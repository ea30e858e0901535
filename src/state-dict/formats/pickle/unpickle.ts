import type { WorkBudget } from '../../rules/work.js';
import { Cursor } from './cursor.js';
import { INSTRUCTIONS, nameOfOpcode, STOP } from './instructions.js';
import { Machine } from './machine.js';
import type { PickleCall, PickleGlobal, PicklePersistent, PickleValue } from './values.js';

export interface UnpickleOptions {
  /** Spent by instructions, a step each, and by names. */
  readonly work: WorkBudget;
  /** Where the pickle begins in the bytes. @default 0 */
  readonly begin?: number;
  /** The name of the bytes in messages. */
  readonly what: string;
}

export interface Unpickled {
  readonly root: PickleValue;
  /** Where the pickle ends in the bytes. */
  readonly end: number;
  /** Every class and function that the pickle names, used or not. */
  readonly globals: readonly PickleGlobal[];
  /** Every reference to something outside the pickle, in the order of the pickle. */
  readonly persistent: readonly PicklePersistent[];
  /** Every call whose result is given items, used or not. */
  readonly filled: ReadonlySet<PickleCall>;
}

/**
 * Reads one pickle into inert values. It calls nothing, imports nothing and looks no name up: an instruction to call makes a
 * record of the call, so a hostile pickle is data like any other.
 *
 * It knows the instructions that the protocols 2 to 5 use for data, and refuses all others.
 *
 * @throws FormatError when the pickle is cut short or breaks a rule, with the instruction, or asks for more work than its file may.
 */
export function unpickle(bytes: Uint8Array, { work, begin = 0, what }: UnpickleOptions): Unpickled {
  const cursor = new Cursor(bytes, begin, what, nameOfOpcode);
  const machine = new Machine(cursor, work);
  for (;;) {
    const opcode = cursor.opcode();
    work.spend(1);
    if (opcode === STOP) break;
    const instruction = INSTRUCTIONS[opcode];
    if (instruction === undefined)
      throw cursor.fault('an instruction that builds data', nameOfOpcode(opcode));
    instruction.run(machine);
  }
  return {
    root: machine.finish(),
    end: cursor.position,
    globals: [...machine.globals.values()],
    persistent: machine.persistent,
    filled: machine.filled,
  };
}

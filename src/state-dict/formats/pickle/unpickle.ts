import type { ReadLimits } from '../../rules/limits.js';
import { Cursor } from './cursor.js';
import { INSTRUCTIONS, nameOfOpcode, STOP } from './instructions.js';
import { Machine } from './machine.js';
import type { PickleGlobal, PicklePersistent, PickleValue } from './values.js';

/**
 * Bytes of a pickle for each instruction that may run. A tensor takes about 35 instructions in 300 bytes; the empty dict of one
 * byte takes 250 bytes of memory.
 */
const BYTES_PER_INSTRUCTION = 16;

/** Instructions that any pickle may run, however small the limit on its bytes. */
const FREE_INSTRUCTIONS = 1 << 16;

export interface UnpickleOptions {
  readonly limits: Pick<Required<ReadLimits>, 'maxPickleBytes'>;
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
}

/**
 * Reads one pickle into inert values. It calls nothing, imports nothing and looks no name up: an instruction to call makes a
 * record of the call, so a hostile pickle is data like any other.
 *
 * It knows the instructions that the protocols 2 to 5 use for data, and refuses all others.
 *
 * @throws FormatError when the pickle is cut short, breaks a rule or exceeds a limit; the message names the instruction.
 */
export function unpickle(bytes: Uint8Array, { limits, begin = 0, what }: UnpickleOptions): Unpickled {
  const cursor = new Cursor(bytes, begin, what, nameOfOpcode);
  const most = Math.max(FREE_INSTRUCTIONS, Math.ceil(limits.maxPickleBytes / BYTES_PER_INSTRUCTION));
  const machine = new Machine(cursor);
  for (let count = 1; ; count++) {
    const opcode = cursor.opcode();
    if (count > most) {
      const remedy = 'Raise limits.maxPickleBytes to read it';
      throw cursor.fail('TOO_LARGE', `at most ${most} instructions`, 'more', remedy);
    }
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
  };
}

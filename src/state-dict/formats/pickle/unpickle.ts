import type { PickleLimits } from '../../rules/limits.js';
import { INSTRUCTIONS } from './instructions.js';
import { Machine } from './machine.js';
import { nameOfOpcode, OPCODES } from './opcodes.js';
import type { PickleGlobal, PicklePersistent, PickleValue } from './values.js';

export interface UnpickleOptions {
  readonly limits: Required<PickleLimits>;
  /** Where the pickle begins in the bytes. @default 0 */
  readonly begin?: number;
  /** How messages call the bytes. */
  readonly what: string;
}

export interface Unpickled {
  readonly root: PickleValue;
  /** Where what follows the pickle begins. */
  readonly end: number;
  /** Every class and function that the pickle names, used or not. */
  readonly globals: readonly PickleGlobal[];
  /** Every reference to something beside the pickle, in the order they are made. */
  readonly persistent: readonly PicklePersistent[];
}

/**
 * Reads one pickle into inert values. It calls nothing, imports nothing and looks no name up: an instruction to call makes a
 * record of the call, so a hostile pickle is data like any other.
 *
 * Known are the instructions of the protocols 0 to 5 that Python and torch write for data; the others are refused.
 *
 * @throws FormatError when the pickle breaks off, breaks a rule or goes past a limit; the message names the instruction.
 */
export function unpickle(bytes: Uint8Array, { limits, begin = 0, what }: UnpickleOptions): Unpickled {
  const machine = new Machine(bytes, begin, what, limits);
  for (let opcode = machine.nextOpcode(); opcode !== OPCODES.STOP; opcode = machine.nextOpcode()) {
    const run = INSTRUCTIONS[opcode];
    if (run === undefined) {
      const rule = 'an instruction that builds data';
      throw machine.fail('UNSUPPORTED_OPCODE', rule, nameOfOpcode(opcode));
    }
    run(machine);
  }
  return {
    root: machine.finish(),
    end: machine.cursor.position,
    globals: [...machine.globals.values()],
    persistent: machine.persistent,
  };
}

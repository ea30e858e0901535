/** What the host kernels know of the engine, whatever it was compiled to. */

import type { EngineFunctions } from './abi/functions.js';
import type { Arena } from './arena.js';
import type { Threads } from './threads.js';

export interface Engine {
  readonly arena: Arena;
  readonly functions: EngineFunctions;
  /** What the functions take for the arena: its address. */
  readonly base: number;
  /** A view of the arena, good until the next allocation. */
  floats(at: number, count: number): Float32Array;
  ints(at: number, count: number): Int32Array;
  /** Copies values into the arena. */
  write(at: number, values: ArrayLike<number>): void;
  readonly threads: Threads;
}

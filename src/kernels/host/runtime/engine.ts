/** What the host kernels know of an engine, whatever it was compiled to and wherever its threads run. */

import type { JOBS } from '../abi/constants.js';
import type { EngineFunctions, SequenceLayout } from '../abi/functions.js';
import type { Mirror } from '../threads/mirror.js';
import type { Thresholds } from '../threads/thresholds.js';
import type { Arena } from './arena.js';

export interface Engine {
  /** What the C source was compiled to, in words: `WebAssembly SIMD`. */
  readonly compiledTo: string;
  /** What units and columns are padded to, in floats. */
  readonly pad: number;
  /** Floats of a vector, the width of a panel of weights: jobs that share the units of a direction divide them there. */
  readonly vector: number;
  readonly arena: Arena;
  readonly functions: EngineFunctions;
  /** The arena's address, the first argument of the functions. */
  readonly base: number;
  /** A view of the arena, good until the next allocation. */
  floats(at: number, count: number): Float32Array;
  ints(at: number, count: number): Int32Array;
  /** Copies values into the arena. */
  write(at: number, values: ArrayLike<number>): void;
  /** Packs a caller's sequence. @throws NoRoomError when the arena is full. */
  pack(values: ArrayLike<number>, sequences: readonly PackedSequence[]): void;
  /** Unpacks into all of a caller's sequence, which lies outside of the arena. @throws NoRoomError when the arena is full. */
  unpack(sequences: readonly PackedSequence[], values: Float32Array): void;
  readonly threads: Threads;
  /** Where workers cannot share memory. */
  readonly mirror: Mirror | undefined;
}

/** A group of a caller's rows. */
export interface PackedSequence {
  /** Where it lies. */
  readonly at: number;
  readonly layout: SequenceLayout;
}

export interface Job {
  readonly job: keyof typeof JOBS;
  /** Where its struct lies. */
  readonly at: number;
}

/** Jobs that do not depend on each other. */
export interface Round {
  readonly jobs: readonly Job[];
  /** Multiplications and additions of all of them. */
  readonly flops: number;
  /** Rounds of the same jobs and kind differ in the number of steps alone: their time goes by their flops. */
  readonly kind: number;
  /** Where jobs share the units of a direction. */
  readonly teams?: Teams;
}

export interface Teams {
  /** Where the struct of each team lies; `run` writes it. */
  readonly at: readonly number[];
  /** Jobs of each team. */
  readonly members: number;
  /** Multiplications and additions of a step, all members together. */
  readonly flopsOfStep: number;
}

/** Runs jobs, on several threads where that is faster. The results of given jobs are the same to the bit either way. */
export interface Threads {
  /** Processors that this process may use; 1 where no worker can start. */
  readonly processors: number;
  /** Why no workers help the caller; undefined where they do, or will. */
  readonly obstacle: string | undefined;
  /** Threads that may work at once, the caller among them. Workers beyond it end. */
  count: number;
  /** How much work a call or round must have to be shared. */
  thresholds: Thresholds;
  /** Runs all jobs to their end. @throws EngineLostError */
  run(round: Round): void;
  /** Threads that may work at once in `runOffThread`: the caller is none of them. */
  readonly countOffThread: number;
  /**
   * Runs rounds one after the other, on workers alone. One call at a time; while it is under way `run` uses the calling thread alone.
   * @returns a promise of why the caller did work of it after all; undefined where it did none. It is rejected with EngineLostError.
   */
  runOffThread(rounds: readonly Round[]): Promise<string | undefined>;
}

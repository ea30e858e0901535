/** The engine compiled for the processor, in Node: the addon of the package tfjs-torch-rnn-native, where that is installed. */

import { CELL_CODES, JOBS, QUEUE_CAPACITY } from '../abi/constants.js';
import type { NativeFunctions } from '../abi/functions.js';
import {
  DIRECTION,
  INPUT_GRADIENT,
  noFields,
  placeStruct,
  QUEUE,
  QUEUED_JOB,
  TEAM,
  WEIGHT_GRADIENT,
} from '../abi/structs.js';
import {
  type RunningWorker,
  WORKER_STATES,
  type WorkerData,
  type WorkerEvents,
  type WorkerPlatform,
} from '../threads/worker.js';
import { WorkerThreads } from '../threads/worker-threads.js';
import { Arena, Scope } from './arena.js';
import type { Engine } from './engine.js';
import { guardFunctions } from './guard.js';
import { makeMemory, SharedMemory } from './memory.js';

/** What a listener of a worker hears at its end, instead of a round. */
const ENDED = -1;

/** The addon; native/c/addon.c says what its functions do. */
export interface NativeAddon {
  readonly version: string;
  /** {@link ABI} as the addon was compiled with it. */
  readonly abi: readonly number[];
  /** Instruction sets that this processor has, the best first. */
  sets(): string[];
  /** @param set '' takes the best. @throws RangeError where the processor has none of that name. */
  open(memory: Int32Array, set: string): NativeEngine;
}

interface NativeEngine extends NativeFunctions {
  readonly set: string;
  readonly pad: number;
  readonly vector: number;
  attach(memory: Int32Array): void;
  wake(at: number): void;
  startWorker(
    queue: number,
    state: number,
    listener: (round: number) => void,
  ): { keepAlive(isKept: boolean): void };
}

/** Functions of an engine: those of {@link NativeFunctions} but `await_round`, and `wake`. */
const FUNCTIONS = 24;

/** Fields of each struct, and constants. */
export const ABI: readonly number[] = [
  ...[DIRECTION, INPUT_GRADIENT, WEIGHT_GRADIENT, TEAM, QUEUE, QUEUED_JOB].map(({ length }) => length),
  QUEUE_CAPACITY,
  CELL_CODES.LSTM,
  JOBS.weight_gradient,
  FUNCTIONS,
];

/** How people write the names of instruction sets. */
const SETS: Readonly<Record<string, string>> = {
  avx512: 'AVX-512',
  avx2: 'AVX2',
  sse2: 'SSE2',
  neon: 'NEON',
};

export function nameOfSet(set: string): string {
  return SETS[set] ?? set;
}

/** Threads of the addon in place of workers of JavaScript. */
function nativeThreads(native: NativeEngine, processors: number, memory: SharedMemory): WorkerPlatform {
  return {
    processors,
    whyNotShared: undefined,
    start(_program, data, { onMessage, onExit }: WorkerEvents): RunningWorker {
      const { queue, state } = data as WorkerData;
      const worker = native.startWorker(queue, state, (round) =>
        round === ENDED ? onExit() : onMessage(round),
      );
      return {
        post: () => {},
        keepAlive: (isKept) => worker.keepAlive(isKept),
        terminate: () => {
          // A thread cannot be ended where it is: it leaves when it has no job.
          Atomics.store(memory.ints, state, WORKER_STATES.isToLeave);
          Atomics.add(memory.ints, queue, 1);
          native.wake(queue);
        },
      };
    },
  };
}

/**
 * A native engine with a memory of its own.
 * @param set its instruction set; the best that the processor has where it is left out.
 * @throws where there is no room for the memory, or the processor has no such set.
 */
export function makeNativeEngine(addon: NativeAddon, processors: number, set = ''): Engine {
  const { memory, maxPages } = makeMemory();
  const arenaMemory: SharedMemory = new SharedMemory(memory, 0, maxPages, () =>
    native.attach(arenaMemory.ints),
  );
  const native = addon.open(arenaMemory.ints, set);
  const functions = guardFunctions<NativeFunctions>(native, () => threads.abandon());
  const arena = new Arena(arenaMemory);
  const ints = (at: number, count: number) => arenaMemory.ints.subarray(at, at + count);
  const wake = (at: number) => native.wake(at);
  const platform = nativeThreads(native, processors, arenaMemory);
  const threads = new WorkerThreads(platform, {
    module: undefined,
    memory,
    base: 0,
    arena,
    functions,
    ints,
    wake,
  });
  const engine: Engine = {
    compiledTo: `${nameOfSet(native.set)}, natively`,
    pad: native.pad,
    vector: native.vector,
    arena,
    functions,
    base: 0,
    floats: (at, count) => arenaMemory.floats.subarray(at, at + count),
    ints,
    write: (at, values) => arenaMemory.floats.set(values, at),
    pack(values, sequences) {
      // A cast from another dtype leaves the array as it was on the cpu backend.
      const floats = values instanceof Float32Array ? values : Float32Array.from(values);
      for (const { at, layout } of sequences) functions.pack_values(0, floats, at, ...layout);
    },
    unpack(sequences, values) {
      for (const { at, layout } of sequences) functions.unpack_values(0, at, values, ...layout);
    },
    threads,
    mirror: undefined,
  };
  checkAnswer(engine);
  return engine;
}

/**
 * Runs a step that anyone can compute: with weights and biases of 0 all gates are 0.5, so a GRU halves its state.
 * @throws Error where the engine computes something else.
 */
function checkAnswer(engine: Engine): void {
  const { arena, functions, base } = engine;
  const scope = new Scope(arena);
  try {
    const place = (...values: number[]) => {
      const at = scope.allocate(values.length);
      engine.write(at, values);
      return at;
    };
    const integers = (value: number) => {
      const at = scope.allocate(1);
      engine.ints(at, 1)[0] = value;
      return at;
    };
    const weight = scope.allocate(functions.packed_size(3, 1, 1));
    functions.pack_weight(base, place(0, 0, 0), weight, 3, 1, 1);
    const y = place(0);
    const fields = {
      ...noFields(DIRECTION),
      ...{ cell: CELL_CODES.GRU, steps: 1, batch: 1, rows: 1, input_size: 1, hidden_size: 1, unit_end: 1 },
      ...{ counts: integers(1), order: integers(0), x: place(1), x_stride: 1, y, y_stride: 1 },
      ...{ h0: place(1), hn: place(0), weight_ih: weight, weight_hh: weight, chunk_rows: 1 },
      scratch: scope.allocate(functions.forward_scratch(CELL_CODES.GRU, 1, 1, 0, 1)),
    };
    functions.forward(base, placeStruct(engine, scope, DIRECTION, fields));
    const [answer] = engine.floats(y, 1);
    if (answer !== 0.5) throw new Error(`it computes ${answer} where 0.5 is right`);
  } finally {
    scope.release();
  }
}

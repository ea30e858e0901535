/** The engine as WebAssembly: instantiated when it is first needed, synchronously. */

import { WASM_VECTOR } from '../abi/constants.js';
import { Mirror } from '../threads/mirror.js';
import { maySleep, workerPlatform } from '../threads/platform.js';
import type { WorkerPlatform } from '../threads/worker.js';
import { WorkerThreads } from '../threads/worker-threads.js';
import { Arena } from './arena.js';
import { buildOf } from './builds.js';
import type { Engine } from './engine.js';
import { guardFunctions } from './guard.js';
import { makeMemory, SharedMemory } from './memory.js';

/** A module with a vector instruction, and one with shared memory: what the engine is compiled for. */
const NEEDED = [
  '0061736d010000000105016000017b030201000a0a0108004100fd0ffd620b',
  '0061736d01000000010401600000030201000504010301010a07010500fe03000b',
];

/** A module with a fused multiply-add: in Node from 22 on, and in current browsers. */
const RELAXED = '0061736d010000000105016000017b030201000a130111004100fd114100fd114100fd11fd85020b';

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

let supported: boolean | undefined;

/** Whether this JavaScript engine can run the module. */
export function isSupported(): boolean {
  supported ??= typeof WebAssembly === 'object' && NEEDED.every((hex) => WebAssembly.validate(bytesOf(hex)));
  return supported;
}

/** Whether it can run the faster build, which rounds a product and its sum at once. */
export function hasMultiplyAdd(): boolean {
  return WebAssembly.validate(bytesOf(RELAXED));
}

/** Runs `body` with room for a caller's sequence: the functions reach nothing outside of the arena. */
function withStaging({ arena }: Engine, floats: number, body: (staging: number) => void): void {
  const staging = arena.allocate(floats);
  try {
    body(staging);
  } finally {
    arena.release(staging);
  }
}

/**
 * An engine with a memory of its own.
 * @param platform what its workers come from.
 * @throws where the host allows none: it has no room, or a page forbids WebAssembly.
 */
export function makeEngine(platform: WorkerPlatform | undefined = workerPlatform()): Engine {
  const { memory, maxPages } = makeMemory();
  const module = new WebAssembly.Module(buildOf(hasMultiplyAdd() ? 'relaxed' : 'plain'));
  const mayThisSleep = Number(maySleep(memory));
  const env = { memory, now: () => performance.now(), may_sleep: () => mayThisSleep };
  const { exports } = new WebAssembly.Instance(module, { env });
  const functions = guardFunctions(exports, () => threads.abandon());
  const heapBase = (exports.__heap_base as WebAssembly.Global).value as number;
  const base = Math.ceil(heapBase / 64) * 64;
  const arenaMemory = new SharedMemory(memory, base, maxPages);
  const arena = new Arena(arenaMemory);
  const ints = (at: number, count: number) => arenaMemory.ints.subarray(at, at + count);
  const wake = (at: number) => void Atomics.notify(arenaMemory.ints, at);
  const threads = new WorkerThreads(platform, { module, memory, base, arena, functions, ints, wake });
  const mirror = platform?.whyNotShared && new Mirror(platform, { module, base, maxPages, ints });
  return {
    compiledTo: 'WebAssembly SIMD',
    pad: WASM_VECTOR,
    vector: WASM_VECTOR,
    arena,
    functions,
    base,
    floats: (at, count) => arenaMemory.floats.subarray(at, at + count),
    ints,
    write: (at, values) => arenaMemory.floats.set(values, at),
    pack(values, sequences) {
      withStaging(this, values.length, (staging) => {
        this.write(staging, values);
        for (const { at, layout } of sequences) functions.pack_sequence(base, staging, at, ...layout);
      });
    },
    unpack(sequences, values) {
      withStaging(this, values.length, (staging) => {
        for (const { at, layout } of sequences) functions.unpack_sequence(base, at, staging, ...layout);
        values.set(this.floats(staging, values.length));
      });
    },
    threads,
    mirror: mirror || undefined,
  };
}

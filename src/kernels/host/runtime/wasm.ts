/** The engine as WebAssembly: instantiated when it is first needed, synchronously. */

import type { EngineFunctions } from '../abi/functions.js';
import { Mirror } from '../threads/mirror.js';
import { maySleep, workerPlatform } from '../threads/platform.js';
import type { WorkerPlatform } from '../threads/worker.js';
import { WorkerThreads } from '../threads/worker-threads.js';
import { Arena, type ArenaMemory } from './arena.js';
import { buildOf } from './builds.js';
import type { Engine } from './engine.js';
import { lostBy } from './engine-lost-error.js';

const PAGE_FLOATS = 16384;

/** 4 MiB. */
const FIRST_PAGES = 64;

/** 2 GiB: the reach of a signed 32-bit address, and of what the module's memory import declares. */
const MAX_PAGES = 32768;

/** 256 MiB: with less, layers of a common size would not run. */
const FEWEST_MAX_PAGES = 4096;

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

/** The part of a module's memory behind its stack. Never at address 0, which the engine takes for "none". */
class WasmMemory implements ArenaMemory {
  readonly limit: number;
  private floatView: Float32Array;
  private intView: Int32Array;

  /** @param base where the arena begins, in bytes. */
  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly base: number,
    maxPages: number,
  ) {
    this.limit = maxPages * PAGE_FLOATS - base / 4;
    this.floatView = new Float32Array(memory.buffer, base);
    this.intView = new Int32Array(memory.buffer, base);
  }

  get size(): number {
    return this.floatView.length;
  }

  get floats(): Float32Array {
    return this.floatView;
  }

  get ints(): Int32Array {
    return this.intView;
  }

  grow(floats: number): boolean {
    // By half at least, so that calls of growing size do not each grow the memory.
    const wanted = Math.min(this.limit, Math.max(floats, Math.ceil(this.size * 1.5)));
    for (const size of new Set([wanted, floats]))
      try {
        this.memory.grow(Math.ceil((size - this.size) / PAGE_FLOATS));
        this.floatView = new Float32Array(this.memory.buffer, this.base);
        this.intView = new Int32Array(this.memory.buffer, this.base);
        return true;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    return false;
  }
}

/** A memory with the largest maximum that the host allows: some hosts reserve all of it at once. */
function makeMemory(): { readonly memory: WebAssembly.Memory; readonly maxPages: number } {
  for (let maxPages = MAX_PAGES; ; maxPages /= 2)
    try {
      return {
        memory: new WebAssembly.Memory({ initial: FIRST_PAGES, maximum: maxPages, shared: true }),
        maxPages,
      };
    } catch (error) {
      if (maxPages / 2 < FEWEST_MAX_PAGES) throw error;
    }
}

/** The functions of a module. Where one traps or overflows the stack, memory is in an unknown state: the engine is lost. */
function guardFunctions(exports: WebAssembly.Exports, abandon: () => void): EngineFunctions {
  const guarded = Object.entries(exports).flatMap(([name, value]) => {
    if (typeof value !== 'function') return [];
    const call = (...args: unknown[]) => {
      try {
        return value(...args);
      } catch (cause) {
        abandon();
        throw lostBy(cause);
      }
    };
    return [[name, call]];
  });
  return Object.fromEntries(guarded);
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
  const arenaMemory = new WasmMemory(memory, base, maxPages);
  const arena = new Arena(arenaMemory);
  const ints = (at: number, count: number) => arenaMemory.ints.subarray(at, at + count);
  const threads = new WorkerThreads(platform, { module, memory, base, arena, functions, ints });
  const mirror = platform?.whyNotShared && new Mirror(platform, { module, base, maxPages, ints });
  return {
    arena,
    functions,
    base,
    floats: (at, count) => arenaMemory.floats.subarray(at, at + count),
    ints,
    write: (at, values) => arenaMemory.floats.set(values, at),
    threads,
    mirror: mirror || undefined,
  };
}

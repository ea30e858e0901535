/** The memory of an engine: of WebAssembly, which grows in place and is shared with workers. */

import type { ArenaMemory } from './arena.js';

const PAGE_FLOATS = 16384;

/** 4 MiB. */
const FIRST_PAGES = 64;

/** 2 GiB: the reach of a signed 32-bit address, and of what the module's memory import declares. */
const MAX_PAGES = 32768;

/** 256 MiB: with less, layers of a common size would not run. */
const FEWEST_MAX_PAGES = 4096;

/** A memory from some address on, as an arena divides it. */
export class SharedMemory implements ArenaMemory {
  readonly limit: number;
  private floatView: Float32Array;
  private intView: Int32Array;

  /** @param base where the arena begins, in bytes. */
  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly base: number,
    maxPages: number,
    private readonly onGrowth: () => void = () => {},
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
        this.onGrowth();
        return true;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    return false;
  }
}

/** A memory with the largest maximum that the host allows: some hosts reserve all of it at once. */
export function makeMemory(): { readonly memory: WebAssembly.Memory; readonly maxPages: number } {
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

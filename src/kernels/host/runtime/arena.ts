/** The engine's memory: blocks of one growing buffer, given out and taken back by the TypeScript above it. */

import { NoRoomError } from '../../contract.js';

/** The memory that an arena divides: of WebAssembly, or a buffer of a native engine. */
export interface ArenaMemory {
  /** Floats there are now. */
  readonly size: number;
  /** Floats there can be at most. */
  readonly limit: number;
  /** Makes room for at least `floats`. @returns false where that cannot be had. */
  grow(floats: number): boolean;
}

interface Block {
  readonly at: number;
  readonly size: number;
}

/** Blocks begin on whole cache lines of 64 bytes. */
const LINE = 16;

const roundUp = (floats: number) => Math.max(LINE, Math.ceil(floats / LINE) * LINE);

/** First-fit allocation with a free list in order of addresses; a freed block joins its neighbours. */
export class Arena {
  /** Free blocks below `top`. */
  private readonly free: Block[] = [];
  private readonly used = new Map<number, number>();
  private inUse = 0;
  /** The first float that was never given out; block 0 would be "none" to the engine. */
  private top = LINE;

  constructor(private readonly memory: ArenaMemory) {}

  /** Floats that there can be at most. */
  get limit(): number {
    return this.memory.limit;
  }

  /** Behind the last block in use. */
  get end(): number {
    return this.top;
  }

  /** Floats given out and not yet taken back. */
  get floatsInUse(): number {
    return this.inUse;
  }

  /**
   * A block of at least `floats` floats, whatever was in them before.
   * @throws NoRoomError where the memory's limit is reached; nothing has changed then.
   */
  allocate(floats: number): number {
    const size = roundUp(floats);
    const at = this.takeFree(size) ?? this.takeTop(size);
    this.used.set(at, size);
    this.inUse += size;
    return at;
  }

  /** Floats of a block in use, at least as many as were asked for. */
  sizeOf(at: number): number {
    const size = this.used.get(at);
    if (size === undefined) throw new Error(`arena: ${at} is no block in use`);
    return size;
  }

  release(at: number): void {
    const size = this.sizeOf(at);
    this.used.delete(at);
    this.inUse -= size;
    this.putFree({ at, size });
  }

  private takeFree(size: number): number | undefined {
    const { free } = this;
    let i = 0;
    while (i < free.length && (free[i] as Block).size < size) i++;
    const block = free[i];
    if (block === undefined) return undefined;
    if (block.size === size) free.splice(i, 1);
    else free[i] = { at: block.at + size, size: block.size - size };
    return block.at;
  }

  private takeTop(size: number): number {
    const end = this.top + size;
    if (end > this.memory.size && !(end <= this.memory.limit && this.memory.grow(end)))
      throw new NoRoomError(
        `engine memory: expected ${mebibytes(size)} more to be free, got ${mebibytes(this.inUse)} in use of ` +
          `${mebibytes(this.memory.limit)}. Use a smaller batch or shorter sequences, or implementation: 'reference'`,
      );
    const at = this.top;
    this.top = end;
    return at;
  }

  private putFree(freed: Block): void {
    const { free } = this;
    // From the end: scopes release their blocks from the last to the first, so its place is there or near.
    let i = free.length;
    while (i > 0 && (free[i - 1] as Block).at > freed.at) i--;
    const [before, after] = [free[i - 1], free[i]];
    const joinsBefore = before !== undefined && before.at + before.size === freed.at;
    const joinsAfter = after !== undefined && freed.at + freed.size === after.at;
    const at = joinsBefore ? before.at : freed.at;
    const end = joinsAfter ? after.at + after.size : freed.at + freed.size;
    const from = joinsBefore ? i - 1 : i;
    const joined = Number(joinsBefore) + Number(joinsAfter);
    if (end !== this.top) free.splice(from, joined, { at, size: end - at });
    else {
      if (joined > 0) free.length = from;
      this.top = at;
    }
  }
}

export function mebibytes(floats: number): string {
  return `${Math.ceil((floats * 4) / 2 ** 20)} MiB`;
}

/** Blocks that are released together. */
export class Scope {
  private readonly blocks: number[] = [];
  private taken = 0;

  constructor(private readonly arena: Arena) {}

  /** Floats that were asked for. */
  get floats(): number {
    return this.taken;
  }

  allocate(floats: number): number {
    const at = this.arena.allocate(floats);
    this.blocks.push(at);
    this.taken += floats;
    return at;
  }

  release(): void {
    for (let at = this.blocks.pop(); at !== undefined; at = this.blocks.pop()) this.arena.release(at);
    this.taken = 0;
  }
}

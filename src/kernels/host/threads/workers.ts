/** The workers of an engine: started when they are first needed, told to leave when they are too many. */

import { STACK_BYTES } from '../abi/constants.js';
import type { Arena } from '../runtime/arena.js';
import {
  type RunningWorker,
  WORKER_PROGRAM,
  WORKER_STATES,
  type WorkerData,
  type WorkerPlatform,
} from './worker.js';

/** Floats of a worker's block of the arena: its stack, and behind it its state. */
const STACK_FLOATS = STACK_BYTES / 4;
const BLOCK_FLOATS = STACK_FLOATS + 1;

/** What the workers of one engine share. */
export interface WorkerHost {
  /** Undefined for a native engine, whose threads have no use for one. */
  readonly module: WebAssembly.Module | undefined;
  readonly memory: WebAssembly.Memory;
  /** Where the arena begins, in bytes. */
  readonly base: number;
  readonly arena: Arena;
}

interface Entry {
  readonly worker: RunningWorker;
  /** Its block of the arena. */
  readonly block: number;
}

/** Places of the queue, in floats of the arena. */
export interface QueuePlaces {
  readonly queue: number;
  readonly done: number;
  readonly byMessage: number;
}

/** What the owner of workers hears of them. */
export interface WorkersListener {
  /** One finds no more jobs in a round whose caller asked for messages. */
  onMessage(): void;
  /** One has failed, or did not start: another would fail as well. */
  onError(reason: string): void;
  /** One that was to stay has ended. */
  onLoss(): void;
}

export class Workers {
  private readonly staying: Entry[] = [];
  private readonly leaving: Entry[] = [];
  /** Of workers that have left or ended. */
  private readonly freeBlocks: number[] = [];

  /**
   * @param platform undefined: no worker ever starts.
   */
  constructor(
    private readonly platform: WorkerPlatform | undefined,
    private readonly host: WorkerHost,
    private readonly listener: WorkersListener,
  ) {}

  /** Workers that take jobs, or will when they have started. */
  get count(): number {
    return this.staying.length;
  }

  /**
   * Keeps at most so many. The others leave when they next look, or are called back before.
   * @returns whether any is to leave: the caller has to wake them.
   */
  keep(count: number): boolean {
    const spare = this.staying.splice(count);
    for (const { block } of spare) Atomics.store(...this.stateOf(block), WORKER_STATES.isToLeave);
    this.leaving.push(...spare);
    return spare.length > 0;
  }

  /**
   * One more: one that was to leave and has not, or a new one.
   * @param at where the struct queue and two of its fields lie, in floats of the arena.
   * @returns false where none may start.
   * @throws NoRoomError where the arena has no room for its stack.
   */
  add(at: QueuePlaces): boolean {
    return this.callBack() || this.start(at);
  }

  /** Whether the process waits for those that take jobs. */
  keepAlive(isKept: boolean): void {
    for (const { worker } of this.staying) worker.keepAlive(isKept);
  }

  /** Ends all of them wherever they are. Their engine cannot be used any more. */
  terminate(): void {
    for (const { worker } of [...this.staying.splice(0), ...this.leaving.splice(0)]) worker.terminate();
  }

  private stateOf(block: number): [ints: Int32Array, at: number] {
    const { memory, base } = this.host;
    return [new Int32Array(memory.buffer, base), block + STACK_FLOATS];
  }

  private callBack(): boolean {
    const { isToLeave, stays, hasLeft } = WORKER_STATES;
    for (let entry = this.leaving.pop(); entry; entry = this.leaving.pop()) {
      const [ints, at] = this.stateOf(entry.block);
      if (Atomics.compareExchange(ints, at, isToLeave, stays) !== hasLeft) {
        this.staying.push(entry);
        return true;
      }
      this.freeBlocks.push(entry.block);
    }
    return false;
  }

  private start({ queue, done, byMessage }: QueuePlaces): boolean {
    const { platform } = this;
    if (platform === undefined) return false;
    const { module, memory, base, arena } = this.host;
    const block = this.freeBlocks.pop() ?? arena.allocate(BLOCK_FLOATS);
    const [ints, at] = this.stateOf(block);
    Atomics.store(ints, at, WORKER_STATES.stays);
    const data: WorkerData = {
      module,
      memory,
      base,
      queue,
      stack: base + at * 4,
      state: base / 4 + at,
      done: base / 4 + done,
      byMessage: base / 4 + byMessage,
    };
    try {
      const worker: RunningWorker = platform.start(WORKER_PROGRAM, data, {
        onMessage: () => this.listener.onMessage(),
        onError: (reason) => {
          this.listener.onError(reason);
          this.forget(worker);
        },
        onExit: () => this.forget(worker),
      });
      this.staying.push({ worker, block });
      return true;
    } catch (error) {
      // The process may start none: the other threads do the work.
      this.freeBlocks.push(block);
      this.listener.onError(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  /** Frees the block of a worker that has ended; `callBack` has done so where it saw that the worker had left. */
  private forget(worker: RunningWorker): void {
    for (const entries of [this.staying, this.leaving]) {
      const i = entries.findIndex((entry) => entry.worker === worker);
      if (i < 0) continue;
      this.freeBlocks.push((entries.splice(i, 1) as [Entry])[0].block);
      if (entries === this.staying) this.listener.onLoss();
    }
  }
}

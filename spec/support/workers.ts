/** The workers of the engine's threads in a spec's hands: to see them start, to change what they run, to kill them. */

import process from 'node:process';
import type { Worker, WorkerOptions } from 'node:worker_threads';

/** What the engine asks for. */
type WorkerThreads = { Worker: new (code: string, options: WorkerOptions) => Worker };

const threads = process.getBuiltinModule('node:worker_threads') as WorkerThreads;

/** A bound on what must happen at once: beyond it a spec fails rather than hangs. */
const PATIENCE_MS = 20_000;

export class WorkerWatch {
  private readonly original = { Worker: threads.Worker, notify: Atomics.notify, wait: Atomics.wait };
  private readonly ends: Promise<unknown>[] = [];
  /** Those that have started, in order. */
  readonly started: Worker[] = [];
  /** Where the stack of each begins, in bytes. */
  readonly stacks: number[] = [];
  /** Changes the code of workers that start. */
  edit: (code: string) => string = (code) => code;

  constructor() {
    const watch = this;
    threads.Worker = class extends this.original.Worker {
      constructor(code: string, options: WorkerOptions) {
        super(watch.edit(code), options);
        watch.started.push(this);
        watch.stacks.push(options.workerData.stack);
        watch.ends.push(new Promise((resolve) => this.once('exit', resolve)));
        // The engine's own listener is there as well; without any the process would end.
        this.once('error', () => {});
      }
    };
  }

  /** Those that have not ended. */
  get alive(): Worker[] {
    return this.started.filter(({ threadId }) => threadId !== -1);
  }

  /** Until every worker that has started has ended. */
  async allEnded(): Promise<void> {
    for (const worker of this.started) worker.ref();
    await Promise.all(this.ends);
  }

  /** Calls `body` in the caller's thread whenever it has rung for a round of jobs; `taken` counts those that threads have taken. */
  onRound(body: (taken: () => number) => void): void {
    Atomics.notify = ((ints: Int32Array, doorbell: number, count?: number) => {
      const woken = this.original.notify(ints, doorbell, count);
      body(() => Atomics.load(ints, doorbell + 1) & 0xff);
      return woken;
    }) as typeof Atomics.notify;
  }

  /** From now on the caller sleeps in no time. */
  skipSleep(): void {
    Atomics.wait = () => 'timed-out';
  }

  /** Ends what onRound and skipSleep have begun. */
  leaveAlone(): void {
    Atomics.notify = this.original.notify;
    Atomics.wait = this.original.wait;
  }

  /** Ends everything. */
  stop(): void {
    this.leaveAlone();
    threads.Worker = this.original.Worker;
  }
}

/** Without giving way to anybody: the caller of the engine has its thread for itself. */
export function spinUntil(holds: () => boolean): void {
  const end = performance.now() + PATIENCE_MS;
  while (!holds()) if (performance.now() > end) throw new Error('what had to happen did not');
}

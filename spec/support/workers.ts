/** The workers of the engine's threads in a spec's hands: to see them start, to change what they run, to kill them. */

import process from 'node:process';
import type { Worker, WorkerOptions } from 'node:worker_threads';

/** What the engine asks for. */
type WorkerThreads = { Worker: new (code: string, options: WorkerOptions) => Worker };

const threads = process.getBuiltinModule('node:worker_threads') as WorkerThreads;

/** A bound on what must happen at once: beyond it a spec fails rather than hangs. */
const PATIENCE_MS = 20_000;

/**
 * Takes a job, as the engine's own code counts them, and ends. A worker that is terminated from outside may be done before it
 * hears of that.
 */
const END_IN_JOB = `
  if (Atomics.load(require('node:worker_threads').workerData.order, 0) === round) {
    Atomics.add(ints, doorbell + 1, 1);
    process.exit();
  }`;

export class WorkerWatch {
  private readonly original = { Worker: threads.Worker, notify: Atomics.notify, wait: Atomics.wait };
  private readonly ends: Promise<unknown>[] = [];
  /** The last round that onRound has seen begin. */
  private round = 0;
  /** Those that have started, in order. */
  readonly started: Worker[] = [];
  /** Where the stack of each begins, in bytes. */
  readonly stacks: number[] = [];
  /** The round in which a worker is to end in a job; 0 for none. */
  private readonly order = new Int32Array(new SharedArrayBuffer(4));
  /** Changes the code of workers that start. */
  edit: (code: string) => string = (code) => code;

  constructor() {
    const watch = this;
    threads.Worker = class extends this.original.Worker {
      constructor(code: string, options: WorkerOptions) {
        const workerData = { ...options.workerData, order: watch.order };
        super(watch.edit(code.replace('exports.work(', `${END_IN_JOB} exports.work(`)), {
          ...options,
          workerData,
        });
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
      this.round = Atomics.load(ints, doorbell);
      const woken = this.original.notify(ints, doorbell, count);
      body(() => Atomics.load(ints, doorbell + 1) & 0xff);
      return woken;
    }) as typeof Atomics.notify;
  }

  /** In the round after the one that the doorbell shows, each worker ends in the first job that it takes. */
  endInNextRound(): void {
    Atomics.store(this.order, 0, this.round + 1);
  }

  /** From now on the caller sleeps in no time. */
  skipSleep(): void {
    Atomics.wait = () => 'timed-out';
  }

  /** Ends what onRound, endInNextRound and skipSleep have begun. */
  leaveAlone(): void {
    Atomics.store(this.order, 0, 0);
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

/** Threads of the engine: workers over its memory, the caller taking part. */

import { message } from '../../check.js';
import { JOBS, QUEUE_CAPACITY, STACK_BYTES } from './abi/constants.js';
import type { Arena } from './arena.js';
import { EngineLostError } from './engine-lost-error.js';
import { type NodeWorker, nodeThreads } from './node-threads.js';

export interface Job {
  readonly job: keyof typeof JOBS;
  /** Where its struct lies. */
  readonly at: number;
}

/** Floats of a worker's stack. */
const STACK_FLOATS = STACK_BYTES / 4;

/** How often a thread looks before it sleeps: about 20 microseconds, less than it takes to wake one. */
const SPINS = 2000;

/** A job lasts a second at the very most: a worker that does not answer for so long is lost. */
const LOST_AFTER_SECONDS = 60;

/** More threads than this found no use in what layers do: jobs are directions and groups of rows. */
export const MAX_THREADS = 16;

/**
 * What a worker does: wait until the doorbell shows another round, take jobs, tell the caller. In plain JavaScript, so that
 * neither a bundler nor a loader of TypeScript has to find it.
 */
const WORKER = `
const { module, memory, base, queue, doorbell, done, stack, spins } = require('node:worker_threads').workerData;
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
exports.__stack_pointer.value = stack;
const ints = new Int32Array(memory.buffer);
for (let seen = 0; ; ) {
  let round = Atomics.load(ints, doorbell);
  for (let i = 0; round === seen && i < spins; i++) round = Atomics.load(ints, doorbell);
  if (round === seen) {
    Atomics.wait(ints, doorbell, seen);
    continue;
  }
  seen = round;
  exports.work(base, queue, round);
  Atomics.notify(ints, done);
}
`;

export interface ThreadHost {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Where the arena begins, in bytes. */
  readonly base: number;
  readonly arena: Arena;
  /** Runs one job on this thread. */
  run(job: Job): void;
  /** Takes jobs of a round on this thread. */
  work(queue: number, round: number): void;
}

/** Runs jobs that do not depend on each other, on as many threads as `count` says. */
export class Threads {
  private readonly workers: NodeWorker[] = [];
  /** Of workers that have ended: a worker that is told to end may still be on its own. */
  private readonly freeStacks: number[] = [];
  private wanted = 1;
  private round = 0;
  /** Of the arena: the doorbell, and the struct queue behind it. */
  private queue: number | undefined;

  constructor(private readonly host: ThreadHost) {}

  /** Threads that may work at once, the caller among them. */
  get count(): number {
    return nodeThreads() === undefined ? 1 : this.wanted;
  }

  /** Workers start when they are first needed; those that are too many end. */
  set count(count: number) {
    this.wanted = count;
    for (const worker of this.workers.splice(Math.max(0, count - 1))) void worker.terminate();
  }

  /** Runs all jobs to their end. @throws EngineLostError */
  run(jobs: readonly Job[]): void {
    if (jobs.length < 2 || this.count < 2) {
      for (const job of jobs) this.host.run(job);
      return;
    }
    this.startWorkers();
    for (let begin = 0; begin < jobs.length; begin += QUEUE_CAPACITY)
      this.runTogether(jobs.slice(begin, begin + QUEUE_CAPACITY));
  }

  private runTogether(jobs: readonly Job[]): void {
    const { memory, base } = this.host;
    const ints = new Int32Array(memory.buffer, base);
    const doorbell = this.queue as number;
    const ticket = doorbell + 1;
    const done = doorbell + 2;
    for (const [i, { job, at }] of jobs.entries()) ints.set([JOBS[job], at], doorbell + 3 + 2 * i);
    this.round = (this.round % 0x7fff) + 1;
    Atomics.store(ints, done, 0);
    Atomics.store(ints, ticket, (this.round << 16) | (jobs.length << 8));
    Atomics.store(ints, doorbell, this.round);
    Atomics.notify(ints, doorbell);
    this.host.work(ticket, this.round);
    this.await(ints, done, jobs.length);
  }

  private await(ints: Int32Array, done: number, count: number): void {
    for (let i = 0; i < SPINS; i++) if (Atomics.load(ints, done) === count) return;
    // Seconds of sleep, not of a clock: a process that was stopped for an hour has lost no worker.
    let seconds = 0;
    for (;;) {
      const finished = Atomics.load(ints, done);
      if (finished === count) return;
      if (seconds === LOST_AFTER_SECONDS) break;
      if (Atomics.wait(ints, done, finished, 1000) === 'timed-out') seconds++;
    }
    this.count = 1;
    throw new EngineLostError(
      message(
        'engine threads',
        'jobs',
        `all to be finished within ${LOST_AFTER_SECONDS} seconds`,
        'a worker that did not answer',
        'Call again, on one thread; setThreads starts others',
      ),
    );
  }

  private startWorkers(): void {
    const { arena } = this.host;
    this.queue ??= arena.allocate(3 + 2 * QUEUE_CAPACITY);
    while (this.workers.length < this.wanted - 1) {
      const stack = this.freeStacks.pop() ?? arena.allocate(STACK_FLOATS);
      if (this.startWorker(this.queue, stack)) continue;
      this.freeStacks.push(stack);
      this.wanted = this.workers.length + 1;
    }
  }

  /** @returns false where no worker may start, or there is no room for one. */
  private startWorker(queue: number, stack: number): boolean {
    const { module, memory, base } = this.host;
    const doorbell = base / 4 + queue;
    let worker: NodeWorker | undefined;
    try {
      worker = nodeThreads()?.start(WORKER, {
        module,
        memory,
        base,
        queue: queue + 1,
        doorbell,
        done: doorbell + 2,
        stack: base + (stack + STACK_FLOATS) * 4,
        spins: SPINS,
      });
    } catch {
      // Not the caller's trouble: the other threads do the work.
    }
    if (worker === undefined) return false;
    this.workers.push(worker);
    this.watch(worker, stack);
    worker.unref();
    return true;
  }

  /** A worker that ends takes no jobs any more: the others and the caller do its work, and the next call starts another. */
  private watch(worker: NodeWorker, stack: number): void {
    const forget = () => {
      const i = this.workers.indexOf(worker);
      if (i >= 0) this.workers.splice(i, 1);
    };
    worker.on('error', () => {
      forget();
      // Another one would not start either.
      this.wanted = Math.min(this.wanted, this.workers.length + 1);
    });
    worker.on('exit', () => {
      forget();
      this.freeStacks.push(stack);
    });
  }
}

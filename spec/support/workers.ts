/** Lets a spec watch the workers of the engine's threads, change their code, and kill them. */

import process from 'node:process';
import type { Worker, WorkerOptions } from 'node:worker_threads';
import { QUEUE_CAPACITY } from '../../src/kernels/host/abi/constants.js';
import { DIRECTION, QUEUE, QUEUED_JOB, TEAM } from '../../src/kernels/host/abi/structs.js';
import { host } from '../../src/kernels/host/host.js';

/** What the engine asks for. */
type WorkerThreads = { Worker: new (code: string, options: WorkerOptions) => Worker };

const threads = process.getBuiltinModule('node:worker_threads') as WorkerThreads;

/** A bound on what must happen at once: beyond it a spec fails rather than hangs. */
const PATIENCE_MS = 20_000;

/** What a worker does in a job instead of it. All begin by taking one from the queue, as the engine's own code does. */
const MISHAPS = {
  /** It ends. */
  end: 'process.exit();',
  trap: "throw new WebAssembly.RuntimeError('unreachable');",
  /** It hangs. */
  hang: 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);',
  /** It joins the team of the job, and ends while another waits at the barrier. */
  endInTeam: `
    if (!join()) { later(); continue; }
    while (Atomics.load(ints, team + ARRIVED) === 0);
    process.exit();`,
  /** It joins the team, and has lost its processor until another has slept at the barrier for a while; then it works. A busy machine
   * makes rounds longer, but not by so much. */
  stopInTeam: `
    if (!join()) { later(); continue; }
    while (Atomics.load(ints, team + WAITING) === 0);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    exports.forward(base, job);
    finish();
    continue;`,
};

export type Mishap = keyof typeof MISHAPS;
const NAMES = Object.keys(MISHAPS) as Mishap[];

/** The queue with room for its jobs. */
const QUEUE_FLOATS = QUEUE.length + QUEUED_JOB.length * QUEUE_CAPACITY;

const field = (struct: readonly string[], name: string) => struct.indexOf(name);

/** Before a worker's own work: `order` holds 1 + the mishap that is planned, 0 for none. */
const MAY_HAVE_A_MISHAP = `
  const { order } = require('node:worker_threads').workerData;
  const head = done - ${field(QUEUE, 'done')};
  const ticketAt = head + ${field(QUEUE, 'ticket')};
  const ticket = Atomics.load(ints, ticketAt);
  const [next, count] = [ticket & 0xff, ticket >> 8 & 0xff];
  const mishap = Atomics.load(order, 0);
  // Negative while one worker looks for a job: one that comes late finds none, and leaves the mishap for another round.
  let hasJob = false;
  if (mishap > 0 && Atomics.compareExchange(order, 0, mishap, -mishap) === mishap) {
    hasJob = next < count && Atomics.compareExchange(ints, ticketAt, ticket, ticket + 1) === ticket;
    Atomics.store(order, 0, hasJob ? 0 : mishap);
  }
  if (hasJob) {
    const [JOINED, START, ARRIVED, WAITING] = [${['joined', 'start', 'arrived', 'waiting'].map((name) => field(TEAM, name))}];
    const job = ints[head + ${QUEUE.length} + ${QUEUED_JOB.length} * next + ${field(QUEUED_JOB, 'at')}];
    const team = base / 4 + ints[base / 4 + job + ${field(DIRECTION, 'team')}];
    // As join_team and await_start in the engine's source. False: the leader has done everything alone before.
    const join = () => {
      if (Atomics.add(ints, team + JOINED, 1) > 0) {
        while (Atomics.load(ints, team + START) === 0);
        return Atomics.load(ints, team + START) > 0;
      }
      while (Atomics.load(ints, team + JOINED) < 2);
      Atomics.store(ints, team + START, 1);
      Atomics.notify(ints, team + START);
      return true;
    };
    // As behind the worker's own work: one that is told to leave next ends without a job.
    const finish = () => {
      isAtWork = false;
      Atomics.add(ints, done, 1);
      Atomics.notify(ints, done);
    };
    const later = () => {
      Atomics.store(order, 0, mishap);
      finish();
    };
    switch (mishap - 1) {
      ${NAMES.map((name, i) => `case ${i}: { ${MISHAPS[name]} }`).join('\n')}
    }
  }`;

export class WorkerWatch {
  private readonly original = { Worker: threads.Worker, store: Atomics.store };
  private readonly ends: Promise<unknown>[] = [];
  /** The started workers, in order. */
  readonly started: Worker[] = [];
  /** The address of each worker's stack. */
  readonly stacks: number[] = [];
  /** 1 + the mishap that a worker is to have, 0 for none. */
  private readonly order = new Int32Array(new SharedArrayBuffer(4));
  /** Changes the code of workers that start. */
  edit: (code: string) => string = (code) => code;

  constructor() {
    const watch = this;
    threads.Worker = class extends this.original.Worker {
      constructor(code: string, options: WorkerOptions) {
        const workerData = { ...options.workerData, order: watch.order };
        super(watch.edit(code.replace('exports.work(', `${MAY_HAVE_A_MISHAP} exports.work(`)), {
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

  /** The workers that have not ended. */
  get alive(): Worker[] {
    return this.started.filter(({ threadId }) => threadId !== -1);
  }

  /** Until every worker that has started has ended. */
  async allEnded(): Promise<void> {
    for (const worker of this.started) worker.ref();
    await Promise.all(this.ends);
  }

  /** Calls `body` in the caller's thread whenever it has begun a round, and all workers are awake. */
  onRound(body: () => void): void {
    Atomics.store = ((ints: Int32Array, at: number, value: number) => {
      const stored = this.original.store(ints, at, value);
      if (at !== field(QUEUE, 'round') || ints.length !== QUEUE_FLOATS) return stored;
      Atomics.notify(ints, at);
      body();
      return stored;
    }) as typeof Atomics.store;
  }

  /** A worker has this mishap in the next job that it takes. The caller lets it take one in every round until then. */
  plan(mishap: Mishap): void {
    Atomics.store(this.order, 0, 1 + NAMES.indexOf(mishap));
    this.onRound(() => {
      if (!this.isPlanned) return;
      spinUntil(() => !this.isPlanned);
      // The caller gives up on a silent worker at once.
      if (mishap === 'hang') host.run(({ engine }) => Object.assign(engine.functions, { nap: () => 0 }));
    });
  }

  /** Whether a mishap is planned and has not begun. */
  get isPlanned(): boolean {
    return Atomics.load(this.order, 0) !== 0;
  }

  /** Undoes onRound and plan. */
  leaveAlone(): void {
    Atomics.store(this.order, 0, 0);
    Atomics.store = this.original.store;
  }

  /** Ends everything. */
  stop(): void {
    this.leaveAlone();
    threads.Worker = this.original.Worker;
  }
}

/** Spins without yielding: the caller of the engine owns its thread. */
function spinUntil(holds: () => boolean): void {
  const end = performance.now() + PATIENCE_MS;
  while (!holds()) if (performance.now() > end) throw new Error('what had to happen did not');
}

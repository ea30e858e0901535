/** Threads of the engine: workers over its memory, the caller taking part. */

import { JOBS, QUEUE_CAPACITY } from '../abi/constants.js';
import type { EngineFunctions } from '../abi/functions.js';
import { type Fields, noFields, QUEUE, QUEUED_JOB, TEAM, writeStruct } from '../abi/structs.js';
import type { Job, Round, Teams, Threads } from '../runtime/engine.js';
import { type EngineLostError, lostInThreads } from '../runtime/engine-lost-error.js';
import { Backoff } from './backoff.js';
import { whyAlone } from './platform.js';
import { THRESHOLDS, type Thresholds } from './thresholds.js';
import type { WorkerPlatform } from './worker.js';
import { type WorkerHost, Workers } from './workers.js';

/** Microseconds that a thread spins before it sleeps. To wake one takes 40 (Xeon, Linux, the median). */
const PATIENCE = {
  /** For another that is at work: at the barrier of a team, or at the end of a round. */
  atWork: 200,
  /** For the next round, where rounds come quickly, and where they do not. */
  quickRound: 200,
  round: 20,
  /** For workers that are awake to join a team. */
  awake: 5,
};

/**
 * A member spins a microsecond longer for so many flops of a member's step. Members differ by a third of a step at most; a step
 * runs at 3e4 flops a microsecond or faster.
 */
const FLOPS_A_MICROSECOND = 1e5;

/** Rounds come quickly where so many in a row have begun within so many microseconds of the end of the one before. */
const QUICK_ROUNDS = 8;
const QUICK_GAP = 200;

/** A job lasts a second at the very most: a worker that does not answer for so long is lost. */
const LOST_AFTER_SECONDS = 60;

/**
 * Trials that measure how many looks there are in a microsecond, of about 100 microseconds each: clocks of isolated pages tick
 * every 5 microseconds in Chromium, and every 20 in Firefox.
 */
const TRIALS = 4;
const TRIAL_LOOKS = 100_000;

/** `ticket` counts rounds in 15 bits. */
const MOST_ROUNDS = 0x7fff;

const AT = Object.fromEntries(QUEUE.map((name, i) => [name, i])) as Fields<typeof QUEUE>;
/** A team whose first member does everything. */
const ALONE = { ...noFields(TEAM), size: 1, start: -1 };
const [WAITED_LOOKS, SLEPT] = [TEAM.indexOf('waited_looks'), TEAM.indexOf('slept')];

export interface ThreadHost extends WorkerHost {
  readonly functions: EngineFunctions;
  ints(at: number, count: number): Int32Array;
  /** Wakes threads that sleep on an integer of the arena. */
  wake(at: number): void;
}

/** A round that workers run alone. */
interface AwaitedRound {
  /** Of its jobs. */
  readonly count: number;
  /** Whether the number of workers was changed meanwhile. */
  isRecounted: boolean;
  resolve(reason: string | undefined): void;
  reject(error: unknown): void;
}

/** Tells the kinds of all jobs apart. */
const kindOf = ({ jobs, kind }: Round) => kind * 4 + JOBS[(jobs[0] as Job).job];

const LOST_IN_JOB = 'a worker that trapped or ended in one';

/** Shares rounds among the caller and workers, unless that is slower. */
export class WorkerThreads implements Threads {
  thresholds: Thresholds = THRESHOLDS;
  private readonly workers: Workers;
  private backoff = new Backoff();
  private wanted = 1;
  /** Why no more workers start. */
  private failure: string | undefined;
  private round = 0;
  /** Of the arena; undefined until the first shared round. */
  private queue: { readonly at: number; readonly ints: Int32Array } | undefined;
  private awaited: AwaitedRound | undefined;
  private looksOfMicrosecond = 0;
  /** When the last round ended, in milliseconds. */
  private ended = Number.NEGATIVE_INFINITY;
  private quickRounds = 0;
  /** Rounds since sleeping workers were woken for rounds that come quickly; 0: they were not woken. */
  private roundsSinceWoken = 0;
  private readonly together = noFields(TEAM);

  /** @param platform what workers come from; undefined: the caller does everything. */
  constructor(
    private readonly platform: WorkerPlatform | undefined,
    private readonly host: ThreadHost,
  ) {
    this.workers = new Workers(platform, host, {
      onMessage: () => this.hear(),
      onError: (reason) => {
        this.failure = reason;
        this.wanted = Math.min(this.wanted, this.workers.count + 1);
      },
      onLoss: () => {
        if (this.failure !== undefined) this.wanted = Math.min(this.wanted, this.workers.count + 1);
        this.takeOver();
      },
    });
  }

  get obstacle(): string | undefined {
    return whyAlone(this.platform) ?? this.failure;
  }

  get processors(): number {
    return this.platform?.processors ?? 1;
  }

  get count(): number {
    return this.wanted;
  }

  /** Workers start when they are first needed. */
  set count(count: number) {
    this.wanted = whyAlone(this.platform) === undefined ? count : 1;
    this.failure = undefined;
    this.backoff = new Backoff();
    // Workers that are told to leave would take no more jobs of a round that is under way.
    if (this.awaited) this.awaited.isRecounted = true;
    else this.dismiss();
  }

  private dismiss(): void {
    if (this.workers.keep(this.wanted - 1)) this.ring(0);
  }

  get countOffThread(): number {
    return Math.max(1, this.wanted - 1);
  }

  async runOffThread(rounds: readonly Round[]): Promise<string | undefined> {
    let reason: string | undefined;
    for (const { jobs, teams } of rounds)
      for (let first = 0; first < jobs.length; first += QUEUE_CAPACITY)
        reason = (await this.shareOffThread(jobs.slice(first, first + QUEUE_CAPACITY), teams)) ?? reason;
    return reason;
  }

  run(round: Round): void {
    const { jobs, flops, teams } = round;
    const isShared = this.mayShare(round);
    const begin = performance.now();
    if (!isShared) {
      this.runAlone(round);
      this.ended = performance.now();
      if (jobs.length > 1) this.backoff.ranAlone(kindOf(round), flops, this.ended - begin);
      return;
    }
    let lost = 0;
    for (let first = 0; first < jobs.length; first += QUEUE_CAPACITY)
      lost += this.share(jobs.slice(first, first + QUEUE_CAPACITY), teams);
    this.ended = performance.now();
    const took = this.ended - begin;
    // In the time that was not lost all threads worked.
    this.backoff.shared(kindOf(round), flops, took, this.count * (took - lost));
  }

  /** The engine is lost: lets nobody wait for the others, and ends the workers wherever they are. */
  abandon(): void {
    const { queue, host } = this;
    this.endAwaited({ error: lostInThreads('an engine that another call has lost') });
    this.queue = undefined;
    this.wanted = 1;
    try {
      if (queue) host.functions.abandon(host.base, queue.at);
    } catch {
      // The trap may have left structs that lead out of the memory.
    }
    this.workers.terminate();
  }

  private mayShare(round: Round): boolean {
    const { jobs, flops } = round;
    if (jobs.length < 2 || this.count < 2 || this.awaited) return false;
    const isQuick = (performance.now() - this.ended) * 1000 <= QUICK_GAP;
    this.quickRounds = isQuick ? this.quickRounds + 1 : 0;
    if (!this.backoff.mayShare(kindOf(round))) return false;
    if (flops >= this.thresholds.waking) {
      this.startWorkers(this.wanted - 1);
      return this.workers.count > 0;
    }
    if (this.quickRounds < QUICK_ROUNDS) return false;
    this.startWorkers(this.wanted - 1);
    if (this.countAsleep() === 0) {
      this.roundsSinceWoken = 0;
      return true;
    }
    if (this.roundsSinceWoken === 0) this.ring(0);
    this.roundsSinceWoken++;
    // Workers that have not woken by now, or sleep again, find no processor.
    if (this.roundsSinceWoken > QUICK_ROUNDS) {
      this.roundsSinceWoken = 0;
      this.backoff.fail(kindOf(round));
    }
    return false;
  }

  private runAlone({ jobs, teams }: Round): void {
    const { host } = this;
    for (const team of teams?.at ?? []) writeStruct(host, team, TEAM, ALONE);
    for (const { job, at } of jobs) host.functions[job](host.base, at);
  }

  /** @returns milliseconds that were lost in waiting for threads without a processor. */
  private share(jobs: readonly Job[], teams: Teams | undefined): number {
    const { functions, base } = this.host;
    const { at: queue, ints } = this.queue as NonNullable<typeof this.queue>;
    this.begin(jobs, teams);
    const begin = performance.now();
    functions.work(base, queue, this.round);
    const worked = performance.now() - begin;
    this.awaitDone(ints, jobs.length);
    const waited = performance.now() - begin - worked;
    return waited + this.waitedInTeams(teams);
  }

  /** Writes jobs into the queue, and begins a round of them. */
  private begin(jobs: readonly Job[], teams: Teams | undefined): void {
    const { ints } = this.queue as NonNullable<typeof this.queue>;
    if (teams) this.writeTeams(teams);
    let place = QUEUE.length;
    for (const { job, at } of jobs) {
      ints[place++] = JOBS[job];
      ints[place++] = at;
    }
    this.ring(jobs.length);
  }

  /** @returns a promise of why the caller did work of it after all; undefined where it did none. */
  private shareOffThread(jobs: readonly Job[], teams: Teams | undefined): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      this.startWorkers(this.countOffThread);
      const { ints } = this.queue as NonNullable<typeof this.queue>;
      this.awaited = { count: jobs.length, isRecounted: false, resolve, reject };
      this.workers.keepAlive(true);
      Atomics.store(ints, AT.by_message, 1);
      this.begin(jobs, teams);
      if (this.workers.count === 0) this.takeOver();
    });
  }

  /** A worker finds no more jobs: others may still be at theirs. */
  private hear(): void {
    const { awaited, queue } = this;
    if (!awaited || !queue) return;
    if (Atomics.load(queue.ints, AT.lost) !== 0) this.lost(LOST_IN_JOB);
    else if (Atomics.load(queue.ints, AT.done) === awaited.count) this.endAwaited({});
  }

  /** A worker has ended, perhaps in a job, or none has started: the caller takes the jobs that are left, and waits for the others. */
  private takeOver(): void {
    const { awaited, queue, host } = this;
    if (!awaited || !queue) return;
    try {
      host.functions.work(host.base, queue.at, this.round);
      this.awaitDone(queue.ints, awaited.count);
      this.endAwaited({ reason: this.failure ?? 'a worker has ended' });
    } catch (error) {
      this.endAwaited({ error });
    }
  }

  private endAwaited({ reason, error }: { reason?: string; error?: unknown }): void {
    const { awaited, queue } = this;
    if (!awaited || !queue) return;
    this.awaited = undefined;
    Atomics.store(queue.ints, AT.by_message, 0);
    this.workers.keepAlive(false);
    if (error !== undefined) {
      awaited.reject(error);
      return;
    }
    if (awaited.isRecounted) this.dismiss();
    this.ended = performance.now();
    awaited.resolve(reason);
  }

  /** Milliseconds for which a member that has lost its processor kept the others waiting. */
  private waitedInTeams(teams: Teams | undefined): number {
    if (!teams || teams.members < 2) return 0;
    let waited = 0;
    for (const at of teams.at) {
      const team = this.host.ints(at, TEAM.length);
      waited += (team[WAITED_LOOKS] as number) / this.looksOfMicrosecond + (team[SLEPT] as number);
    }
    return waited / 1000 / teams.at.length / (teams.members - 1);
  }

  private writeTeams({ at, members, flopsOfStep }: Teams): void {
    const { together } = this;
    together.size = members;
    together.looks = this.looks(PATIENCE.atWork + flopsOfStep / members / FLOPS_A_MICROSECOND);
    together.join_looks = this.countAsleep() > 0 ? 0 : this.looks(PATIENCE.awake);
    for (const team of at) writeStruct(this.host, team, TEAM, together);
  }

  /** Begins a round of jobs that stand in the queue; a round without jobs wakes the workers. */
  private ring(count: number): void {
    const { at, ints } = this.queue as NonNullable<typeof this.queue>;
    this.round = (this.round % MOST_ROUNDS) + 1;
    const patience = this.quickRounds < QUICK_ROUNDS ? PATIENCE.round : PATIENCE.quickRound;
    Atomics.store(ints, AT.looks, this.looks(patience));
    Atomics.store(ints, AT.done, 0);
    Atomics.store(ints, AT.ticket, (this.round << 16) | (count << 8));
    Atomics.store(ints, AT.round, this.round);
    // One that is about to sleep has told so, and looks at the round once more: it sees it, or is seen here.
    if (Atomics.load(ints, AT.sleeping) > 0) this.host.wake(at + AT.round);
  }

  /** @throws EngineLostError */
  private awaitDone(ints: Int32Array, count: number): void {
    const { functions, base } = this.host;
    const { at } = this.queue as NonNullable<typeof this.queue>;
    const looks = this.looks(PATIENCE.atWork);
    // Naps, not seconds of a clock: a process that was stopped for an hour has lost no worker.
    for (let seconds = 0; seconds < LOST_AFTER_SECONDS; ) {
      const finished = Atomics.load(ints, AT.done);
      if (Atomics.load(ints, AT.lost) !== 0) throw this.lost(LOST_IN_JOB);
      if (finished === count) return;
      if (functions.look(base, at + AT.done, finished, looks) < looks) continue;
      if (!functions.nap(base, at + AT.done, finished, 1000)) seconds++;
    }
    throw this.lost(`a worker that did not answer for ${LOST_AFTER_SECONDS} seconds`);
  }

  private lost(got: string): EngineLostError {
    const error = lostInThreads(got);
    this.endAwaited({ error });
    this.abandon();
    return error;
  }

  private countAsleep(): number {
    return this.queue ? Atomics.load(this.queue.ints, AT.sleeping) : 0;
  }

  private startWorkers(count: number): void {
    this.queue ??= this.makeQueue();
    const { at: queue } = this.queue;
    const places = { queue, done: queue + AT.done, byMessage: queue + AT.by_message };
    while (this.workers.count < count && this.workers.add(places));
  }

  private makeQueue(): { readonly at: number; readonly ints: Int32Array } {
    const size = QUEUE.length + QUEUED_JOB.length * QUEUE_CAPACITY;
    const at = this.host.arena.allocate(size);
    // The memory is shared: this view stays good when it grows.
    const ints = this.host.ints(at, size);
    ints.fill(0);
    this.looksOfMicrosecond = this.measureLooks(at);
    return { at, ints };
  }

  /** Looks in a microsecond: the most of a few trials, since one in which the processor did something else counts too few. */
  private measureLooks(at: number): number {
    const { functions, base } = this.host;
    let most = 1;
    for (let trial = 0; trial < TRIALS; trial++) {
      const begin = performance.now();
      functions.look(base, at, 0, TRIAL_LOOKS);
      const microseconds = (performance.now() - begin) * 1000;
      // A coarse clock may have stood still.
      if (microseconds > 1) most = Math.max(most, TRIAL_LOOKS / microseconds);
    }
    return most;
  }

  /** Looks in so many microseconds. */
  private looks(microseconds: number): number {
    return Math.round(microseconds * this.looksOfMicrosecond);
  }
}

/** Decides when work is shared, by what sharing has gained. It costs time where another process takes a thread's processor. */

/** Failures that count: after seven the pause is 64 times the shortest. */
const MOST_FAILURES = 7;

/** Rounds of a trial. One alone says little: beside a busy process about every second one keeps its processors. */
const TRIAL_ROUNDS = 4;

/** The shortest pause, in rounds. A trial that costs time may take twice as long as its rounds alone, so pauses are no shorter. */
const PAUSE_ROUNDS = TRIAL_ROUNDS;

/** The same in multiplications and additions: 8 ms of them, a few of the turns that a scheduler gives to processes. */
const PAUSE_FLOPS = 2.4e8;

/** Amounts of work whose time alone is known; models have a few kinds of rounds. */
const MOST_KNOWN = 64;

/**
 * Trials of shared rounds, with pauses in between, counted in rounds and in the work of those: twice as long after each trial that
 * cost time, half as long after each that gained some, none after a few of those.
 */
export class Backoff {
  private failures = 0;
  private rounds = 0;
  private flops = 0;
  /** Rounds of the present trial, and the milliseconds that they gained. */
  private tried = 0;
  private gained = 0;
  /** Milliseconds of rounds alone, by their work: what sharing has to beat. */
  private readonly alone = new Map<number, number>();

  /** Whether the next round, of so much work, may be shared. Called once for each round. */
  mayShare(flops: number): boolean {
    if (this.rounds <= 0 && this.flops <= 0) return true;
    this.rounds--;
    this.flops -= flops;
    return false;
  }

  /** A round of so much work took so many milliseconds alone. */
  ranAlone(flops: number, took: number): void {
    const known = this.alone.get(flops);
    if (known === undefined && this.alone.size === MOST_KNOWN) this.alone.clear();
    this.alone.set(flops, known === undefined ? took : (known + took) / 2);
  }

  /**
   * A shared round of so much work took so many milliseconds.
   * @param estimate what it would have taken alone, where no such round has run alone yet.
   */
  shared(flops: number, took: number, estimate: number): void {
    this.tried++;
    this.gained += (this.alone.get(flops) ?? estimate) - took;
    if (this.tried === TRIAL_ROUNDS) this.end(this.gained < 0);
  }

  /** No worker was awake to share the round. */
  fail(): void {
    this.end(true);
  }

  private end(hasFailed: boolean): void {
    this.tried = 0;
    this.gained = 0;
    this.failures = hasFailed ? Math.min(MOST_FAILURES, this.failures + 1) : Math.max(0, this.failures - 1);
    const length = this.failures === 0 ? 0 : 2 ** (this.failures - 1);
    this.rounds = length * PAUSE_ROUNDS;
    this.flops = length * PAUSE_FLOPS;
  }
}

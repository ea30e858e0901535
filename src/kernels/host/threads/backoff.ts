/** When work is shared again after a thread has lost its processor to another process. */

/** 64 times the shortest pause. */
const MOST_FAILURES = 7;

/**
 * The shortest pause, in multiplications and additions: 2 ms of them, about as long as a scheduler lets another process have a
 * processor. A trial that fails costs as much, so a pause has to be longer than one small call.
 */
const PAUSE_FLOPS = 6e7;

/**
 * Rounds of a trial that all have to go well. Beside a busy process each of them does so by chance, about every second time, and
 * sharing pays where five of seven do: one that fails takes twice the time of a round alone, one that goes well 0.6 of it.
 */
const TRIAL_ROUNDS = 4;

/**
 * Pauses between trials, counted in rounds and in the work of those: twice as long after each trial that fails, half as long after
 * each that goes well, none after a few of those.
 */
export class Backoff {
  private failures = 0;
  private rounds = 0;
  private flops = 0;
  /** Rounds of the present trial that have gone well. */
  private good = 0;

  /** Whether the next round, of so much work, may be shared. Called once for each round. */
  mayShare(flops: number): boolean {
    if (this.rounds <= 0 && this.flops <= 0) return true;
    this.rounds--;
    this.flops -= flops;
    return false;
  }

  /** A shared round has lost a processor. */
  fail(): void {
    this.good = 0;
    this.failures = Math.min(MOST_FAILURES, this.failures + 1);
    this.pause();
  }

  /** A shared round has gone well. */
  succeed(): void {
    if (this.failures === 0 || ++this.good < TRIAL_ROUNDS) return;
    this.good = 0;
    this.failures--;
    this.pause();
  }

  private pause(): void {
    if (this.failures === 0) return;
    this.rounds = 2 ** (this.failures - 1);
    this.flops = this.rounds * PAUSE_FLOPS;
  }
}

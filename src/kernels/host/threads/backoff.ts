/** When work is shared again after a thread has lost its processor to another process. */

/** 64 times the shortest pause. */
const MOST_FAILURES = 7;

/**
 * The shortest pause, in multiplications and additions: 2 ms of them, about as long as a scheduler lets another process have a
 * processor. A trial that fails costs as much, so a pause has to be longer than one small call.
 */
const PAUSE_FLOPS = 6e7;

/**
 * Pauses between trials, counted in rounds and in the work of those: twice as long after each trial that fails, half as long after
 * each that goes well, none after a few of those. A failure in between makes the next pause no shorter than before.
 */
export class Backoff {
  private failures = 0;
  private rounds = 0;
  private flops = 0;

  /** Whether the next round, of so much work, may be shared. Called once for each round. */
  mayShare(flops: number): boolean {
    if (this.rounds <= 0 && this.flops <= 0) return true;
    this.rounds--;
    this.flops -= flops;
    return false;
  }

  /** A shared round has lost a processor. */
  fail(): void {
    this.failures = Math.min(MOST_FAILURES, this.failures + 1);
    this.pause();
  }

  /** A shared round has gone well. */
  succeed(): void {
    if (this.failures === 0) return;
    this.failures--;
    this.pause();
  }

  private pause(): void {
    if (this.failures === 0) return;
    this.rounds = 2 ** (this.failures - 1);
    this.flops = this.rounds * PAUSE_FLOPS;
  }
}

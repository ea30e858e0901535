/** Decides when work is shared, by what sharing has gained. It costs time where another process takes a thread's processor. */

/** Rounds of a trial. One alone says little: beside a busy process about every second one keeps its processors. */
const TRIAL_ROUNDS = 4;

/** After a trial rounds run alone for so many times what it has cost, which bounds the cost to a 32nd of the time. */
const PAUSE = 32;

/** But no longer than so many milliseconds, as what has slowed the trial down may be over. */
const LONGEST_PAUSE = 1000;

/** What it costs, in milliseconds, to wake workers that find no processor. */
const COST_OF_WAKING = 0.25;

/** So many shared rounds are followed by one alone, as the machine may have changed. */
const ROUNDS_UNTIL_ALONE = 64;

/** Kinds of rounds whose time is known; models have a few. */
const MOST_KINDS = 64;

/** What is known of the rounds of a kind. Times are in milliseconds. */
interface Kind {
  /** Of a multiplication alone: what sharing has to beat. */
  alone: number | undefined;
  /** Of rounds that are to run alone. */
  pause: number;
  /** Rounds of the present trial, and what they gained. */
  tried: number;
  gained: number;
  /** Shared rounds that may follow until one runs alone. */
  untilAlone: number;
}

/**
 * Trials of shared rounds, each kind of rounds by itself: what gains time for one may cost it for another. After a trial that gained
 * the next begins at once; after one that cost time rounds run alone for a while, which also tells what they take so.
 */
export class Backoff {
  private readonly kinds = new Map<number, Kind>();

  /** Whether the next round of the kind may be shared. Called once for each round. */
  mayShare(kind: number): boolean {
    const { pause, untilAlone } = this.of(kind);
    return pause <= 0 && untilAlone > 0;
  }

  /** A round of so many multiplications took so many milliseconds alone. */
  ranAlone(kind: number, flops: number, took: number): void {
    const known = this.of(kind);
    const each = took / flops;
    known.alone = known.alone === undefined ? each : (known.alone + each) / 2;
    known.pause -= took;
    known.untilAlone = ROUNDS_UNTIL_ALONE;
  }

  /**
   * A shared round of so many multiplications took so many milliseconds.
   * @param estimate what it would have taken alone, where no such round has run alone yet.
   */
  shared(kind: number, flops: number, took: number, estimate: number): void {
    const known = this.of(kind);
    known.tried++;
    known.untilAlone--;
    known.gained += (known.alone === undefined ? estimate : known.alone * flops) - took;
    if (known.tried < TRIAL_ROUNDS) return;
    // An estimate serves for one trial.
    if (known.alone === undefined) known.untilAlone = 0;
    this.end(known, known.gained);
  }

  /** Workers were woken, and none came to share a round of the kind. */
  fail(kind: number): void {
    this.end(this.of(kind), -COST_OF_WAKING);
  }

  private end(known: Kind, gained: number): void {
    known.tried = 0;
    known.gained = 0;
    known.pause = Math.min(LONGEST_PAUSE, PAUSE * Math.max(0, -gained));
  }

  private of(kind: number): Kind {
    let known = this.kinds.get(kind);
    if (known === undefined) {
      if (this.kinds.size === MOST_KINDS) this.kinds.clear();
      known = { alone: undefined, pause: 0, tried: 0, gained: 0, untilAlone: ROUNDS_UNTIL_ALONE };
      this.kinds.set(kind, known);
    }
    return known;
  }
}

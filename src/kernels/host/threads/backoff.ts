/** Decides when work is shared, by what sharing has gained. It costs time where another process takes a thread's processor. */

/** What shared rounds have cost is paid back by rounds alone, which take so many times as long: it is a 32nd of the time at most. */
const PAY_BACK = 32;

/** Milliseconds of gain that are kept, to be lost again: about three turns that a scheduler gives to another process. */
const MOST_CREDIT = 10;

/** The debt that a pause of half a second pays back: no pause is longer, as what has slowed the rounds down may be over. */
const MOST_DEBT = 500 / PAY_BACK;

/**
 * Rounds are shared for so many milliseconds before they are judged. Workers that have slept find their caches cold, and the first
 * short rounds take twice as long.
 */
const TRIAL_TIME = 0.5;

/** What it costs, in milliseconds, to wake workers that find no processor. */
const COST_OF_WAKING = 0.25;

/** So many shared rounds are followed by one alone, as the machine may have changed; the first, which go by an estimate, sooner. */
const ROUNDS_UNTIL_ALONE = 64;
const ESTIMATED_ROUNDS = 4;

/** Kinds of rounds whose time is known; models have a few. */
const MOST_KINDS = 64;

/** What is known of the rounds of a kind. Times are in milliseconds. */
interface Kind {
  /** Of a multiplication alone: what sharing has to beat. */
  alone: number | undefined;
  /** What sharing has gained, less what it has cost. */
  balance: number;
  /** Of the shared rounds since one ran alone. */
  tried: number;
  /** Shared rounds that may follow until one runs alone. */
  untilAlone: number;
}

/**
 * An account of each kind of rounds, since what gains time for one may cost it for another. Rounds are shared while it is in credit.
 * In debt they run alone, which also tells what they take so.
 */
export class Backoff {
  private readonly kinds = new Map<number, Kind>();

  /** Whether the next round of the kind may be shared. Called once for each round. */
  mayShare(kind: number): boolean {
    const { balance, tried, untilAlone } = this.of(kind);
    return untilAlone > 0 && (balance >= 0 || (tried > 0 && tried < TRIAL_TIME));
  }

  /** A round of so many multiplications took so many milliseconds alone. */
  ranAlone(kind: number, flops: number, took: number): void {
    const known = this.of(kind);
    const each = took / flops;
    known.alone = known.alone === undefined ? each : (known.alone + each) / 2;
    if (known.balance < 0) known.balance = Math.min(0, known.balance + took / PAY_BACK);
    known.tried = 0;
    known.untilAlone = ROUNDS_UNTIL_ALONE;
  }

  /**
   * A shared round of so many multiplications took so many milliseconds.
   * @param estimate what it would have taken alone, where no such round has run alone yet.
   */
  shared(kind: number, flops: number, took: number, estimate: number): void {
    const known = this.of(kind);
    known.tried += took;
    known.untilAlone--;
    this.book(known, (known.alone === undefined ? estimate : known.alone * flops) - took);
  }

  /** Workers were woken, and none came to share a round of the kind. */
  fail(kind: number): void {
    this.book(this.of(kind), -COST_OF_WAKING);
  }

  private book(known: Kind, gain: number): void {
    known.balance = Math.max(-MOST_DEBT, Math.min(MOST_CREDIT, known.balance + gain));
  }

  private of(kind: number): Kind {
    let known = this.kinds.get(kind);
    if (known === undefined) {
      if (this.kinds.size === MOST_KINDS) this.kinds.clear();
      known = { alone: undefined, balance: 0, tried: 0, untilAlone: ESTIMATED_ROUNDS };
      this.kinds.set(kind, known);
    }
    return known;
  }
}

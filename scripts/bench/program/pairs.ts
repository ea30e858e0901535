/** Two ways to one result, measured in turns. */

import { type Summary, summarize } from '../stats.js';

/** Two ways to the same result; what a call makes is disposed by it. */
export interface Pair {
  readonly program: () => void;
  readonly byHand: () => void;
  dispose(): void;
}

export interface Turns {
  readonly rounds: number;
  /** Milliseconds of a turn. */
  readonly turnMs: number;
}

export interface Measured {
  /** Microseconds of a call by hand. */
  readonly byHand: Summary;
  /** How much longer the program takes, turn by turn. */
  readonly more: Summary;
  readonly ratio: Summary;
}

function meanMicroseconds(body: () => void, calls: number): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) body();
  return ((performance.now() - start) * 1000) / calls;
}

export function measure({ program, byHand }: Pair, { rounds, turnMs }: Turns): Measured {
  for (const body of [program, byHand]) meanMicroseconds(body, 50);
  const calls = Math.max(1, Math.ceil((turnMs * 1000) / meanMicroseconds(byHand, 20)));
  const times = Array.from({ length: rounds }, (_, round) => {
    // Who comes first changes, so that neither has the better place.
    if (round % 2 === 0) return [meanMicroseconds(program, calls), meanMicroseconds(byHand, calls)] as const;
    const hand = meanMicroseconds(byHand, calls);
    return [meanMicroseconds(program, calls), hand] as const;
  });
  return {
    byHand: summarize(times.map(([, hand]) => hand)),
    more: summarize(times.map(([own, hand]) => own - hand)),
    ratio: summarize(times.map(([own, hand]) => own / hand)),
  };
}
